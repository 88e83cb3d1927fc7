import { Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import kauriAws from "../../../environments/kauri-aws";
import { type KauriSettings, SETTINGS } from "../../../environments/kauri-aws/settings";
import { type SocleApp } from "../../../constructs/core/app";
import { withApp } from "../../support/construct";
import { messageOf } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const build = (settings: KauriSettings = SETTINGS) =>
  withApp((app) => {
    const environment = kauriAws(app, settings);
    const [layer] = environment.layers;
    if (!layer) {
      throw new Error("kauri-aws has no layer");
    }
    return { environment, layer, json: layer.toTerraform() };
  });

describe("kauri-aws", () => {
  const { environment, layer, json } = build();
  const blocks = (type: string) => Object.values(json.resource?.[type] ?? {});

  test("GIVEN the settings as they are THEN it is one layer of some 40 resources with its state in S3", () => {
    expect(environment.layers.map(({ node }) => node.id)).toEqual(["kauri-aws"]);
    expect(json.terraform?.backend).toEqual({
      s3: { key: "kauri-aws/kauri-aws.tfstate", encrypt: true, use_lockfile: true },
    });
    expect(Object.values(json.resource ?? {}).flatMap(Object.keys)).toHaveLength(49);
  });

  test("THEN 80 and 443 are open to the world, 22 and 3000 to admin_cidr_blocks, and nothing else is", () => {
    const rules = blocks("aws_vpc_security_group_ingress_rule").map((rule) => [
      rule["from_port"],
      rule["to_port"],
      rule["ip_protocol"],
      rule["for_each"] ?? rule["cidr_ipv4"],
    ]);
    expect(rules.sort()).toEqual([
      [22, 22, "tcp", "${toset(var.admin_cidr_blocks)}"],
      [3000, 3000, "tcp", "${toset(var.admin_cidr_blocks)}"],
      [443, 443, "tcp", "0.0.0.0/0"],
      [80, 80, "tcp", "0.0.0.0/0"],
    ]);
    expect(blocks("aws_security_group_rule")).toEqual([]);
    for (const group of [...blocks("aws_security_group"), ...blocks("aws_default_security_group")]) {
      expect(group).not.toHaveProperty("ingress");
      expect(group).not.toHaveProperty("egress");
    }
    expect(layer.openPorts.map(({ port, from }) => [port, from])).toEqual([
      [80, "world"],
      [443, "world"],
      [22, "admin_cidr_blocks"],
      [3000, "admin_cidr_blocks"],
    ]);
  });

  test('THEN "*" is a resource only of actions for which AWS knows nothing narrower', () => {
    interface Statement {
      effect?: string;
      actions: string[];
      resources?: string[];
    }
    const statements = Object.values(json.data?.["aws_iam_policy_document"] ?? {}).flatMap(
      (document) => document["statement"] as Statement[],
    );
    const wide = statements.filter(({ effect, resources }) => effect !== "Deny" && resources?.includes("*"));

    expect(wide.flatMap(({ actions }) => actions).sort()).toEqual([
      "cloudwatch:PutMetricData",
      "ecr:GetAuthorizationToken",
    ]);
    const wildActions = statements.filter(({ effect, actions }) => effect !== "Deny" && actions.join().includes("*"));
    expect(wildActions).toEqual([]);
  });

  test("THEN the instance's role may read parameters, use the bucket, push telemetry, pull images, and nothing else", () => {
    const policies = blocks("aws_iam_role_policy").filter(({ role }) => role === "${aws_iam_role.server_role.name}");
    expect(policies.map(({ name }) => name).sort()).toEqual([
      "pull-images",
      "push-telemetry",
      "read-parameters",
      "use-bucket",
    ]);
    expect(json.resource?.["aws_iam_role_policy_attachment"]).toBeUndefined();
  });

  test("THEN everything is tagged Project, Environment, ManagedBy, the root volume explicitly", () => {
    const tags = { Project: "${var.project_name}", Environment: "kauri-aws", ManagedBy: "Terraform" };
    expect((json as { provider?: unknown }).provider).toEqual({
      aws: [{ region: "${var.aws_region}", default_tags: [{ tags }] }],
    });
    expect(blocks("aws_instance")[0]?.["root_block_device"]).toMatchObject({ tags });
  });

  test("THEN the budgets are global and the project's, both warning through the topic", () => {
    expect(
      blocks("aws_budgets_budget").map((budget) => [budget["name"], budget["limit_amount"], budget["cost_filter"]]),
    ).toEqual([
      ["global", "${var.global_budget_usd}", undefined],
      [
        "${var.project_name}",
        "${var.project_budget_usd}",
        [{ name: "TagKeyValue", values: ['${format("user:Project$%s", var.project_name)}'] }],
      ],
    ]);
  });

  test("THEN no secret is in the JSON or said to be in the state", () => {
    expect(layer.stateSecrets).toEqual([]);
    const uses = JSON.stringify({ ...json, variable: undefined }).match(/var\.ssm_parameters\b[^}]*/g) ?? [];
    expect([...new Set(uses)].sort()).toEqual([
      "var.ssm_parameters)))",
      "var.ssm_parameters[each.value].description)",
      "var.ssm_parameters[each.value].value",
    ]);
  });

  test("THEN ops get these outputs", () => {
    expect(Object.fromEntries(Object.entries(json.output ?? {}).map(([name, output]) => [name, output]))).toEqual({
      bucket_name: {
        description: "Bucket with base_connaissances/ and dumps/.",
        value: "${aws_s3_bucket.bucket.id}",
      },
      grafana_url: {
        description: "Grafana, for admin_cidr_blocks only.",
        value: "http://${aws_eip.server_address.public_ip}:3000",
      },
      instance_id: { description: "Id of the EC2 instance.", value: "${aws_instance.server.id}" },
      notification_topic_arn: {
        description: "SNS topic of budget warnings and alarms.",
        value: "${aws_sns_topic.notifications.arn}",
      },
      parameter_prefix: {
        description: "Path below which the secret parameters are.",
        value: "/${var.project_name}/",
      },
      public_ip: {
        description: "Public IPv4 address of the server; it stays when the server is stopped or replaced.",
        value: "${aws_eip.server_address.public_ip}",
      },
      ssh_command: {
        description: "Opens a shell on the server, with the private key of ssh_key_name.",
        value: "ssh ubuntu@${aws_eip.server_address.public_ip}",
      },
    });
  });

  test("THEN the README has a section for each thing that ops do by hand", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual([
      "What it costs",
      "First synchronisation",
      "Budgets",
      "Changing a secret",
      "Replacing the server",
      "Spot",
    ]);
  });
});

describe("settings of kauri-aws", () => {
  test("GIVEN images THEN repositories and a CI role come", () => {
    const { json } = build({
      ...SETTINGS,
      images: {
        repositories: ["api"],
        pusher: {
          issuer: "https://gitlab.com",
          audience: "aws",
          subjects: ["project_path:acme/kauri:ref_type:branch:ref:main"],
        },
      },
    });

    expect(Object.keys(json.resource?.["aws_ecr_repository"] ?? {})).toEqual(["images_api"]);
    expect(Object.keys(json.resource?.["aws_iam_openid_connect_provider"] ?? {})).toEqual(["images_ci"]);
  });

  test("GIVEN another backend THEN the layer has it", () => {
    expect(build({ ...SETTINGS, backend: "http" }).json.terraform?.backend).toEqual({
      http: { lock_method: "POST", unlock_method: "DELETE", retry_wait_min: 5 },
    });
  });

  test("fails with all problems at once: the key, the value found, what is accepted", async () => {
    const wrong = {
      ...SETTINGS,
      backend: "gcs",
      dumpTime: "25:00",
      cloudflareRecord: { zoneId: "x", hostname: "not a name" },
      colour: "green",
    } as unknown as KauriSettings;

    expect((await messageOf(() => build(wrong))).split("\n")).toEqual([
      "settings of kauri-aws: 5 problems",
      '  - backend is "gcs": Invalid option: expected one of "local"|"s3"|"http"',
      '  - dumpTime is "25:00": use a time such as "20:30"',
      '  - cloudflareRecord.zoneId is "x": use the zone\'s id, 32 hexadecimal digits',
      '  - cloudflareRecord.hostname is "not a name": use a full name such as kauri.example.com',
      expect.stringContaining('Unrecognized key: "colour"'),
    ]);
  });

  test("fails for a network that is not a /24", () => {
    expect(() => build({ ...SETTINGS, vpcCidrBlock: "10.0.0.0/16" })).toThrow(
      'kauri-aws/network: cidrBlock is "10.0.0.0/16": use a /24 such as "10.20.0.0/24"',
    );
  });
});

describeWithTerraform("kauri-aws through Terraform", () => {
  beforeAll(() => {
    Testing.setupJest();
  });

  test("GIVEN the synthesized layer THEN cdktf's own matcher finds it valid", () => {
    withApp((app: SocleApp) => {
      kauriAws(app, { ...SETTINGS, backend: "local" });
      app.synth();
      expect(app.outdir).toBeValidTerraform();
    });
  });
});
