import { isObject } from "./values";
import type { ObjectValue, Value } from "./values";

/** JSON's name and the argument it comes from, in the order in which policies are usually written. */
const STATEMENT_LISTS = [
  ["Action", "actions"],
  ["NotAction", "not_actions"],
  ["Resource", "resources"],
  ["NotResource", "not_resources"],
] as const;

/**
 * The policy that `aws_iam_policy_document` describes, as the AWS provider renders it: reviewers read it in the plan.
 * Source and override documents come first and last; where a statement's `sid` is met again, the later one replaces it.
 */
export function iamPolicyDocument(config: ObjectValue): object {
  const source = texts(config["source_policy_documents"]).flatMap(statementsOf);
  const own = objects(config["statement"]).map(statement);
  const override = texts(config["override_policy_documents"]).flatMap(statementsOf);
  const id = config["policy_id"];
  return {
    Version: config["version"] ?? "2012-10-17",
    ...(typeof id === "string" ? { Id: id } : {}),
    Statement: [...source, ...own, ...override].reduce(replaceBySid, []),
  };
}

function replaceBySid(statements: ObjectValue[], next: ObjectValue): ObjectValue[] {
  const same = statements.findIndex(({ Sid }) => Sid !== undefined && Sid !== "" && Sid === next["Sid"]);
  return same < 0 ? [...statements, next] : statements.map((old, index) => (index === same ? next : old));
}

function statementsOf(document: string): ObjectValue[] {
  const parsed = JSON.parse(document) as { Statement?: Value };
  return Array.isArray(parsed.Statement) ? objects(parsed.Statement) : objects([parsed.Statement]);
}

function statement(config: ObjectValue): ObjectValue {
  const lists = STATEMENT_LISTS.flatMap(([name, argument]) => {
    const values = texts(config[argument]);
    return values.length === 0 ? [] : [[name, oneOrMany(values)]];
  });
  const conditions: Record<string, ObjectValue> = {};
  for (const { test, variable, values } of objects(config["condition"])) {
    (conditions[String(test)] ??= {})[String(variable)] = oneOrMany(texts(values));
  }
  return {
    ...(typeof config["sid"] === "string" ? { Sid: config["sid"] } : {}),
    Effect: config["effect"] ?? "Allow",
    ...principals("Principal", config["principals"]),
    ...principals("NotPrincipal", config["not_principals"]),
    ...(Object.fromEntries(lists) as ObjectValue),
    ...(Object.keys(conditions).length === 0 ? {} : { Condition: conditions }),
  };
}

function principals(name: string, blocks: Value): ObjectValue {
  const byType: Record<string, string[]> = {};
  for (const { type, identifiers } of objects(blocks)) {
    (byType[String(type)] ??= []).push(...texts(identifiers));
  }
  if (Object.keys(byType).length === 0) {
    return {};
  }
  const anyone = byType["*"]?.includes("*") === true;
  return {
    [name]: anyone ? "*" : Object.fromEntries(Object.entries(byType).map(([type, ids]) => [type, oneOrMany(ids)])),
  };
}

function oneOrMany(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] as string) : values;
}

function objects(value: Value): ObjectValue[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function texts(value: Value): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === "string") : [];
}
