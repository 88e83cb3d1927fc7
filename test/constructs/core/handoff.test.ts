import { type BackendType } from "../../../constructs/core/backend";
import {
  handoffFiles,
  inputsOf,
  resourceCounts,
  summarize,
  summarizeEnvironment,
} from "../../../constructs/core/handoff";
import { type Layer, type TerraformJson } from "../../../constructs/core/layer";
import { testEnvironment, testLayer } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { planVariables } from "../../support/terraform-run";

const LONG =
  "Everything that ops should know before they choose: what it is for, what it costs in a month, what happens to the data when it changes, and whom to ask.";

const JSON_OF_LAYER: TerraformJson = {
  terraform: {
    required_version: ">= 1.11.0",
    required_providers: {
      aws: { source: "hashicorp/aws", version: "~> 6.0.0" },
      cloudflare: { source: "cloudflare/cloudflare", version: "~> 5.1.0" },
    },
  },
  variable: {
    size: { type: "number", description: "Size of the | disk.", default: 20 },
    api_token: { type: "string", description: "Token of the API.", sensitive: true },
    region: { type: "string", description: "Region." },
    admin_cidr_blocks: { type: "list(string)", description: LONG },
    owner: { type: "string", description: "Owner.", default: null },
    password: { type: "string", description: "Password.", sensitive: true, default: "hunter2" },
    schedule: {
      type: "object({\n  start = string\n  days  = list(string)\n})",
      description: "When it\nruns.",
      default: { start: "07:00  ${x}", days: ["MON"] },
    },
  },
  output: {
    url: { description: "Its URL." },
    kubeconfig: { description: "How to reach it.", sensitive: true },
  },
  resource: {
    aws_s3_bucket: { dumps: {} },
    aws_alarm: { cpu: {}, disk: {} },
  },
};

const EMPTY_JSON: TerraformJson = { terraform: { required_version: ">= 1.11.0" } };

const layerOf = (backend: BackendType = "local"): Layer => {
  const environment = testEnvironment("lab", backend);
  const [, layer] = ["lab-data", "lab-genai", "lab-web"].map((name) => testLayer(environment, name)) as [Layer, Layer];
  return layer;
};

const readmeOf = (layer: Layer, json: TerraformJson = JSON_OF_LAYER) => handoffFiles(layer, json)["README.md"];
const tfvarsOf = (json: TerraformJson) => handoffFiles(layerOf(), json)["terraform.tfvars.example"];

/** The text below a heading of a README. */
const sectionOf = (readme: string, title: string): string =>
  new RegExp(`\\n## ${title}\\n\\n([^]*?)\\n(?:\\n## |$)`).exec(readme)?.[1] ?? `no section "${title}"`;

describe("inputsOf", () => {
  test("GIVEN inputs WHEN they are listed THEN the required ones come first, then by name", () => {
    expect(inputsOf(JSON_OF_LAYER).map(({ name, required, sensitive }) => [name, required, sensitive])).toEqual([
      ["admin_cidr_blocks", true, false],
      ["api_token", true, true],
      ["region", true, false],
      ["owner", false, false],
      ["password", false, true],
      ["schedule", false, false],
      ["size", false, false],
    ]);
  });

  test("GIVEN an input WHEN it is listed THEN it has its type, description and default, but no secret one", () => {
    const [, , , owner, password] = inputsOf(JSON_OF_LAYER);

    expect(owner).toEqual({
      name: "owner",
      type: "string",
      description: "Owner.",
      required: false,
      sensitive: false,
      default: null,
    });
    expect(password).not.toHaveProperty("default");
  });

  test("GIVEN a layer without inputs WHEN they are listed THEN there are none", () => {
    expect(inputsOf({})).toEqual([]);
  });
});

describe("resourceCounts", () => {
  test("GIVEN resources WHEN they are counted THEN each type has its number of blocks, by type", () => {
    expect(resourceCounts(JSON_OF_LAYER)).toEqual([
      ["aws_alarm", 2],
      ["aws_s3_bucket", 1],
    ]);
    expect(resourceCounts({})).toEqual([]);
  });
});

describe("README.md", () => {
  test("GIVEN a layer WHEN its README is written THEN it has these sections, the layer's own ones last", () => {
    const layer = layerOf();
    layer.addReadmeSection({ title: "Restore", body: "Ask ops." });

    const readme = readmeOf(layer);

    expect(readme.startsWith("# lab-genai\n\nWhat lab-genai makes.\n\nPlain Terraform (JSON)")).toBe(true);
    expect(readme.endsWith("\n## Restore\n\nAsk ops.\n")).toBe(true);
    expect(readme.match(/^## .*$/gm)).toEqual([
      "## Order",
      "## Requirements",
      "## Commands",
      "## What it makes",
      "## Inputs",
      "## Outputs",
      "## Open ports",
      "## What is secret in this state",
      "## Restore",
    ]);
  });

  test("GIVEN three layers WHEN the README of the second is written THEN the order shows where it stands", () => {
    expect(sectionOf(readmeOf(layerOf()), "Order")).toBe(
      "Layers of lab, in the order in which they are applied (destroy in the reverse order):\n\n" +
        "1. lab-data\n2. **lab-genai** (this one)\n3. lab-web",
    );
  });

  test("GIVEN providers WHEN the README is written THEN Terraform and they are required with their versions", () => {
    expect(sectionOf(readmeOf(layerOf()), "Requirements")).toBe(
      [
        "| What | Version |",
        "| --- | --- |",
        "| Terraform (or OpenTofu) | `>= 1.11.0` |",
        "| Provider hashicorp/aws | `~> 6.0.0` |",
        "| Provider cloudflare/cloudflare | `~> 5.1.0` |",
      ].join("\n"),
    );
  });

  test("GIVEN inputs WHEN the README is written THEN each has its row, and no secret its value", () => {
    const readme = readmeOf(layerOf());

    expect(sectionOf(readme, "Inputs")).toBe(
      [
        "| Name | Type | Default | Description |",
        "| --- | --- | --- | --- |",
        `| \`admin_cidr_blocks\` | \`list(string)\` | **required** | ${LONG} |`,
        "| `api_token` | `string` | **required**, secret | Token of the API. |",
        "| `region` | `string` | **required** | Region. |",
        "| `owner` | `string` | none | Owner. |",
        "| `password` | `string` | secret | Password. |",
        '| `schedule` | `object({ start = string days  = list(string) })` | `{ start = "07:00  $${x}", days = ["MON"] }` | When it runs. |',
        "| `size` | `number` | `20` | Size of the \\| disk. |",
      ].join("\n"),
    );
    expect(readme).not.toContain("hunter2");
  });

  test("GIVEN resources and outputs WHEN the README is written THEN they are counted and described", () => {
    const readme = readmeOf(layerOf());

    expect(sectionOf(readme, "What it makes")).toBe(
      "3 resource blocks (a block with `for_each` or `count` makes several resources, or none):\n\n" +
        "| Type | Blocks |\n| --- | --- |\n| `aws_alarm` | 2 |\n| `aws_s3_bucket` | 1 |",
    );
    expect(sectionOf(readme, "Outputs")).toBe(
      "| Name | Description |\n| --- | --- |\n| `kubeconfig` (sensitive) | How to reach it. |\n| `url` | Its URL. |",
    );
  });

  test("GIVEN an ephemeral secret THEN it is said to be in no plan file, and to be needed by both commands", () => {
    const json = {
      ...EMPTY_JSON,
      variable: { api_token: { type: "string", description: "Token.", sensitive: true, ephemeral: true } },
    };
    const commands = sectionOf(readmeOf(layerOf(), json), "Commands");

    expect(commands).toContain("In no plan file, and so needed by `plan` and `apply` alike: `api_token`.");
    expect(commands).not.toContain("A saved plan file");
  });

  test("GIVEN secrets WHEN the README is written THEN the commands ask for them and warn of the plan file", () => {
    expect(sectionOf(readmeOf(layerOf()), "Commands")).toBe(
      [
        "In this folder:",
        "",
        "```sh",
        "cp terraform.tfvars.example terraform.tfvars   # then fill it in",
        "read -rs TF_VAR_api_token && export TF_VAR_api_token   # secret: typed, not kept in a file",
        "read -rs TF_VAR_password && export TF_VAR_password   # secret: typed, not kept in a file",
        "terraform init",
        "terraform plan -out=tfplan",
        "terraform apply tfplan && rm tfplan",
        "```",
        "",
        "State backend: `local`. Credentials for it: None: the state is a file beside `cdktf.out/`. Back it up.",
        "",
        "A saved plan file carries the values of its inputs, the secret ones too (`api_token`, `password`): keep `tfplan` " +
          "to yourself and delete it after the apply, as above.",
      ].join("\n"),
    );
  });

  test.each<[BackendType, string]>([
    ["s3", 'terraform init \\\n  -backend-config="bucket=<state bucket>" \\\n  -backend-config="region=eu-west-1"\n'],
    [
      "http",
      "terraform init \\\n" +
        '  -backend-config="address=https://<gitlab>/api/v4/projects/<id>/terraform/state/lab-genai" \\\n' +
        '  -backend-config="lock_address=https://<gitlab>/api/v4/projects/<id>/terraform/state/lab-genai/lock" \\\n' +
        '  -backend-config="unlock_address=https://<gitlab>/api/v4/projects/<id>/terraform/state/lab-genai/lock"\n',
    ],
  ])("GIVEN %s WHEN the README is written THEN init has what the backend block lacks", (backend, command) => {
    const commands = sectionOf(readmeOf(layerOf(backend), EMPTY_JSON), "Commands");

    expect(commands).toContain(command);
    expect(commands).toContain(`State backend: \`${backend}\`. Credentials for it: `);
    expect(commands).not.toContain("A saved plan file");
  });

  test("GIVEN open ports and secrets in state WHEN the README is written THEN they are in tables", () => {
    const layer = layerOf();
    layer.addOpenPort({ port: 80, protocol: "tcp", from: "world", purpose: "HTTP" });
    layer.addOpenPort({ port: 22, protocol: "tcp", from: "admin_cidr_blocks", purpose: "SSH" });
    layer.addStateSecret({ what: "tls_private_key.ca", why: "The provider has no write-only way." });

    const readme = readmeOf(layer);

    expect(sectionOf(readme, "Open ports")).toBe(
      [
        "Nothing else can be reached from outside.",
        "",
        "| Port | From | What listens |",
        "| --- | --- | --- |",
        "| 80/tcp | anywhere | HTTP |",
        "| 22/tcp | `admin_cidr_blocks` | SSH |",
      ].join("\n"),
    );
    expect(sectionOf(readme, "What is secret in this state")).toBe(
      "| What | Why |\n| --- | --- |\n| tls_private_key.ca | The provider has no write-only way. |",
    );
  });

  test("GIVEN a layer with nothing in it WHEN the README is written THEN it says so", () => {
    const readme = readmeOf(layerOf(), EMPTY_JSON);

    expect(sectionOf(readme, "What it makes")).toMatch(/^0 resource blocks .*\n\nNone\.$/);
    expect(sectionOf(readme, "Inputs")).toBe("None.");
    expect(sectionOf(readme, "Outputs")).toBe("None.");
    expect(sectionOf(readme, "Open ports")).toBe(
      "This layer opens none; what the other layers open is in their READMEs.",
    );
    expect(sectionOf(readme, "What is secret in this state")).toBe(
      "Nothing: secrets take ways that Terraform does not keep, such as write-only attributes and files.",
    );
  });
});

describe("terraform.tfvars.example", () => {
  test("GIVEN inputs WHEN the example is written THEN required ones are null, defaults commented, secrets only named", () => {
    expect(tfvarsOf(JSON_OF_LAYER)).toBe(
      [
        "# Inputs of the layer lab-genai. Copy this file to terraform.tfvars and fill it in;",
        "# terraform.tfvars is yours: a new delivery of this folder does not contain one.",
        "",
        "# Everything that ops should know before they choose: what it is for, what it costs in a month, what happens to the",
        "# data when it changes, and whom to ask.",
        "# Type: list(string)",
        "# Required: replace null.",
        "admin_cidr_blocks = null",
        "",
        "# Token of the API.",
        "# Type: string",
        "# Required, secret: set TF_VAR_api_token in the environment instead of writing it here.",
        "",
        "# Region.",
        "# Type: string",
        "# Required: replace null.",
        "region = null",
        "",
        "# Owner.",
        "# Type: string",
        "# The default:",
        "# owner = null",
        "",
        "# Password.",
        "# Type: string",
        "# Secret: set TF_VAR_password in the environment instead of writing it here.",
        "",
        "# When it runs.",
        "# Type: object({",
        "#   start = string",
        "#   days  = list(string)",
        "# })",
        "# The default:",
        "# schedule = {",
        '#   start = "07:00  $${x}"',
        '#   days  = ["MON"]',
        "# }",
        "",
        "# Size of the | disk.",
        "# Type: number",
        "# The default:",
        "# size = 20",
        "",
      ].join("\n"),
    );
  });

  test("GIVEN long descriptions WHEN the example is written THEN its lines end before column 120", () => {
    const words = Array.from({ length: 200 }, (_item, index) => String(index % 10));
    const description = words.join(" ");

    const lines = tfvarsOf({ variable: { a: { type: "string", description } } }).split("\n");

    expect(Math.max(...lines.map((line) => line.length))).toBe(119);
    expect(lines.join(" ").replaceAll(" # ", " ")).toContain(description);
  });
});

describeWithTerraform("terraform.tfvars.example, read by Terraform", () => {
  const open = Object.fromEntries(
    Object.entries(JSON_OF_LAYER.variable ?? {}).filter(([, variable]) => !variable.sensitive),
  );
  const filledIn = tfvarsOf({ variable: open })
    .replace("region = null", 'region = "eu-west-1"')
    .replace("admin_cidr_blocks = null", 'admin_cidr_blocks = ["203.0.113.7/32"]');
  const required = Object.fromEntries(
    Object.entries(open).map(([name, block]) => [name, { ...block, nullable: false }]),
  );
  required["owner"] = { ...open["owner"], nullable: true } as never;

  test("GIVEN the example WHEN its nulls are replaced THEN Terraform plans with it", () => {
    expect(planVariables(required, filledIn)).toEqual({});
  });

  test("GIVEN the example WHEN its defaults are uncommented THEN Terraform reads them as the same values", () => {
    const uncommented = filledIn.replace(/^# (?=(owner|schedule|size) = | {2}(start|days) {1,2}= ["[]|\}$)/gm, "");
    // In an expression inside of JSON, a string's own "${" is escaped.
    const expression = (value: unknown) =>
      JSON.stringify(JSON.stringify(value)).replace(/[$%]\{/g, (sequence) => `${sequence.charAt(0)}${sequence}`);
    const same = Object.fromEntries(
      Object.entries(required).map(([name, block]) => [
        name,
        {
          type: block.type,
          validation: [
            {
              condition: `\${jsonencode(var.${name}) == jsonencode(jsondecode(${expression(block.default ?? null)}))}`,
              error_message: `The value of ${name} is another one.`,
            },
          ],
        },
      ]),
    );

    expect(uncommented).toMatch(/^schedule = \{$/m);
    expect(planVariables(same, uncommented)).toEqual({
      region: ["The value of region is another one."],
      admin_cidr_blocks: ["The value of admin_cidr_blocks is another one."],
    });
  });

  test("fails WHEN the example is used as it is, for each required input", () => {
    const problems = planVariables(required, tfvarsOf({ variable: open }))[""] ?? [];

    expect(problems).toHaveLength(2);
    expect(problems.join("\n")).toContain("var.region");
    expect(problems.join("\n")).toContain("var.admin_cidr_blocks");
  });
});

describe("summarize", () => {
  test("GIVEN a layer WHEN it is summarized THEN this is its entry in socle.json", () => {
    const layer = layerOf("http");
    const port = { port: 80, protocol: "tcp", from: "world", purpose: "HTTP" } as const;
    const secret = { what: "tls_private_key.ca", why: "No other way." };
    layer.addOpenPort(port);
    layer.addStateSecret(secret);
    const [earlier] = layer.environment.layers;
    layer.read(earlier as Layer);

    const summary = summarize(layer, JSON_OF_LAYER, "stacks/lab-genai", { "cdk.tf.json": "ab12" });

    expect(summary).toEqual({
      name: "lab-genai",
      description: "What lab-genai makes.",
      directory: "stacks/lab-genai",
      reads: ["lab-data"],
      terraform: ">= 1.11.0",
      providers: { "hashicorp/aws": "~> 6.0.0", "cloudflare/cloudflare": "~> 5.1.0" },
      backend: "http",
      resourceBlocks: 3,
      inputs: inputsOf(JSON_OF_LAYER),
      outputs: [
        { name: "kubeconfig", description: "How to reach it.", sensitive: true },
        { name: "url", description: "Its URL.", sensitive: false },
      ],
      openPorts: [port],
      secretsInState: [secret],
      files: { "cdk.tf.json": "ab12" },
    });
    expect(JSON.stringify(summary)).not.toContain("hunter2");
    const inEnvironment = { name: "lab", description: "The environment lab.", layers: [summary] };
    expect(summarizeEnvironment(layer.environment, [summary], [])).toEqual(inEnvironment);
    const repository = { name: "web-helm", directory: "gitops/web-helm", files: { "values.yaml": "cd34" } };
    expect(summarizeEnvironment(layer.environment, [summary], [repository])).toEqual({
      ...inEnvironment,
      repositories: [repository],
    });
  });
});
