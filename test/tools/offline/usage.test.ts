import { type SchemaFile } from "../../../tools/offline/schemas";
import { compareUsage, type ProviderUsage, usedTypes } from "../../../tools/offline/usage";
import { Folder } from "./support";

// What fits, what is missing and what is superfluous is in trim.test.ts, with the schemas that are made from it.

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

/** The types in use, by provider and kind, each with a stack that uses it. */
const used = (stack: object): object => {
  folder.write("stacks/demo/cdk.tf.json", stack);
  return Object.fromEntries(
    [...usedTypes(folder.path)].map(([address, { types }]) => [
      address,
      Object.fromEntries(
        Object.entries(types).flatMap(([kind, byType]) => (byType.size === 0 ? [] : [[kind, [...byType.keys()]]])),
      ),
    ]),
  );
};

describe("usedTypes", () => {
  test("GIVEN resources, data and ephemeral blocks THEN each type is of its own kind, once", () => {
    expect(
      used({
        resource: { aws_vpc: { a: {}, b: {} } },
        data: { aws_vpc: { c: {} }, aws_ami: { d: {} } },
        ephemeral: { aws_secret: { e: {} } },
      }),
    ).toEqual({
      "registry.terraform.io/hashicorp/aws": {
        resource_schemas: ["aws_vpc"],
        data_source_schemas: ["aws_vpc", "aws_ami"],
        ephemeral_resource_schemas: ["aws_secret"],
      },
    });
  });

  test.each([
    ["aws", "registry.terraform.io/hashicorp/aws"],
    ["acme/aws", "registry.terraform.io/acme/aws"],
    ["example.com/acme/aws", "example.com/acme/aws"],
  ])("GIVEN the source %s THEN the provider is %s", (source, address) => {
    expect(used({ terraform: { required_providers: { aws: { source } } } })).toEqual({ [address]: {} });
  });

  test.each(["cloud", "cloud.west", "${cloud.west}"])(
    "GIVEN a resource with the provider %s THEN its type is that provider's, whatever it begins with",
    (provider) => {
      expect(
        used({
          terraform: { required_providers: { cloud: { source: "acme/cloud" } } },
          resource: { aws_vpc: { a: { provider } } },
        }),
      ).toEqual({ "registry.terraform.io/acme/cloud": { resource_schemas: ["aws_vpc"] } });
    },
  );

  test("GIVEN one type from two providers THEN both have it", () => {
    expect(used({ resource: { aws_vpc: { a: {}, b: { provider: "other" } } } })).toEqual({
      "registry.terraform.io/hashicorp/aws": { resource_schemas: ["aws_vpc"] },
      "registry.terraform.io/hashicorp/other": { resource_schemas: ["aws_vpc"] },
    });
  });

  test("GIVEN what Terraform itself serves THEN no schema is asked for", () => {
    expect(used({ resource: { terraform_data: { a: {} } }, data: { terraform_remote_state: { b: {} } } })).toEqual({});
  });

  test("GIVEN a folder without a stack in it THEN it is passed over", () => {
    folder.write("stacks/left-behind/.terraform/x", "");

    expect(used({})).toEqual({});
  });

  test("GIVEN nothing synthesized THEN nothing is used", () => {
    expect(usedTypes(folder.path)).toEqual(new Map());
  });
});

describe("compareUsage", () => {
  test("fails for a provider without a schema, even where only its configuration is used", () => {
    const usage: ProviderUsage = {
      versions: new Set(),
      types: { resource_schemas: new Map(), data_source_schemas: new Map(), ephemeral_resource_schemas: new Map() },
    };

    expect(compareUsage(new Map([["registry.terraform.io/acme/cloud", usage]]), [])).toEqual([
      "registry.terraform.io/acme/cloud is used, and no schema of it is there.",
    ]);
  });

  test("fails for a type that is there, but of another kind", () => {
    folder.write("stacks/demo/cdk.tf.json", { data: { demo_x: { a: {} } } });
    const file: SchemaFile = {
      path: "demo.json",
      address: "registry.terraform.io/hashicorp/demo",
      load: () => ({ resource_schemas: { demo_x: { block: {} } } }),
    };

    expect(compareUsage(usedTypes(folder.path), [file])).toEqual([
      "demo_x (data_source_schemas) is used in demo, and missing from the schema of registry.terraform.io/hashicorp/demo.",
      "demo.json holds demo_x (resource_schemas), which nothing uses.",
    ]);
  });
});
