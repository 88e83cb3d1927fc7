import { createHash } from "node:crypto";

import { OfflineError } from "./errors";
import { iamPolicyDocument } from "./iam-policy-document";
import type { Attribute, Block, CtyType, NestedType, ProviderSchema } from "./schemas";
import { SCHEMA_KINDS } from "./schemas";
import { canonical, isObject, isUnknown, mapAttributes, mapValues } from "./values";
import type { ObjectValue, Value } from "./values";

/** Values by `type.attribute`, for instance `aws_availability_zones.names`, in place of the invented ones. */
export type Fakes = Readonly<Record<string, unknown>>;

/** What nearly every configuration decodes, splits or counts on. */
export const DEFAULT_FAKES: Fakes = {
  "aws_availability_zones.names": ["offline-1a", "offline-1b", "offline-1c"],
  "aws_caller_identity.account_id": "123456789012",
  "aws_caller_identity.arn": "arn:aws:iam::123456789012:root",
  "aws_partition.dns_suffix": "amazonaws.com",
  "aws_partition.partition": "aws",
  "http.status_code": 200,
};

/** Whether a missing value of an attribute is for the provider to work out. */
type IsMissing = (attribute: Attribute, value: Value) => boolean;

/** In a plan, what the provider works out is unknown. */
export const missingInPlan: IsMissing = (_attribute, value) => isUnknown(value);

/** In what is read, imported or opened, it is null. */
export const missingInConfig: IsMissing = (attribute, value) =>
  attribute.computed === true && attribute.write_only !== true && value === null;

/**
 * Invents what a real provider would work out. The same type and configuration always give the same values; a
 * top-level `id` consists of digits, since the ids of some providers are given on as numbers.
 */
export function withFakes(type: string, block: Block, state: ObjectValue, fakes: Fakes, isMissing: IsMissing): Value {
  const known = mapAttributes(block, state, (attribute, value) => (isMissing(attribute, value) ? null : value));
  const seed = `${type}\n${canonical(known)}`;
  const rendered = type === "aws_iam_policy_document" ? iamPolicyDocument(known) : undefined;
  const top: ObjectValue = mapValues(block.attributes ?? {}, (attribute, name) => {
    const value = state[name] ?? null;
    if (!isMissing(attribute, value)) {
      return value;
    }
    const override = fakes[`${type}.${name}`] ?? DEFAULT_FAKES[`${type}.${name}`];
    if (override !== undefined) {
      return conform(override, attributeType(attribute), `${type}.${name}`);
    }
    if (rendered !== undefined && (name === "json" || name === "minified_json")) {
      return name === "json" ? JSON.stringify(rendered, null, 2) : JSON.stringify(rendered);
    }
    return name === "id" ? fakeId(attributeType(attribute), seed) : fakeAttribute(attribute, name, seed);
  });
  return mapAttributes(block, { ...state, ...top }, (attribute, value, name) =>
    isMissing(attribute, value) ? fakeAttribute(attribute, name, seed) : value,
  );
}

/**
 * @throws {OfflineError} naming every override that no provider has, that is not worked out by the provider, or whose
 *   value has the wrong type
 */
export function checkFakes(fakes: Fakes, providers: readonly ProviderSchema[]): void {
  const problems = Object.entries(fakes).flatMap(([key, value]) => {
    const [, type = "", name = ""] = /^(\w+)\.(\w+)$/.exec(key) ?? [];
    const blocks = providers.flatMap((provider) => SCHEMA_KINDS.flatMap((kind) => provider[kind]?.[type]?.block ?? []));
    const attributes = blocks.flatMap((block) => block.attributes?.[name] ?? []);
    if (attributes.length === 0) {
      return [`"${key}": no provider schema has it. Expected type.attribute, such as "aws_availability_zones.names".`];
    }
    const computed = attributes.find((attribute) => attribute.computed === true);
    if (computed === undefined) {
      return [`"${key}": the configuration sets this attribute, the provider never works it out.`];
    }
    try {
      conform(value, attributeType(computed), key);
      return [];
    } catch (error) {
      return [(error as OfflineError).message];
    }
  });
  if (problems.length > 0) {
    throw new OfflineError("Fake values that cannot be used:", problems);
  }
}

/** The type of an attribute, a nested one written as the plain type it amounts to. */
function attributeType({ type, nested_type: nested }: Attribute): CtyType {
  if (nested === undefined) {
    return type ?? "dynamic";
  }
  const object: CtyType = ["object", mapValues(nested.attributes ?? {}, attributeType)];
  return nested.nesting_mode === "single" ? object : [nested.nesting_mode, object];
}

function fakeId(type: CtyType, seed: string): Value {
  const digits = 100_000_000 + number(seed, "id", 900_000_000);
  return type === "number" ? digits : String(digits);
}

/**
 * A nested attribute that could also be configured stays empty when the provider works out only parts of it: Terraform
 * takes the other parts for configuration that was removed, and would never again plan nothing.
 */
function fakeAttribute(attribute: Attribute, name: string, seed: string): Value {
  const { optional, nested_type: nested } = attribute;
  if (optional === true && nested !== undefined && !isWhollyComputed(nested)) {
    const empty = { single: null, map: {}, list: [], set: [] };
    return empty[nested.nesting_mode];
  }
  return fakeOf(attributeType(attribute), name, seed);
}

function isWhollyComputed({ attributes = {} }: NestedType): boolean {
  return Object.values(attributes).every(
    ({ computed, nested_type: nested }) => computed === true && (nested === undefined || isWhollyComputed(nested)),
  );
}

function fakeOf(type: CtyType, name: string, seed: string): Value {
  const [kind, of] = typeof type === "string" ? [type, undefined] : type;
  switch (kind) {
    case "string":
      return fakeText(name, seed);
    case "number":
      return 1 + number(seed, name, 1000);
    case "bool":
      return false;
    case "list":
    case "set":
      // Never empty: `ids[0]` and `one(ids)` are common.
      return [fakeOf(of as CtyType, name, seed)];
    case "map":
      return {};
    case "object":
      return mapValues(of as Record<string, CtyType>, (part, key) => fakeOf(part, key, seed));
    case "tuple":
      return (of as CtyType[]).map((part) => fakeOf(part, name, seed));
    default:
      return dynamic("string", fakeText(name, seed));
  }
}

/** Texts that are often decoded or computed with have the right form; all are recognisable as invented. */
function fakeText(name: string, seed: string): string {
  const hex = digest(seed, name).toString("hex").slice(0, 8);
  const byte = digest(seed, name)[0] ?? 0;
  const forms: [RegExp, string][] = [
    [/(^|_)arn$/, `arn:aws:offline:::${hex}`],
    [/cidr/, /ipv6/.test(name) ? `2001:db8:${byte.toString(16)}::/56` : `10.${byte}.0.0/16`],
    [/ipv6_network/, `2001:db8:${byte.toString(16)}::/64`],
    [/ipv6/, `2001:db8::${byte.toString(16)}`],
    [/(^|_)(ip|ipv4)(_address)?$/, `192.0.2.${byte}`],
    [/(base64|b64)/, Buffer.from(`offline-${hex}`).toString("base64")],
    [/(^|_)json($|_)/, JSON.stringify({ offline: hex })],
    [/(url|endpoint)$/, `https://${hex}.offline.invalid`],
    [/(_at|^time_|_time$|_date$)/, "2000-01-01T00:00:00Z"],
    [/(^|_)id$/, String(100_000_000 + number(seed, name, 900_000_000))],
  ];
  return forms.find(([form]) => form.test(name))?.[1] ?? `offline-${name}-${hex}`;
}

function number(seed: string, name: string, below: number): number {
  return digest(seed, name).readUInt32BE(0) % below;
}

function digest(seed: string, name: string): Buffer {
  return createHash("sha256").update(`${seed}\n${name}`).digest();
}

/** A value of dynamic type carries its type with it. */
function dynamic(type: CtyType, value: Value): Value {
  return [Buffer.from(JSON.stringify(type)), value];
}

/** The value as the type wants it; an object may leave attributes out, they are null. */
function conform(value: unknown, type: CtyType, where: string): Value {
  const [kind, of] = typeof type === "string" ? [type, undefined] : type;
  const refuse = (expected: string): never => {
    throw new OfflineError(`"${where}" must be ${expected}, found ${JSON.stringify(value)}.`);
  };
  switch (kind) {
    case "string":
    case "number":
      return typeof value === kind ? value : refuse(`a ${kind}`);
    case "bool":
      return typeof value === "boolean" ? value : refuse("true or false");
    case "list":
    case "set":
      return Array.isArray(value)
        ? value.map((element: unknown, index) => conform(element, of as CtyType, `${where}[${index}]`))
        : refuse(`a ${kind}`);
    case "map":
      return isObject(value)
        ? mapValues(value, (element, key) => conform(element, of as CtyType, `${where}.${key}`))
        : refuse("a map");
    case "object": {
      const parts = of as Record<string, CtyType>;
      if (!isObject(value) || Object.keys(value).some((key) => !(key in parts))) {
        return refuse(`an object of ${Object.keys(parts).join(", ")}`);
      }
      return mapValues(parts, (part, key) =>
        value[key] === undefined ? null : conform(value[key], part, `${where}.${key}`),
      );
    }
    default:
      return dynamic(ctyTypeOf(value), value);
  }
}

function ctyTypeOf(value: unknown): CtyType {
  if (Array.isArray(value)) {
    return ["tuple", value.map(ctyTypeOf)];
  }
  if (isObject(value)) {
    return ["object", mapValues(value, ctyTypeOf)];
  }
  return typeof value === "boolean" ? "bool" : typeof value === "number" ? "number" : "string";
}
