import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type Finished, Folder, run } from "./support";

const START = join(__dirname, "../../../tools/start.mjs");
const AWS = "registry.terraform.io/hashicorp/aws";

const dump = (address: string, resources: object) => ({
  format_version: "1.0",
  provider_schemas: { [address]: { resource_schemas: resources } },
});
const vpc = { aws_vpc: { block: { attributes: { cidr_block: { type: "string", optional: true } } } } };

describe("make schemas", () => {
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
    folder.write("dumps/aws.json", dump(AWS, { ...vpc, aws_unused: { block: {} } }));
    folder.write("cdktf.out/stacks/demo/cdk.tf.json", { resource: { aws_vpc: { a: {} } } });
  });
  afterEach(() => folder.dispose());

  const trim = (env: Readonly<Record<string, string>> = { SCHEMAS_FROM: "dumps" }): Promise<Finished> =>
    run(process.execPath, [START, "tools/offline/trim-schemas.ts"], {
      cwd: folder.path,
      env: { SCHEMAS_FROM: undefined, ...env },
    });
  const read = (file: string) => JSON.parse(readFileSync(join(folder.path, file), "utf8")) as unknown;

  test("GIVEN dumps THEN what is used is written, and what nothing uses any more is removed", async () => {
    // GIVEN
    folder.write("schemas/gone.json", {});
    folder.write("schemas/README.md", "kept");

    // WHEN
    const { code, text } = await trim();

    // THEN
    expect({ code, text: text.trim() }).toEqual({ code: 0, text: "schemas: aws.json" });
    expect(readdirSync(join(folder.path, "schemas")).sort()).toEqual(["README.md", "aws.json"]);
    expect(read("schemas/aws.json")).toEqual({
      format_version: "1.0",
      provider_schemas: {
        [AWS]: { provider: { version: 0, block: {} }, resource_schemas: { aws_vpc: { version: 0, ...vpc.aws_vpc } } },
      },
    });
  });

  test("GIVEN a type that the dump lacks THEN it comes from its binding, and that is said", async () => {
    folder.write("cdktf.out/stacks/demo/cdk.tf.json", { data: { aws_caller_identity: { a: {} } } });

    const { code, text } = await trim();

    expect({ code, text: text.trim() }).toEqual({
      code: 0,
      text: "schemas: aws.json aws_caller_identity: not in the dump, taken from its binding",
    });
    expect(read("schemas/aws.json")).toHaveProperty([
      "provider_schemas",
      AWS,
      "data_source_schemas",
      "aws_caller_identity",
    ]);
  });

  test.each<[string, object, string]>([
    [
      "an ephemeral type that the dump lacks",
      { ephemeral: { aws_secret: { a: {} } } },
      "aws_secret is used in demo, but not in the ephemeral_resource_schemas of dumps/aws.json: bindings have no ephemeral resources, bring the dump up to date.",
    ],
    [
      "a type that is nowhere",
      { resource: { aws_no_such: { a: {} } } },
      "aws_no_such is neither in the dump nor in the bindings",
    ],
    ["no stack", {}, "No stack in cdktf.out/stacks uses a provider: run `make synth` first."],
    [
      "two providers of one name",
      { terraform: { required_providers: { aws: { source: "hashicorp/aws" }, other: { source: "acme/aws" } } } },
      "registry.terraform.io/acme/aws and registry.terraform.io/hashicorp/aws would both be written to schemas/aws.json: use only one.",
    ],
  ])("fails for %s, without a stack trace", async (_what, stack, message) => {
    folder.write("dumps/other.json", dump("registry.terraform.io/acme/aws", {}));
    folder.write("cdktf.out/stacks/demo/cdk.tf.json", stack);

    const { code, text } = await trim();

    expect(text).toContain(message);
    expect(text).not.toContain(" at ");
    expect(code).toBe(1);
  });

  test("fails and leaves the schemas as they were when anything is missing", async () => {
    folder.write("schemas/aws.json", { old: true });
    folder.write("cdktf.out/stacks/demo/cdk.tf.json", { resource: { aws_no_such: { a: {} } } });

    expect((await trim()).code).toBe(1);
    expect(read("schemas/aws.json")).toEqual({ old: true });
  });

  test("fails without dumps and without Terraform, saying what else there is", async () => {
    const { code, text } = await trim({ TERRAFORM_BINARY_NAME: "no-such-terraform" });

    expect(text.trim()).toBe(
      "no-such-terraform was not found. Install Terraform or OpenTofu 1.11 or later, or name it in TERRAFORM_BINARY_NAME. " +
        "Or name a folder of *.json.gz dumps: make schemas SCHEMAS_FROM=<folder>",
    );
    expect(code).toBe(1);
    expect(existsSync(join(folder.path, "schemas"))).toBe(false);
  });
});
