import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { startOfflineServer, type OfflineServer } from "../../../tools/offline/start";
import { describeWithTerraform } from "../../support/terraform";
import { Configuration, FIXTURE_SCHEMAS, Folder } from "./support";

const PASSWORD = "${ephemeral.random_password.db.result}";
const EPHEMERAL = { random_password: { db: { length: 20 } } };

describe("startOfflineServer", () => {
  test("keeps its files in a folder that only its user can open, and removes it when it stops", async () => {
    // GIVEN
    const server = await startOfflineServer({ schemas: FIXTURE_SCHEMAS });
    const folder = dirname(server.env["TF_CLI_CONFIG_FILE"] as string);
    const mode = statSync(folder).mode & 0o777;

    // WHEN
    await server.stop();

    // THEN
    expect({ mode, left: existsSync(folder) }).toEqual({ mode: 0o700, left: false });
  });

  test("announces each provider for Terraform and for OpenTofu", async () => {
    // WHEN
    const server = await startOfflineServer({ schemas: FIXTURE_SCHEMAS });
    await server.stop();

    // THEN
    const reattach = JSON.parse(server.env["TF_REATTACH_PROVIDERS"] as string) as Record<string, object>;
    expect(Object.keys(reattach)).toHaveLength(12);
    expect(reattach["registry.opentofu.org/hashicorp/aws"]).toEqual(reattach["registry.terraform.io/hashicorp/aws"]);
    expect(reattach["registry.terraform.io/hashicorp/aws"]).toMatchObject({ ProtocolVersion: 6, Test: true });
  });

  test("fails when there are no schemas", async () => {
    const folder = new Folder();
    await expect(startOfflineServer({ schemas: folder.path })).rejects.toThrow(
      `No provider schemas in ${folder.path}: expected files such as aws.json or aws.json.gz. Run \`make schemas\`, or name another folder with --schemas.`,
    );
    folder.dispose();
  });

  test("fails when fake values cannot be used, naming all of them", async () => {
    const fakes = { "aws_availability_zones.name": [], "aws_availability_zones.names": "a", "aws_vpc.cidr": "x" };
    await expect(startOfflineServer({ schemas: FIXTURE_SCHEMAS, fakes })).rejects.toThrow(
      [
        "Fake values that cannot be used:",
        `  - "aws_availability_zones.name": no provider schema has it. Expected type.attribute, such as "aws_availability_zones.names".`,
        `  - "aws_availability_zones.names" must be a list, found "a".`,
        `  - "aws_vpc.cidr": no provider schema has it. Expected type.attribute, such as "aws_availability_zones.names".`,
      ].join("\n"),
    );
  });
});

describeWithTerraform("the offline providers", () => {
  let server: OfflineServer;
  let configuration: Configuration;

  beforeAll(async () => {
    server = await startOfflineServer({
      schemas: FIXTURE_SCHEMAS,
      fakes: { "aws_availability_zones.names": ["eu-west-1a", "eu-west-1b"] },
    });
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    configuration = new Configuration(server.env);
  });
  afterEach(() => configuration.dispose());

  describe("validate", () => {
    const vpc = (...attributes: object[]): object => ({
      resource: { aws_vpc: { v: Object.assign({}, ...attributes) as object } },
    });
    test.each<[string, object, string | RegExp]>([
      ["a misspelt argument", vpc({ cidr_blok: "10.0.0.0/16" }), `Extraneous JSON object property`],
      [
        "a missing required argument",
        { resource: { aws_subnet: { s: {} } } },
        `The argument "vpc_id" is required, but no definition was found.`,
      ],
      [
        "a required argument that is null",
        { resource: { aws_subnet: { s: { vpc_id: null } } } },
        `The argument "vpc_id" is required, but it is set to null. Give it a value.`,
      ],
      [
        "a wrong type",
        vpc({ enable_dns_support: ["yes"] }),
        `Inappropriate value for attribute "enable_dns_support": bool required`,
      ],
      [
        "an unknown reference",
        vpc({ cidr_block: "${aws_vpc.w.cidr_block}" }),
        // Terraform's words, then OpenTofu's.
        /managed resource "aws_vpc" "w" (has not been declared|definition) in the root module/,
      ],
      [
        "an unknown attribute of a reference",
        { ...vpc({}), output: { o: { value: "${aws_vpc.v.cidr}" } } },
        `This object has no argument, nested block, or exported attribute named "cidr".`,
      ],
      [
        "a missing required block",
        { resource: { kubernetes_namespace_v1: { n: {} } } },
        `At least 1 "metadata" blocks are required`,
      ],
      [
        "a required block that a dynamic block leaves out",
        { resource: { kubernetes_namespace_v1: { n: { dynamic: { metadata: { for_each: [], content: {} } } } } } },
        `At least 1 "metadata" blocks are required`,
      ],
      [
        "too many blocks",
        { resource: { kubernetes_namespace_v1: { n: { metadata: [{ name: "a" }, { name: "b" }] } } } },
        `Too many metadata blocks`,
      ],
      [
        "an argument that only the provider sets",
        vpc({ arn: "x" }),
        `Can't configure a value for "arn": its value will be decided automatically based on the result of applying this configuration.`,
      ],
      ["the implicit id", vpc({ id: "vpc-1" }), `"id": this field cannot be set.`],
      [
        "a cycle",
        {
          resource: { aws_vpc: { a: { cidr_block: "${aws_vpc.b.id}" }, b: { cidr_block: "${aws_vpc.a.id}" } } },
        },
        `Error: Cycle: aws_vpc.`,
      ],
      [
        "a write-only argument without its version",
        {
          ephemeral: EPHEMERAL,
          resource: { aws_ssm_parameter: { p: { name: "p", type: "String", value_wo: PASSWORD } } },
        },
        `"value_wo": all of \`value_wo,value_wo_version\` must be specified, "value_wo_version" is missing.`,
      ],
      [
        "a write-only argument without its revision",
        {
          ephemeral: EPHEMERAL,
          resource: { kubernetes_secret_v1: { s: { metadata: [{ name: "s" }], data_wo: { password: PASSWORD } } } },
        },
        `"data_wo": all of \`data_wo,data_wo_revision\` must be specified, "data_wo_revision" is missing.`,
      ],
      [
        "a version without its write-only argument",
        { resource: { vault_kv_secret_v2: { s: { mount: "kv", name: "s", data_json_wo_version: 1 } } } },
        `"data_json_wo_version": all of \`data_json_wo,data_json_wo_version\` must be specified, "data_json_wo" is missing.`,
      ],
      [
        "an ephemeral value where it would be stored",
        { ephemeral: EPHEMERAL, ...vpc({ cidr_block: PASSWORD }) },
        /Ephemeral values are not valid for "cidr_block", because it is not a write-only|"\.cidr_block" is referencing an ephemeral value/,
      ],
      [
        "a wrong type in a nested attribute",
        { resource: { helm_release: { h: { name: "h", chart: "c", set: [{ name: ["a"], value: "b" }] } } } },
        `Inappropriate value for attribute "set"`,
      ],
      [
        "a type that its provider does not have",
        { resource: { aws_vcp: { v: {} } } },
        `does not support resource type "aws_vcp"`,
      ],
    ])("fails on %s", async (_what, broken, message) => {
      // GIVEN
      configuration.set(broken);
      await configuration.terraform("init");

      // WHEN
      const { code, text } = await configuration.terraform("validate");

      // THEN
      expect(text).toMatch(message);
      expect(code).toBe(1);
    });

    test("fails at once on a provider that is not served", async () => {
      // GIVEN
      configuration.set({ resource: { local_file: { f: { filename: "f" } } } });

      // WHEN
      const { code, text } = await configuration.terraform("init");

      // THEN
      expect(text).toMatch(/provider registry\.(terraform\.io|opentofu\.org)\/hashicorp\/local was not found/);
      expect(code).toBe(1);
    });

    test("warns of what is deprecated", async () => {
      // GIVEN
      configuration.set({
        resource: { hcloud_server: { s: { name: "s", server_type: "cx23", datacenter: "fsn1-dc14" } } },
      });
      await configuration.terraform("init");

      // WHEN
      const { code, text } = await configuration.terraform("validate");

      // THEN
      expect(text).toContain(`The argument "datacenter" is deprecated by its provider.`);
      expect(code).toBe(0);
    });
  });

  const everything = (cidr: string): object => ({
    ephemeral: EPHEMERAL,
    data: {
      aws_availability_zones: { zones: {} },
      aws_iam_policy_document: {
        read: { statement: [{ sid: "Read", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] }] },
      },
    },
    resource: {
      aws_vpc: { network: { cidr_block: cidr } },
      aws_subnet: {
        a: { vpc_id: "${aws_vpc.network.id}", availability_zone: "${data.aws_availability_zones.zones.names[1]}" },
      },
      aws_iam_policy: { read: { policy: "${data.aws_iam_policy_document.read.json}" } },
      aws_ssm_parameter: { db: { name: "db", type: "SecureString", value_wo: PASSWORD, value_wo_version: 1 } },
      hcloud_network: { private: { name: "private", ip_range: "10.0.0.0/8" } },
      hcloud_server: {
        web: {
          name: "web",
          server_type: "cx23",
          network: [
            { network_id: "${hcloud_network.private.id}", ip: "10.0.0.5" },
            { network_id: 7, alias_ips: ["10.1.0.6", "10.1.0.7"] },
          ],
        },
      },
      helm_release: {
        app: {
          name: "app",
          chart: "app",
          set: [{ name: "replicas", value: "2" }],
          set_wo: [{ name: "password", value: PASSWORD }],
          set_wo_revision: 1,
        },
      },
      kubernetes_manifest: { m: { manifest: { apiVersion: "v1", kind: "ConfigMap", data: { a: 1 } } } },
      kubernetes_secret_v1: {
        db: { metadata: [{ name: "db" }], data_wo: { password: PASSWORD }, data_wo_revision: 1 },
      },
      vault_kv_secret_v2: { db: { mount: "kv", name: "db", data_json_wo: PASSWORD, data_json_wo_version: 1 } },
    },
    output: {
      zone: { value: "${aws_subnet.a.availability_zone}" },
      policy: { value: "${jsondecode(aws_iam_policy.read.policy)}" },
      network: { value: "${aws_vpc.network.id}" },
    },
  });

  test("go through init, plan, apply, an empty second plan, an update and destroy", async () => {
    // GIVEN
    configuration.set(everything("10.0.0.0/16"));
    await configuration.terraform("init");

    // WHEN
    const applied = await configuration.terraform("apply", "-auto-approve");
    const second = await configuration.terraform("plan", "-detailed-exitcode");
    const outputs = JSON.parse((await configuration.terraform("output", "-json")).stdout) as Record<
      string,
      { value: unknown }
    >;
    configuration.set(everything("10.1.0.0/16"));
    const update = await configuration.terraform("apply", "-auto-approve");
    const third = await configuration.terraform("plan", "-detailed-exitcode");
    const destroyed = await configuration.terraform("destroy", "-auto-approve");

    // THEN
    expect(applied.text).toContain("Resources: 10 added, 0 changed, 0 destroyed.");
    expect(second.text).toContain("No changes.");
    expect(outputs).toMatchObject({
      zone: { value: "eu-west-1b" },
      policy: {
        value: {
          Version: "2012-10-17",
          Statement: [{ Sid: "Read", Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" }],
        },
      },
      network: { value: expect.stringMatching(/^\d{9}$/) as string },
    });
    expect(update.text).toContain("Resources: 0 added, 1 changed, 0 destroyed.");
    expect(third.code).toBe(0);
    expect(destroyed.text).toContain("Destroy complete! Resources: 10 destroyed.");
  });

  test("keep write-only and ephemeral values out of the plan and of the state", async () => {
    // GIVEN
    configuration.set(everything("10.0.0.0/16"));
    await configuration.terraform("init");

    // WHEN
    await configuration.terraform("plan", "-out=plan");
    const plan = await configuration.terraform("show", "-json", "plan");
    await configuration.terraform("apply", "plan");
    const state = await configuration.terraform("show", "-json");

    // THEN
    expect(plan.stdout).toContain('"value_wo":null');
    expect(state.stdout).toContain('"value_wo":null');
    // What the ephemeral resource gives is called after its attribute.
    expect(plan.stdout).not.toContain("offline-result");
    expect(state.stdout).not.toContain("offline-result");
  });

  test("import what exists already", async () => {
    // GIVEN
    configuration.set({
      import: [{ to: "aws_vpc.network", id: "vpc-0a1b" }],
      resource: { aws_vpc: { network: { cidr_block: "10.0.0.0/16" } } },
      output: { id: { value: "${aws_vpc.network.id}" } },
    });
    await configuration.terraform("init");

    // WHEN
    const applied = await configuration.terraform("apply", "-auto-approve");
    const second = await configuration.terraform("plan", "-detailed-exitcode");
    const output = await configuration.terraform("output", "-raw", "id");

    // THEN
    expect(applied.text).toContain("Resources: 1 imported, 0 added, 1 changed, 0 destroyed.");
    expect(second.code).toBe(0);
    expect(output.stdout).toBe("vpc-0a1b");
  });
});

describe("the server process", () => {
  test("ends when the process that started it does", async () => {
    // GIVEN
    const { execFileSync } = await import("node:child_process");
    const start = join(__dirname, "../../../tools/offline/start.ts");
    const script = `require(${JSON.stringify(start)}).startOfflineServer().then(({ env }) => { console.log(env.TF_CLI_CONFIG_FILE); process.kill(process.pid, "SIGKILL"); })`;

    // WHEN
    let file = "";
    try {
      execFileSync(process.execPath, ["--require", require.resolve("tsx/cjs"), "-e", script], { encoding: "utf8" });
    } catch (error) {
      file = (error as { stdout: string }).stdout.trim();
    }

    // THEN
    expect(file).toMatch(/terraform\.rc$/);
    await expectEventually(() => !existsSync(dirname(file)));
  });
});

async function expectEventually(test: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 50 && !test(); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(test()).toBe(true);
}
