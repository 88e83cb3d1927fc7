import { checkConfig } from "../../../tools/offline/check";
import type { Block } from "../../../tools/offline/schemas";
import { UNKNOWN } from "../../../tools/offline/values";

const text = (flags: object): object => ({ type: "string", ...flags });

describe("checkConfig", () => {
  const block: Block = {
    deprecated: true,
    attributes: {
      id: text({ optional: true, computed: true }),
      name: text({ required: true }),
      arn: text({ computed: true }),
      old: text({ optional: true, deprecated: true }),
      key_wo: text({ optional: true, write_only: true }),
      key_wo_version: text({ optional: true }),
      rules: {
        optional: true,
        nested_type: { nesting_mode: "map", attributes: { port: { type: "number", required: true } } },
      },
    },
    block_types: {
      disk: {
        nesting_mode: "set",
        min_items: 1,
        max_items: 2,
        block: { attributes: { size: text({ required: true }) } },
      },
      zone: { nesting_mode: "list", block: { deprecated: true, attributes: { size: text({ required: true }) } } },
    },
  };
  const good = { id: null, name: "n", disk: [{ size: "1" }], zone: [] };
  const problems = (config: object): string[] =>
    checkConfig("data source", "demo", { ...block, deprecated: false }, config).map(
      ({ severity, summary, attribute }) => `${severity} ${summary} ${JSON.stringify(attribute.steps)}`,
    );

  test("accepts what the schema asks for", () => {
    expect(problems(good)).toEqual([]);
  });

  test("accepts what is not known yet", () => {
    expect(problems({ ...good, name: UNKNOWN, disk: UNKNOWN, key_wo: UNKNOWN, key_wo_version: UNKNOWN })).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["a required argument is null", { name: null }, 'ERROR Missing required argument [{"attribute_name":"name"}]'],
    [
      "only the provider may set it",
      { arn: "x" },
      'ERROR Value for unconfigurable attribute [{"attribute_name":"arn"}]',
    ],
    ["a block is missing", { disk: [] }, 'ERROR Insufficient disk blocks [{"attribute_name":"disk"}]'],
    [
      "there are too many blocks",
      { disk: [{ size: "1" }, { size: "2" }, { size: "3" }] },
      'ERROR Too many disk blocks [{"attribute_name":"disk"}]',
    ],
    [
      "a required argument of a block in a set is null",
      { disk: [{ size: null }] },
      'ERROR Missing required argument [{"attribute_name":"disk"},{"attribute_name":"size"}]',
    ],
    [
      "a required argument of a nested attribute is null",
      { rules: { ssh: { port: null } } },
      'ERROR Missing required argument [{"attribute_name":"rules"},{"element_key_string":"ssh"},{"attribute_name":"port"}]',
    ],
    ["a version is missing", { key_wo: "x" }, 'ERROR Missing required argument [{"attribute_name":"key_wo"}]'],
    [
      "only a version is set",
      { key_wo_version: "1" },
      'ERROR Missing required argument [{"attribute_name":"key_wo_version"}]',
    ],
    ["an argument is deprecated", { old: "x" }, 'WARNING Argument is deprecated [{"attribute_name":"old"}]'],
    ["a block is deprecated", { zone: [{ size: "1" }] }, 'WARNING Block is deprecated [{"attribute_name":"zone"}]'],
  ])("says it when %s", (_when, change, problem) => {
    expect(problems({ ...good, ...change })).toEqual([problem]);
  });

  test("points to the element of a list", () => {
    expect(problems({ ...good, zone: [{ size: "1" }, { size: null }] })).toContain(
      'ERROR Missing required argument [{"attribute_name":"zone"},{"element_key_int":1},{"attribute_name":"size"}]',
    );
  });

  test("lets a data source have its id set, a resource not", () => {
    const summaries = (kind: "resource" | "data source"): string[] =>
      checkConfig(kind, "demo", { ...block, deprecated: false }, { ...good, id: "1" }).map(({ detail }) => detail);
    expect({ data: summaries("data source"), resource: summaries("resource") }).toEqual({
      data: [],
      resource: ['"id": this field cannot be set.'],
    });
  });

  test("warns of a deprecated type", () => {
    expect(checkConfig("resource", "demo", block, good)).toEqual([
      {
        severity: "WARNING",
        summary: "Deprecated resource",
        detail: 'The resource "demo" is deprecated by its provider.',
        attribute: { steps: [] },
      },
    ]);
  });
});
