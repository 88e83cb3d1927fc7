import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";

import { GPU_IMAGE, SCENARIO_IMAGES } from "../../../tools/lab/images";
import { temporaryFolder } from "../../support/layers";
import { FakeGitLab } from "./fake-gitlab";
import { fakePrograms } from "./support";

const ROOT = resolve(__dirname, "../../..");

const SOURCES = {
  docker: { source: "kreuzwerker/docker" },
  tls: { source: "hashicorp/tls" },
};

export const LAYERS = ["lab-services", "lab-forge", "lab-cluster", "lab-platform"] as const;
type LayerName = (typeof LAYERS)[number];

/** A network, a volume that refuses a destroy, and a container on both. */
const container = (name: string, network: string) => ({
  docker_volume: { [`${name}_data`]: { name: `lab-${name}`, lifecycle: { prevent_destroy: true } } },
  docker_container: {
    [name]: {
      name: `lab-${name}`,
      image: "image:1",
      networks_advanced: [{ name: network }],
      volumes: [{ volume_name: `\${docker_volume.${name}_data.name}`, container_path: "/data" }],
    },
  },
});

const variable = (type: string, more: object = {}) => ({ type, description: "x", ...more });

/** Four layers in the manner of the lab's: the real provider schemas, and few resources. */
const STACKS: Readonly<Record<LayerName, object>> = {
  "lab-services": {
    variable: { secrets_dir: variable("string"), secrets_owner: variable("string") },
    resource: {
      docker_network: { network: { name: "lab" } },
      ...container("postgres", "${docker_network.network.name}"),
      terraform_data: { secrets: { input: "${var.secrets_dir}" } },
    },
    output: { network: { value: "lab" } },
  },
  "lab-forge": { resource: container("gitlab", "lab") },
  "lab-cluster": {
    variable: { gpu: variable("bool"), gpu_image: variable("string", { default: "none" }) },
    resource: {
      tls_private_key: { authority: { algorithm: "ED25519" } },
      ...container("server", "lab"),
      // Where GO says nothing, the apply takes as long as one that is interrupted.
      terraform_data: {
        slow: {
          input: "${var.gpu} ${var.gpu_image}",
          depends_on: ["tls_private_key.authority", "docker_container.server"],
          provisioner: [{ "local-exec": { command: '[ "$GO" = no ] && echo waiting-here && sleep 60 || true' } }],
        },
      },
    },
  },
  "lab-platform": {
    variable: {
      scenario: variable("string", { default: "etl-minimal" }),
      extra_components: variable("set(string)", {
        validation: [
          { condition: '${!contains(var.extra_components, "nonsense")}', error_message: "No such component." },
        ],
      }),
      argocd_platform_repo_username: variable("string"),
      argocd_platform_repo_password: variable("string", { sensitive: true }),
    },
    resource: {
      terraform_data: {
        choice: { input: '${var.scenario}: ${join(",", var.extra_components)}' },
        repository: { input: "${var.argocd_platform_repo_username}" },
      },
    },
    output: {
      argocd_url: { value: "https://argocd.lab.local" },
      argocd_password_command: { value: "kubectl get secret argocd" },
    },
  },
};

const nodes = {
  nodeType: "a workstation",
  nodeCount: 2,
  available: { cpuMillis: 12_000, memoryMib: 24_576 },
  requested: { cpuMillis: 300, memoryMib: 3072 },
  rows: [
    { name: "postgres", namespace: "(containers)", replicas: 1, cpuMillis: 0, memoryMib: 1024 },
    { name: "airflow", namespace: "airflow", replicas: 2, cpuMillis: 300, memoryMib: 2048 },
  ],
};

/**
 * What Docker is here: containers are there when a state says so. It notes its calls, and knows GitLab's console.
 * Files say more: `health` has the health of every container, `busy` a volume in use, `strays` a container of nobody.
 */
const FAKE_DOCKER = (folder: string, gitlab: FakeGitLab) => `
echo "docker $*" >> ${folder}/docker.log
case "$1" in
  ps) exec ${process.execPath} ${folder}/ps.js;;
  exec) ${gitlab.console};;
  volume)
    if [ -e ${folder}/busy ] && [ "$4" = "$(cat ${folder}/busy)" ]; then
      echo "Error response from daemon: volume is in use." >&2
      exit 1
    fi;;
esac`;

const PS = (folder: string) => `
const fs = require("node:fs");
const print = (name, status) => console.log(JSON.stringify({ Names: name, State: "running", Status: status }));
const states = ${JSON.stringify(join(folder, ".terraform-state"))};
const health = fs.existsSync("${folder}/health") ? fs.readFileSync("${folder}/health", "utf8").trim() : "healthy";
if (health === "starting") fs.rmSync("${folder}/health");
for (const file of fs.existsSync(states) ? fs.readdirSync(states).filter((name) => name.endsWith(".tfstate")) : []) {
  for (const { type, instances } of JSON.parse(fs.readFileSync(states + "/" + file, "utf8")).resources) {
    for (const { attributes } of type === "docker_container" ? instances : []) {
      const shown = health === "starting" ? "health: starting" : health;
      print(attributes.name, "Up 3 minutes (" + shown + ")");
    }
  }
}
if (fs.existsSync("${folder}/strays")) print(fs.readFileSync("${folder}/strays", "utf8"), "Up 3 minutes");`;

export interface LabRun {
  readonly code: number | null;
  readonly output: string;
}

/** A synthesized lab in a folder of its own, with a Docker, a GitLab and a registry that are not real. */
export class LabProject {
  readonly secrets: string;
  /** Images that the registry has, such as `lab/airflow:0123456789ab`. */
  readonly images = new Set<string>();
  private readonly registry = createServer((request, response) => {
    const [, name = "", tag = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(request.url ?? "") ?? [];
    response.writeHead(this.images.has(`${name}:${tag}`) ? 200 : 404).end();
  });

  private constructor(
    readonly folder: string,
    readonly gitlab: FakeGitLab,
  ) {
    this.secrets = join(folder, "secrets");
    writeFileSync(join(folder, "ps.js"), PS(folder));
  }

  private writeSmallLab(): void {
    for (const name of [GPU_IMAGE, ...Object.values(SCENARIO_IMAGES).flat()]) {
      this.write(`images/${name}/Dockerfile`, `FROM scratch\nLABEL name=${name}\n`);
    }
    this.write("cdktf.out/gitops/platform-gitops/README.md", "Applications\n");
    for (const layer of LAYERS) {
      this.stack(layer, STACKS[layer]);
    }
  }

  /** A lab of {@link LAYERS}. */
  static async start(): Promise<LabProject> {
    const project = await LabProject.empty();
    project.writeSmallLab();
    return project;
  }

  /** The lab itself, as `cdktf.out/` has it. */
  static async whole(): Promise<LabProject> {
    const project = await LabProject.empty();
    cpSync(join(ROOT, "cdktf.out"), join(project.folder, "cdktf.out"), {
      recursive: true,
      filter: (path) => !/\.terraform|\/stacks\/(?!lab-)[^/]+$/.test(path),
    });
    cpSync(join(ROOT, "images"), join(project.folder, "images"), { recursive: true });
    return project;
  }

  private static async empty(): Promise<LabProject> {
    const project = new LabProject(temporaryFolder(), await FakeGitLab.start());
    await new Promise<void>((done) => project.registry.listen(0, "127.0.0.1", done));
    return project;
  }

  async stop(): Promise<void> {
    await this.gitlab.stop();
    this.registry.closeAllConnections();
    await new Promise((done) => this.registry.close(done));
  }

  write(path: string, content: unknown): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }

  /** Writes a layer as synth does, and says so in `socle.json`. */
  stack(layer: LayerName, content: object): void {
    const backend = { local: { path: `../../../.terraform-state/${layer}.tfstate` } };
    const stack = { terraform: { backend, required_providers: SOURCES }, ...content };
    this.write(`cdktf.out/stacks/${layer}/cdk.tf.json`, stack);
    this.write("cdktf.out/socle.json", {
      environments: [
        {
          name: "lab",
          layers: LAYERS.map((name) => this.summary(name)),
          repositories: [{ name: "platform-gitops", directory: "gitops/platform-gitops" }],
        },
      ],
    });
  }

  /** Runs the real command. */
  run(
    args: readonly string[],
    options: {
      env?: Record<string, string>;
      input?: string;
      onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
    } = {},
  ): Promise<LabRun> {
    const docker = fakePrograms({
      docker: FAKE_DOCKER(this.folder, this.gitlab),
      kubectl: options.env?.["KUBECTL"] ?? "exit 1",
    });
    const child = spawn(process.execPath, [join(ROOT, "tools/start.mjs"), "tools/lab/cli.ts", ...args], {
      cwd: this.folder,
      env: {
        ...process.env,
        PATH: `${docker}:${process.env["PATH"]}`,
        SOCLE_LAB_SECRETS: this.secrets,
        XDG_CACHE_HOME: join(this.folder, "cache"),
        ...options.env,
      },
    });
    let output = "";
    const take = (text: string) => {
      output += text;
      options.onOutput?.(output, (signal) => child.kill(signal));
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.stdin.end(options.input ?? "");
    return new Promise((done) => child.once("close", (code) => done({ code, output })));
  }

  /** `lab up` without a look at the machine, which is not a lab's. */
  up(...args: readonly string[]): Promise<LabRun> {
    return this.run(this.upArguments(...args));
  }

  upArguments(...args: readonly string[]): readonly string[] {
    const { port } = this.registry.address() as AddressInfo;
    return ["up", "--no-doctor", "--gitlab", this.gitlab.url, "--registry", `127.0.0.1:${port}`, ...args];
  }

  /** Attributes in a layer's state, by address. */
  state(layer: string): Record<string, Record<string, unknown>> {
    const file = join(this.folder, ".terraform-state", `${layer}.tfstate`);
    const { resources } = JSON.parse(existsSync(file) ? readFileSync(file, "utf8") : '{"resources": []}') as {
      resources: { type: string; name: string; instances: { attributes: Record<string, unknown> }[] }[];
    };
    // What has any type is kept with it.
    const plain = (value: unknown) =>
      typeof value === "object" && value !== null && "value" in value ? value.value : value;
    return Object.fromEntries(
      resources.map(({ type, name, instances }) => [
        `${type}.${name}`,
        Object.fromEntries(Object.entries(instances[0]?.attributes ?? {}).map(([key, value]) => [key, plain(value)])),
      ]),
    );
  }

  /** What Docker was asked. */
  docker(): readonly string[] {
    const file = join(this.folder, "docker.log");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  private summary(name: LayerName): object {
    const file = join(this.folder, "cdktf.out/stacks", name, "cdk.tf.json");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "{}";
    const { variable: variables = {} } = JSON.parse(text) as { variable?: Record<string, { default?: unknown }> };
    return {
      name,
      description: `What ${name} makes.`,
      directory: `stacks/${name}`,
      inputs: Object.entries(variables).map(([input, { default: value }]) => ({
        name: input,
        required: value === undefined,
        ...(value === undefined ? {} : { default: value }),
      })),
      files: { "cdk.tf.json": createHash("sha256").update(text).digest("hex") },
      ...(name === "lab-platform" ? { capacity: { ...nodes, cases: { "etl-minimal": nodes, genai: nodes } } } : {}),
    };
  }
}
