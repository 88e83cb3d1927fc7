import { Construct } from "constructs";
import { TerraformOutput, TerraformResource, TerraformStack, TerraformVariable } from "cdktf";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { type BackendType } from "../../../constructs/core/backend";
import { SocleError } from "../../../constructs/core/error";
import { Layer } from "../../../constructs/core/layer";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { jsonOf, testApp, testEnvironment, testLayer } from "../../support/layers";

const addressesOf = (layer: Layer) =>
  Object.entries(jsonOf(layer).resource ?? {}).flatMap(([type, blocks]) =>
    Object.keys(blocks).map((name) => `${type}.${name}`),
  );

describe("addresses", () => {
  test.each([
    [["server"], "server"],
    [["server", "Default"], "server"],
    [["server", "Resource"], "server"],
    [["Resource", "server", "Default", "disk"], "server_disk"],
    [["network", "subnet-a", "route"], "network_subnet_a_route"],
    [["dumps.v2"], "dumps_v2"],
    [["Defaults"], "Defaults"],
    [["_hidden"], "_hidden"],
    [["a1"], "a1"],
  ])("GIVEN the construct path %j WHEN the layer is written THEN the address is terraform_data.%s", (ids, name) => {
    const layer = testLayer();

    const parent = ids.slice(0, -1).reduce<Construct>((scope, id) => new Construct(scope, id), layer);
    new TerraformData(parent, ids.at(-1) as string);

    expect(addressesOf(layer)).toEqual([`terraform_data.${name}`]);
  });

  test("GIVEN the same name in two types WHEN the layer is written THEN both keep it", () => {
    const layer = testLayer();

    new TerraformData(layer, "alarms");
    new SnsTopic(new Construct(layer, "alarms-topic"), "Default");
    new SnsTopic(new Construct(new Construct(layer, "x"), "Default"), "Resource");
    new TerraformData(new Construct(layer, "alarms-"), "topic");
    new DataAwsRegion(new Construct(layer, "y"), "Resource");
    new TerraformOutput(new Construct(layer, "out"), "Default", { value: 1, description: "One." });

    expect(addressesOf(layer)).toEqual([
      "terraform_data.alarms",
      "terraform_data.alarms__topic",
      "aws_sns_topic.alarms_topic",
      "aws_sns_topic.x",
    ]);
    expect(Object.keys(jsonOf(layer).data?.["aws_region"] ?? {})).toEqual(["y"]);
    expect(Object.keys(jsonOf(layer).output ?? {})).toEqual(["out"]);
  });

  test("GIVEN a resource and a data source of one name WHEN the layer is written THEN both keep it", () => {
    const layer = testLayer();

    new TerraformResource(layer, "main", { terraformResourceType: "aws_region" });
    new DataAwsRegion(new Construct(layer, "main-"), "Default");
    new DataAwsRegion(new Construct(new Construct(layer, "Default"), "main"), "Default");

    expect(addressesOf(layer)).toEqual(["aws_region.main"]);
    expect(Object.keys(jsonOf(layer).data?.["aws_region"] ?? {})).toEqual(["main_", "main"]);
  });

  test("fails for two constructs of one address, naming both paths and the address", () => {
    const layer = testLayer();
    new TerraformData(layer, "server-disk");
    new TerraformData(new Construct(layer, "server"), "disk");

    expect(() => layer.toTerraform()).toThrow(
      new SocleError("test/server/disk", [
        "gets the address terraform_data.server_disk, which test/server-disk has already: give one of the two another id",
      ]),
    );
  });

  test("fails for two outputs of one name", () => {
    const layer = testLayer();
    new TerraformOutput(layer, "a-b", { value: 1, description: "One." });
    new TerraformOutput(layer, "a_b", { value: 2, description: "Two." });

    expect(() => layer.toTerraform()).toThrow(/^test\/a_b: gets the address .*a_b, which test\/a-b has already/);
  });

  test.each([
    ["2nd", "2nd"],
    ["Default", ""],
    ["-", "_"],
  ])(
    'GIVEN the id "%s" WHEN the layer is written THEN "%s" is a name only if it begins as Terraform wants',
    (id, name) => {
      const layer = testLayer();
      new TerraformData(layer, id);

      if (name === "_") {
        expect(addressesOf(layer)).toEqual(["terraform_data._"]);
      } else {
        expect(() => layer.toTerraform()).toThrow(
          new SocleError(`test/${id}`, [
            `the construct path gives the Terraform name "${name}", which must begin with a letter or "_"`,
          ]),
        );
      }
    },
  );
});

describe("the terraform block", () => {
  test("GIVEN providers with short sources WHEN the layer is written THEN sources are in full and versions are ~>", () => {
    const layer = testLayer();
    new AwsProvider(layer, "aws");
    new CloudflareProvider(layer, "cloudflare");

    const { required_version, required_providers } = jsonOf(layer).terraform ?? {};

    expect(required_version).toBe(">= 1.11.0");
    expect(required_providers).toEqual({
      aws: { source: "hashicorp/aws", version: expect.stringMatching(/^~> \d+\.\d+(\.\d+)?$/) as string },
      cloudflare: {
        source: "cloudflare/cloudflare",
        version: expect.stringMatching(/^~> \d+\.\d+(\.\d+)?$/) as string,
      },
    });
  });

  test("GIVEN empty lists of dependencies WHEN the layer is written THEN they are left out, and others stay", () => {
    const layer = testLayer();
    const first = new SnsTopic(layer, "first", { dependsOn: [] });
    new SnsTopic(layer, "second", { dependsOn: [first] });
    new DataAwsRegion(layer, "region", { dependsOn: [] });
    const { resource, data } = jsonOf(layer);
    expect(resource?.["aws_sns_topic"]?.["first"]).not.toHaveProperty("depends_on");
    expect(resource?.["aws_sns_topic"]?.["second"]?.["depends_on"]).toEqual(["aws_sns_topic.first"]);
    expect(data?.["aws_region"]?.["region"]).not.toHaveProperty("depends_on");
  });

  test("GIVEN a layer without providers WHEN it is written THEN it still requires a version of Terraform", () => {
    expect(jsonOf(testLayer()).terraform).toEqual({
      required_version: ">= 1.11.0",
      backend: { local: { path: "../../../.terraform-state/test.tfstate" } },
    });
  });
});

describe("inputs and outputs", () => {
  test("GIVEN an input and an output with descriptions WHEN the layer is validated THEN nothing is said", () => {
    const layer = testLayer();
    new TerraformVariable(layer, "size", { type: "number", description: "Size." });
    new TerraformOutput(layer, "id", { value: 1, description: "Its id." });

    expect(layer.node.validate()).toEqual([]);
  });

  test.each([
    ["an input without a description", (layer: Layer) => new TerraformVariable(layer, "size", { type: "number" })],
    [
      "an input with an empty description",
      (layer: Layer) => new TerraformVariable(layer, "size", { type: "number", description: "" }),
    ],
    ["an input without a type", (layer: Layer) => new TerraformVariable(layer, "size", { description: "Size." })],
  ])("fails for %s", (_what, add) => {
    const layer = testLayer();
    add(layer);

    expect(layer.node.validate()).toEqual(['the input "size" needs a type and a description: ops read them']);
  });

  test("fails for a sensitive input with a default, which would be in the JSON; null is none", () => {
    const layer = testLayer();
    const secret = { type: "string", description: "Token.", sensitive: true };
    new TerraformVariable(layer, "token", { ...secret, default: "hunter2" });
    new TerraformVariable(layer, "optional", { ...secret, default: null });

    expect(layer.node.validate()).toEqual([
      'the input "token" is sensitive and has a default, which everybody could read: use none, or null',
    ]);
  });

  test("fails for an output without a description, at any depth", () => {
    const layer = testLayer();
    new TerraformOutput(new Construct(layer, "server"), "id", { value: 1 });

    expect(layer.node.validate()).toEqual(['the output "server_id" needs a description: ops read it']);
  });
});

describe("read", () => {
  const pair = (backend: BackendType) => {
    const environment = testEnvironment("lab", backend);
    return { earlier: testLayer(environment, "lab-data"), later: testLayer(environment, "lab-genai") };
  };

  test.each<[BackendType, Record<string, string>, string[]]>([
    ["local", { path: "../../../.terraform-state/lab-data.tfstate" }, []],
    [
      "s3",
      { bucket: "${var.state_bucket}", region: "${var.state_region}", key: "lab/lab-data.tfstate" },
      ["state_bucket", "state_region"],
    ],
    ["http", { address: "${var.lab_data_state_address}" }, ["lab_data_state_address"]],
  ])("GIVEN %s WHEN an earlier layer is read THEN the remote state is exactly this", (backend, config, inputs) => {
    const { earlier, later } = pair(backend);

    const state = later.read(earlier);
    new TerraformOutput(later, "url", { value: state.getString("url"), description: "The URL." });

    const json = jsonOf(later);
    expect(json.data).toEqual({ terraform_remote_state: { lab_data: { backend, config } } });
    expect(json.output).toEqual({
      url: { value: "${data.terraform_remote_state.lab_data.outputs.url}", description: "The URL." },
    });
    expect(Object.keys(json.variable ?? {})).toEqual(inputs);
    for (const variable of Object.values(json.variable ?? {})) {
      expect(variable).toEqual({ type: "string", description: expect.stringMatching(/./) as string, nullable: false });
    }
    expect(later.reads).toEqual([earlier]);
    expect(later.dependencies).toEqual([earlier]);
    expect(later.node.validate()).toEqual([]);
  });

  test("GIVEN a layer WHEN it is read twice THEN there is one remote state", () => {
    const { earlier, later } = pair("http");

    expect(later.read(earlier)).toBe(later.read(earlier));
    expect(later.reads).toEqual([earlier]);
  });

  test("GIVEN two earlier layers WHEN both are read from S3 THEN the inputs are made once", () => {
    const environment = testEnvironment("lab", "s3");
    const [a, b, c] = ["lab-a", "lab-b", "lab-c"].map((name) => testLayer(environment, name)) as [Layer, Layer, Layer];

    c.read(a);
    c.read(b);

    expect(Object.keys(jsonOf(c).variable ?? {})).toEqual(["state_bucket", "state_region"]);
    expect(Object.keys(jsonOf(c).data?.["terraform_remote_state"] ?? {})).toEqual(["lab_a", "lab_b"]);
    expect(c.reads).toEqual([a, b]);
  });

  test("GIVEN two earlier layers WHEN both are read over HTTP THEN each has its address", () => {
    const environment = testEnvironment("lab", "http");
    const [a, b, c] = ["lab-a", "lab-b", "lab-c"].map((name) => testLayer(environment, name)) as [Layer, Layer, Layer];

    c.read(a);
    c.read(b);

    expect(Object.keys(jsonOf(c).variable ?? {})).toEqual(["lab_a_state_address", "lab_b_state_address"]);
  });

  test("fails for a later layer, and for itself, giving the order", () => {
    const { earlier, later } = pair("local");

    for (const layer of [later, earlier]) {
      expect(() => earlier.read(layer)).toThrow(
        new SocleError("lab-data", [
          `reads the layer "${layer.node.id}", which is not applied before it; ` +
            "the layers of lab are, in order: lab-data, lab-genai",
        ]),
      );
    }
    expect(earlier.reads).toEqual([]);
  });

  test("fails for a layer of another environment", () => {
    const app = testApp();
    const other = testLayer(testEnvironment("kauri", "local", app));
    const layer = testLayer(testEnvironment("lab", "local", app));

    expect(() => layer.read(other)).toThrow(
      'lab: reads the layer "kauri", which is not applied before it; the layers of lab are, in order: lab',
    );
  });
});

describe("what constructs tell their layer", () => {
  test("GIVEN open ports, secrets and sections WHEN they are added THEN they are kept in order", () => {
    const layer = testLayer(testEnvironment(), "test", { readme: [{ title: "First", body: "1" }] });
    const http = { port: 80, protocol: "tcp", from: "world", purpose: "HTTP" } as const;
    const ssh = { port: 22, protocol: "tcp", from: "admin_cidr_blocks", purpose: "SSH" } as const;
    const secret = { what: "tls_private_key.ca.private_key_pem", why: "The provider has no write-only way." };

    layer.addOpenPort(http);
    layer.addOpenPort(ssh);
    layer.addStateSecret(secret);
    layer.addReadmeSection({ title: "Second", body: "2" });

    expect(layer.openPorts).toEqual([http, ssh]);
    expect(layer.stateSecrets).toEqual([secret]);
    expect(layer.readmeSections).toEqual([
      { title: "First", body: "1" },
      { title: "Second", body: "2" },
    ]);
  });

  test("GIVEN a new layer WHEN nothing is added THEN nothing is open, secret or said", () => {
    expect(testLayer()).toMatchObject({ openPorts: [], stateSecrets: [], readmeSections: [], reads: [] });
  });

  test("GIVEN files WHEN they are shipped, one of them twice, THEN each is there once, in order", () => {
    const layer = testLayer();
    layer.addFile("charts/a/Chart.yaml", "a");
    layer.addFile("charts/a/templates/b.yaml", "b");
    layer.addFile("charts/a/Chart.yaml", "a");
    expect([...layer.shippedFiles]).toEqual([
      ["charts/a/Chart.yaml", "a"],
      ["charts/a/templates/b.yaml", "b"],
    ]);
  });

  test.each(["README.md", "/etc/passwd", "../other/file", "charts/../../file", "charts/", "charts//file", ""])(
    "fails for the file %p, which is in no folder of the layer",
    (file) => {
      expect(() => testLayer().addFile(file, "text")).toThrow(
        `test: the file "${file}" is not in a folder of the layer: use a path such as charts/manifests/Chart.yaml`,
      );
    },
  );

  test("fails for a file that is there already, with another text", () => {
    const layer = testLayer();
    layer.addFile("charts/a", "one");
    expect(() => layer.addFile("charts/a", "two")).toThrow(
      'test: the file "charts/a" is there already, with another text',
    );
    expect(layer.shippedFiles.get("charts/a")).toBe("one");
  });

  test("GIVEN a construct WHEN its layer is asked for THEN it is the one above it", () => {
    const layer = testLayer();

    expect(Layer.of(new Construct(new Construct(layer, "a"), "b"))).toBe(layer);
  });

  test("fails WHEN the stack above a construct is no layer", () => {
    const construct = new Construct(new TerraformStack(testApp(), "plain"), "a");

    expect(() => Layer.of(construct)).toThrow(
      new SocleError("plain/a", ['"plain" is a TerraformStack: make it a Layer']),
    );
  });
});
