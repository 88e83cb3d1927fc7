import { spawnSync } from "node:child_process";
import { TRINO_GROUPS } from "../../../../environments/lab/data/trino-groups";
import { GROUPS } from "../../../../environments/lab/names";
import { describeWithProgram } from "../../../support/programs";

/** What the policies answer to a request as Trino sends it: with the groups that its file gives a user. */
function ask<T>(rule: string, user?: string, action: object = {}): T {
  const groups = Object.entries(TRINO_GROUPS).flatMap(([group, users]) => (users.includes(user ?? "") ? [group] : []));
  const { status, stdout } = spawnSync(
    "opa",
    [
      "eval",
      "--format=json",
      "--stdin-input",
      "--data=policies/trino/roles.rego",
      "--data=policies/trino/trino.rego",
      rule,
    ],
    {
      encoding: "utf8",
      input: JSON.stringify({
        context: { identity: { user, groups }, queryId: "q", softwareStack: { trinoVersion: "480" } },
        action,
      }),
    },
  );
  expect(status).toBe(0);
  return (JSON.parse(stdout) as { result: [{ expressions: [{ value: T }] }] }).result[0].expressions[0].value;
}

const customers = { catalogName: "lakehouse", schemaName: "sales", tableName: "customers" };
const onCustomers = (operation: string) => ({ operation, resource: { table: customers } });

test("THEN every group of the realm is one of Trino, and has somebody", () => {
  expect(Object.keys(TRINO_GROUPS).sort()).toEqual(Object.values(GROUPS).sort());
  expect(Object.values(TRINO_GROUPS).every((users) => users.length > 0)).toBe(true);
});

describeWithProgram("opa", "the policies of Trino, with the groups that it has", () => {
  test("THEN they name these groups and no other", () => {
    const holders = ask<Record<string, { groups: string[] }>>("data.trino_roles.holders");
    expect(
      Object.values(holders)
        .flatMap(({ groups }) => groups)
        .sort(),
    ).toEqual(Object.keys(TRINO_GROUPS).sort());
  });

  test.each([
    ["admin", ["administrator"]],
    ["pipeline", ["pipeline"]],
    ["spark", ["pipeline"]],
    ["superset", ["analyst_all"]],
    ["nora", ["analyst_north"]],
    ["carla", ["personal_data"]],
    ["openmetadata", ["catalogue"]],
    ["prometheus", ["monitor"]],
  ])("THEN %s has the roles %j", (user, roles) => {
    expect(ask("data.trino.roles", user)).toEqual(roles);
  });

  test("THEN the pipeline writes, Superset reads all regions, and somebody of the north theirs", () => {
    const write = onCustomers("InsertIntoTable");
    expect([ask("data.trino.allow", "pipeline", write), ask("data.trino.allow", "superset", write)]).toEqual([
      true,
      false,
    ]);
    expect(ask("data.trino.row_filters", "nora", onCustomers("GetRowFilters"))).toEqual([
      { expression: "region IN ('north')" },
    ]);
    expect(ask("data.trino.row_filters", "superset", onCustomers("GetRowFilters"))).toEqual([
      { expression: "region IN ('east', 'north', 'south', 'west')" },
    ]);
  });

  test("fails to execute anything as somebody whom the file does not know", () => {
    expect(ask("data.trino.allow", "mallory", { operation: "ExecuteQuery" })).toBe(false);
  });
});
