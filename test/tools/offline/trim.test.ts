import { readFileSync } from "node:fs";
import { join } from "node:path";

import { schemaFiles, type SchemaFile } from "../../../tools/offline/schemas";
import { trimSchemas } from "../../../tools/offline/trim";
import { compareUsage, usedTypes } from "../../../tools/offline/usage";
import { FIXTURE_SCHEMAS, Folder } from "./support";

const AWS = "registry.terraform.io/hashicorp/aws";
const FIXTURE_TYPES = join(__dirname, "fixtures", "used-types");

const DUMP: SchemaFile = {
  path: "dump/aws.json.gz",
  address: AWS,
  load: () => ({
    resource_schemas: {
      aws_b: { version: 1, block: { attributes: { z: { type: "string", optional: true, ...described() } } } },
      aws_a: {
        block: {
          block_types: { n: { nesting_mode: "list", min_items: 1, block: { ...described(), deprecated: true } } },
        },
      },
      aws_unused: { block: {} },
    },
  }),
};

function described(): object {
  return { description: "for people", description_kind: "plain" };
}

describe("usedTypes", () => {
  test("finds the types of all stacks, their providers and versions", () => {
    // GIVEN
    const folder = new Folder();
    folder.write("stacks/one/cdk.tf.json", {
      terraform: {
        required_providers: { aws: { source: "aws", version: "~> 6.0" }, cloud: { source: "hetznercloud/hcloud" } },
      },
      data: { terraform_remote_state: { x: {} } },
      resource: { aws_a: { x: {} }, terraform_data: { x: {} }, hcloud_server: { x: { provider: "cloud.west" } } },
    });
    folder.write("stacks/two/cdk.tf.json", {
      terraform: { required_providers: { aws: { source: "hashicorp/aws", version: "~> 6.25" } } },
      ephemeral: { random_password: { x: {} } },
    });

    // WHEN
    const used = usedTypes(folder.path);
    folder.dispose();

    // THEN
    const types = [...used].map(([address, usage]) => [
      address,
      Object.values(usage.types).flatMap((byType) => [...byType]),
      [...usage.versions],
    ]);
    expect(types).toEqual([
      [AWS, [["aws_a", "one"]], ["~> 6.0", "~> 6.25"]],
      ["registry.terraform.io/hetznercloud/hcloud", [["hcloud_server", "one"]], []],
      ["registry.terraform.io/hashicorp/random", [["random_password", "two"]], []],
    ]);
  });
});

describe("trimSchemas", () => {
  const used = (...types: string[]): ReturnType<typeof usedTypes> =>
    new Map([
      [
        AWS,
        {
          versions: new Set<string>(),
          types: {
            resource_schemas: new Map(types.map((type) => [type, "demo"])),
            data_source_schemas: new Map(),
            ephemeral_resource_schemas: new Map(),
          },
        },
      ],
    ]);

  test("keeps what is used: no descriptions, sorted, one line for each type", () => {
    expect(trimSchemas(used("aws_b", "aws_a"), [DUMP]).get(AWS)).toBe(
      [
        "{",
        '"format_version": "1.0",',
        '"provider_schemas": {',
        `"${AWS}": {`,
        '"provider": {"block":{},"version":0},',
        '"resource_schemas": {',
        '"aws_a": {"block":{"block_types":{"n":{"block":{"deprecated":true},"min_items":1,"nesting_mode":"list"}}},"version":0},',
        '"aws_b": {"block":{"attributes":{"z":{"optional":true,"type":"string"}}},"version":1}',
        "}",
        "}",
        "}",
        "}",
        "",
      ].join("\n"),
    );
  });

  test("asks elsewhere for a type that the dump lacks", () => {
    const text = trimSchemas(used("aws_c"), [DUMP], (_kind, type) => ({
      block: { attributes: { [type]: { type: "bool" } } },
    }));
    expect(text.get(AWS)).toContain('"aws_c": {"block":{"attributes":{"aws_c":{"type":"bool"}}},"version":0}');
  });

  test("fails on types and providers that are not there, naming all of them", () => {
    const more = new Map([
      ...used("aws_c", "aws_d"),
      ["registry.terraform.io/x/y", usedTypes(FIXTURE_TYPES).get(AWS)!],
    ]);
    expect(() => trimSchemas(more, [DUMP])).toThrow(
      [
        "Schemas that are needed and were not found:",
        "  - aws_c is used in demo, but not in the resource_schemas of dump/aws.json.gz: check its name, or bring the schema up to date.",
        "  - aws_d is used in demo, but not in the resource_schemas of dump/aws.json.gz: check its name, or bring the schema up to date.",
        `  - registry.terraform.io/x/y is used, but there is no schema of it. There are: ${AWS}.`,
      ].join("\n"),
    );
  });

  test("leaves the fixtures of these tests as they are: they were trimmed before", () => {
    const trimmed = trimSchemas(usedTypes(FIXTURE_TYPES), schemaFiles(FIXTURE_SCHEMAS));
    const written = schemaFiles(FIXTURE_SCHEMAS).map(
      ({ address, path }) => [address, readFileSync(path, "utf8")] as const,
    );
    expect(new Map(trimmed)).toEqual(new Map(written));
  });

  describe("compareUsage", () => {
    test("finds nothing where schemas and stacks fit", () => {
      expect(compareUsage(usedTypes(FIXTURE_TYPES), schemaFiles(FIXTURE_SCHEMAS))).toEqual([]);
    });

    test("names what is missing and what nothing uses", () => {
      expect(compareUsage(used("aws_a", "aws_c"), [DUMP, { ...DUMP, path: "dump/x.json", address: "x" }])).toEqual([
        `aws_c (resource_schemas) is used in demo, and missing from the schema of ${AWS}.`,
        "dump/aws.json.gz holds aws_b (resource_schemas), which nothing uses.",
        "dump/aws.json.gz holds aws_unused (resource_schemas), which nothing uses.",
        "dump/x.json holds x, which nothing uses.",
      ]);
    });
  });
});
