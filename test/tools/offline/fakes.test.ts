import { checkFakes, missingInConfig, missingInPlan, withFakes } from "../../../tools/offline/fakes";
import { schemaFiles, type Block } from "../../../tools/offline/schemas";
import { emptyBlock, UNKNOWN, type ObjectValue } from "../../../tools/offline/values";
import { FIXTURE_SCHEMAS, fixtureBlock } from "./support";

const TYPES: Block = {
  attributes: {
    id: { type: "number", computed: true },
    arn: { type: "string", computed: true },
    ipv4_address: { type: "string", computed: true },
    cidr: { type: "string", computed: true },
    json: { type: "string", computed: true },
    data_base64: { type: "string", computed: true },
    count: { type: "number", computed: true },
    ids: { type: ["list", "string"], computed: true },
    tags: { type: ["map", "string"], computed: true },
    parts: { type: ["set", ["object", { name: "string", on: "bool" }]], computed: true },
    any: { type: "dynamic", computed: true },
    nested: {
      computed: true,
      nested_type: { nesting_mode: "list", attributes: { size: { type: "number", computed: true } } },
    },
    name: { type: "string", optional: true },
    secret_wo: { type: "string", optional: true, write_only: true },
  },
};

describe("withFakes", () => {
  const fake = (name: string, fakes = {}): ObjectValue =>
    withFakes("demo", TYPES, { ...emptyBlock(TYPES), name }, fakes, missingInConfig) as ObjectValue;

  test("invents what the provider works out, in the form that the name suggests", () => {
    expect(fake("a")).toEqual({
      id: expect.any(Number) as number,
      arn: expect.stringMatching(/^arn:aws:offline:::[0-9a-f]{8}$/) as string,
      ipv4_address: expect.stringMatching(/^192\.0\.2\.\d+$/) as string,
      cidr: expect.stringMatching(/^10\.\d+\.0\.0\/16$/) as string,
      json: expect.stringMatching(/^\{"offline":"[0-9a-f]{8}"\}$/) as string,
      data_base64: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) as string,
      count: expect.any(Number) as number,
      ids: [expect.stringMatching(/^offline-ids-[0-9a-f]{8}$/)],
      tags: {},
      parts: [{ name: expect.stringMatching(/^offline-name-/) as string, on: false }],
      any: [Buffer.from('"string"'), expect.stringMatching(/^offline-any-/)],
      nested: [{ size: expect.any(Number) as number }],
      name: "a",
      secret_wo: null,
    });
  });

  test("invents the same for the same configuration, and something else for another", () => {
    expect(fake("a")).toEqual(fake("a"));
    expect(fake("a")["id"]).not.toEqual(fake("b")["id"]);
  });

  test("takes the given values instead", () => {
    const fakes = {
      "demo.id": 7,
      "demo.any": { a: [1, true] },
      "demo.nested": [{ size: 3 }],
      "demo.parts": [{ name: "x" }],
    };
    expect(fake("a", fakes)).toMatchObject({
      id: 7,
      any: [Buffer.from('["object",{"a":["tuple",["number","bool"]]}]'), { a: [1, true] }],
      nested: [{ size: 3 }],
      parts: [{ name: "x", on: null }],
    });
  });

  test("leaves alone in a plan what is known, null included", () => {
    const state = { ...emptyBlock(TYPES), arn: UNKNOWN };
    expect(withFakes("demo", TYPES, state, {}, missingInPlan)).toMatchObject({
      arn: expect.stringContaining("arn:") as string,
      id: null,
    });
  });

  test("leaves a nested attribute empty that the configuration could have set", () => {
    const block: Block = {
      attributes: {
        servers: {
          optional: true,
          computed: true,
          nested_type: { nesting_mode: "list", attributes: { address: { type: "string", required: true } } },
        },
      },
    };
    expect(withFakes("demo", block, { servers: UNKNOWN }, {}, missingInPlan)).toEqual({ servers: [] });
  });

  test("gives a top-level id digits", () => {
    const block = fixtureBlock("aws_vpc");
    const vpc = withFakes("aws_vpc", block, emptyBlock(block), {}, missingInConfig) as ObjectValue;
    expect(vpc["id"]).toMatch(/^\d{9}$/);
  });
});

describe("checkFakes", () => {
  test("fails on values that no provider works out or that have another type", () => {
    const providers = schemaFiles(FIXTURE_SCHEMAS).map((file) => file.load());
    const fakes = {
      zones: [],
      "aws_ssm_parameter.name": "x",
      "aws_availability_zones.names": ["a", 1],
      "aws_vpc.id": "vpc-1",
    };
    expect(() => checkFakes(fakes, providers)).toThrow(
      [
        "Fake values that cannot be used:",
        '  - "zones": no provider schema has it. Expected type.attribute, such as "aws_availability_zones.names".',
        '  - "aws_ssm_parameter.name": the configuration sets this attribute, the provider never works it out.',
        '  - "aws_availability_zones.names[1]" must be a string, found 1.',
      ].join("\n"),
    );
  });
});
