import { BACKENDS } from "./backend";
import { type Environment } from "./environment";
import { toHcl, toHclLine } from "./hcl";
import { type CapacityEntry, type Layer, type TerraformJson, type VariableJson } from "./layer";

/** The files that ops get beside `cdk.tf.json`, by name. */
export interface HandoffFiles {
  readonly "README.md": string;
  readonly "terraform.tfvars.example": string;
}

/** Writes what ops read of a layer, from the layer and its Terraform JSON. */
export function handoffFiles(layer: Layer, json: TerraformJson): HandoffFiles {
  return { "README.md": readme(layer, json), "terraform.tfvars.example": tfvarsExample(layer, json) };
}

/** An input as `socle.json` lists it. */
export interface InputSummary {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly required: boolean;
  readonly sensitive: boolean;
  /** Left out when it is required, and when it is sensitive. */
  readonly default?: unknown;
}

/** A layer's inputs: the required ones first, then by name. */
export function inputsOf(json: TerraformJson): InputSummary[] {
  return Object.entries(json.variable ?? {})
    .map(([name, variable]: [string, VariableJson]) => ({
      name,
      type: variable.type,
      description: variable.description,
      required: variable.default === undefined,
      sensitive: variable.sensitive ?? false,
      ...(variable.default === undefined || variable.sensitive ? {} : { default: variable.default }),
    }))
    .sort((a, b) => Number(b.required) - Number(a.required) || (a.name < b.name ? -1 : 1));
}

/** How many blocks of each managed resource type the layer has, by type. */
export function resourceCounts(json: TerraformJson): [string, number][] {
  return Object.entries(json.resource ?? {})
    .map(([type, resources]): [string, number] => [type, Object.keys(resources).length])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function tfvarsExample(layer: Layer, json: TerraformJson): string {
  const blocks = inputsOf(json).map((input) => {
    const about = [...wrap(input.description, 117), ...`Type: ${input.type}`.split("\n")].map((line) => `# ${line}`);
    if (input.sensitive) {
      return [
        ...about,
        `# ${input.required ? "Required, secret" : "Secret"}: set TF_VAR_${input.name} in the environment instead of writing it here.`,
      ];
    }
    return input.required
      ? [...about, "# Required: replace null.", `${input.name} = null`]
      : [
          ...about,
          "# The default:",
          ...toHcl(input.default, "")
            .split("\n")
            .map((line, index) => (index === 0 ? `# ${input.name} = ${line}` : `# ${line}`)),
        ];
  });
  return [
    [
      `# Inputs of the layer ${layer.node.id}. Copy this file to terraform.tfvars and fill it in;`,
      "# terraform.tfvars is yours: a new delivery of this folder does not contain one.",
    ],
    ...blocks,
  ]
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function readme(layer: Layer, json: TerraformJson): string {
  const { environment } = layer;
  const counts = resourceCounts(json);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const inputs = inputsOf(json);
  const outputs = Object.entries(json.output ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const providers = Object.values(json.terraform?.required_providers ?? {});

  return [
    `# ${layer.node.id}`,
    layer.description,
    `Plain Terraform (JSON), written by Socle: change the source, not these files. ` +
      `Your own \`terraform.tfvars\` and \`.terraform*\` in this folder are left alone by a new synth.`,
    "## Order",
    `Layers of ${environment.name}, in the order in which they are applied (destroy in the reverse order):`,
    environment.layers
      .map((each, index) => `${index + 1}. ${each === layer ? `**${each.node.id}** (this one)` : each.node.id}`)
      .join("\n"),
    "## Requirements",
    table(
      ["What", "Version"],
      [
        ["Terraform (or OpenTofu)", `\`${json.terraform?.required_version}\``],
        ...providers.map(({ source, version }) => [`Provider ${source}`, `\`${version}\``]),
      ],
    ),
    "## Commands",
    commands(layer, inputs, json.variable ?? {}),
    `## What it makes`,
    `${total} resource blocks (a block with \`for_each\` or \`count\` makes several resources, or none):`,
    table(
      ["Type", "Blocks"],
      counts.map(([type, count]) => [`\`${type}\``, String(count)]),
    ),
    "## Inputs",
    table(
      ["Name", "Type", "Default", "Description"],
      inputs.map((input) => [
        `\`${input.name}\``,
        `\`${input.type}\``,
        input.required ? (input.sensitive ? "**required**, secret" : "**required**") : inlineDefault(input),
        input.description,
      ]),
    ),
    "## Outputs",
    table(
      ["Name", "Description"],
      outputs.map(([name, output]) => [`\`${name}\`${output.sensitive ? " (sensitive)" : ""}`, output.description]),
    ),
    "## Open ports",
    layer.openPorts.length === 0
      ? `This layer opens none${environment.layers.length > 1 ? "; what the other layers open is in their READMEs" : ""}.`
      : `Nothing else can be reached from outside.\n\n${table(
          ["Port", "From", "What listens"],
          layer.openPorts.map(({ port, protocol, from, purpose }) => [
            `${port}/${protocol}`,
            from === "world" ? "anywhere" : `\`${from}\``,
            purpose,
          ]),
        )}`,
    "## What is secret in this state",
    layer.stateSecrets.length === 0
      ? "Nothing: secrets take ways that Terraform does not keep, such as write-only attributes and files."
      : table(
          ["What", "Why"],
          layer.stateSecrets.map(({ what, why }) => [what, why]),
        ),
    ...layer.readmeSections.flatMap(({ title, body }) => [`## ${title}`, body]),
  ]
    .join("\n\n")
    .concat("\n");
}

function commands(
  layer: Layer,
  inputs: readonly InputSummary[],
  variables: Readonly<Record<string, VariableJson>>,
): string {
  const { environment } = layer;
  const backend = BACKENDS[environment.backend];
  const args = backend.arguments(environment.name, layer.node.id);
  const secrets = inputs.filter((input) => input.sensitive);
  const isEphemeral = ({ name }: InputSummary) => variables[name]?.ephemeral === true;
  const [kept, ephemeral] = [secrets.filter((each) => !isEphemeral(each)), secrets.filter(isEphemeral)];
  const list = (some: readonly InputSummary[]) => some.map(({ name }) => `\`${name}\``).join(", ");
  const init = ["terraform init", ...args.map(({ name, example }) => `-backend-config="${name}=${example}"`)];
  const lines = [
    "cp terraform.tfvars.example terraform.tfvars   # then fill it in",
    ...secrets.map(
      ({ name }) => `read -rs TF_VAR_${name} && export TF_VAR_${name}   # secret: typed, not kept in a file`,
    ),
    init.join(" \\\n  "),
    "terraform plan -out=tfplan",
    "terraform apply tfplan && rm tfplan",
  ];
  return [
    "In this folder:",
    `\`\`\`sh\n${lines.join("\n")}\n\`\`\``,
    `State backend: \`${environment.backend}\`. Credentials for it: ${backend.credentials}`,
    ...(kept.length > 0
      ? [
          `A saved plan file carries the values of its inputs, the secret ones too (${list(kept)}): keep \`tfplan\` to yourself and delete it after the apply, as above.`,
        ]
      : []),
    ...(ephemeral.length > 0
      ? [`In no plan file, and so needed by \`plan\` and \`apply\` alike: ${list(ephemeral)}.`]
      : []),
  ].join("\n\n");
}

function inlineDefault(input: InputSummary): string {
  if (input.sensitive) {
    return "secret";
  }
  return input.default === null ? "none" : `\`${toHclLine(input.default)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) {
    return "None.";
  }
  const cell = (text: string) => text.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ");
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** A layer's entry in `cdktf.out/socle.json`. */
export interface LayerSummary {
  readonly name: string;
  readonly description: string;
  /** Folder below `cdktf.out/`. */
  readonly directory: string;
  /** Names of the earlier layers whose state it reads. */
  readonly reads: readonly string[];
  readonly terraform: string;
  /** Provider source → version constraint. */
  readonly providers: Readonly<Record<string, string>>;
  readonly backend: string;
  readonly resourceBlocks: number;
  readonly inputs: readonly InputSummary[];
  readonly outputs: readonly { name: string; description: string; sensitive: boolean }[];
  readonly openPorts: Layer["openPorts"];
  readonly secretsInState: Layer["stateSecrets"];
  /** Left out when the layer delivers to no cluster. */
  readonly capacity?: CapacityEntry;
  /** Files of the folder → SHA-256, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
}

/** An environment's entry in `cdktf.out/socle.json`; layers stand in apply order. */
export interface EnvironmentSummary {
  readonly name: string;
  readonly description: string;
  readonly layers: readonly LayerSummary[];
  /** Git repositories to be published. Left out when it has none. */
  readonly repositories?: readonly RepositorySummary[];
}

/** A git repository in `cdktf.out/socle.json`. */
export interface RepositorySummary {
  readonly name: string;
  /** Folder below `cdktf.out/`. */
  readonly directory: string;
  /** Its tag `socle-<revision>` is what other content refers to. Left out where nothing does. */
  readonly revision?: string;
  /** Files of the folder → SHA-256, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
}

/** `cdktf.out/socle.json`: what is in the folder, for ops and for Socle's own tools. */
export interface Summary {
  readonly formatVersion: 1;
  readonly environments: readonly EnvironmentSummary[];
}

/** A layer's entry in `socle.json`. */
export function summarize(
  layer: Layer,
  json: TerraformJson,
  directory: string,
  files: Readonly<Record<string, string>>,
): LayerSummary {
  const providers = Object.values(json.terraform?.required_providers ?? {});
  return {
    name: layer.node.id,
    description: layer.description,
    directory,
    reads: layer.reads.map((earlier) => earlier.node.id),
    terraform: json.terraform?.required_version ?? "",
    providers: Object.fromEntries(providers.map(({ source, version }) => [source, version])),
    backend: layer.environment.backend,
    resourceBlocks: resourceCounts(json).reduce((sum, [, count]) => sum + count, 0),
    inputs: inputsOf(json),
    outputs: Object.entries(json.output ?? {})
      .map(([name, { description, sensitive }]) => ({ name, description, sensitive: sensitive ?? false }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    openPorts: layer.openPorts,
    secretsInState: layer.stateSecrets,
    ...(layer.capacity ? { capacity: layer.capacity() } : {}),
    files,
  };
}

/** An environment's entry in `socle.json`. */
export function summarizeEnvironment(
  environment: Environment,
  layers: readonly LayerSummary[],
  repositories: readonly RepositorySummary[],
): EnvironmentSummary {
  return {
    name: environment.name,
    description: environment.description,
    layers,
    ...(repositories.length > 0 ? { repositories } : {}),
  };
}
