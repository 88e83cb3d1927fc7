import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { diagnosticsOf, renderDiagnostic, terraformBinary } from "../offline/terraform";
import { type Interruption } from "./interruption";
import type { LabLayer } from "./lab";
import { LabError } from "./lab-error";

/** What an apply would do. */
export interface PlanSummary {
  /** How many resources; an output that changes alone counts nowhere. */
  readonly add: number;
  readonly change: number;
  readonly remove: number;
  /** Addresses of what would be destroyed, for good or to be made anew. */
  readonly destroyed: readonly string[];
}

/** What Terraform is given. */
export interface TerraformInputs {
  /** Inputs that anybody may see, by name; a layer gets those that it declares. */
  readonly variables: Readonly<Record<string, string>>;
  /** Environment variables with secrets. */
  readonly env: Readonly<Record<string, string>>;
}

interface State {
  readonly outputs?: Readonly<Record<string, { readonly value: unknown }>>;
  readonly resources: readonly {
    readonly mode: string;
    readonly type: string;
    readonly instances: readonly { readonly attributes: Readonly<Record<string, unknown>> }[];
  }[];
}

/** Terraform in the folder of one layer. */
export class TerraformLayer {
  private readonly folder: string;

  constructor(
    out: string,
    private readonly layer: LabLayer,
    private readonly interruption: Interruption,
  ) {
    this.folder = resolve(out, layer.directory);
  }

  /** The file with the layer's state. */
  get stateFile(): string {
    const stack = JSON.parse(readFileSync(join(this.folder, "cdk.tf.json"), "utf8")) as {
      terraform: { backend: { local: { path: string } } };
    };
    return resolve(this.folder, stack.terraform.backend.local.path);
  }

  /** What is in the state: the attributes of each managed resource of a type, or of every one. */
  resources(type?: string): readonly Readonly<Record<string, unknown>>[] {
    return this.state.resources
      .filter((each) => each.mode === "managed" && (type === undefined || each.type === type))
      .flatMap(({ instances }) => instances.map(({ attributes }) => attributes));
  }

  /** The layer's outputs that are texts, by name. */
  get outputs(): Readonly<Record<string, string>> {
    const outputs = Object.entries(this.state.outputs ?? {});
    return Object.fromEntries(
      outputs.flatMap(([name, { value }]) => (typeof value === "string" ? [[name, value] as const] : [])),
    );
  }

  private get state(): State {
    return existsSync(this.stateFile) ? (JSON.parse(readFileSync(this.stateFile, "utf8")) as State) : { resources: [] };
  }

  /** Gets the providers; those of a newer delivery too. Terraform writes states that everybody may read: their folder is closed. */
  async init(): Promise<void> {
    const states = dirname(this.stateFile);
    mkdirSync(states, { recursive: true, mode: 0o700 });
    chmodSync(states, 0o700);
    const init = (...more: readonly string[]) => this.captured({}, "init", "-input=false", "-no-color", ...more);
    let result = await init();
    // The lock file is of an earlier delivery, with an older version of a provider.
    if (result.code !== 0 && result.stderr.includes("-upgrade")) {
      result = await init("-upgrade");
    }
    this.check("init", result);
  }

  /**
   * Plans, and applies where there is something to do.
   *
   * @param report called with what the plan would do, before it is done; with nothing where there is nothing to do
   */
  async apply(inputs: TerraformInputs, report: (summary: PlanSummary | undefined) => void): Promise<void> {
    await this.planned(inputs, ["-detailed-exitcode"], report);
  }

  /** Destroys what is given, and what depends on it. */
  async destroy(
    inputs: TerraformInputs,
    targets: readonly string[],
    report: (summary: PlanSummary | undefined) => void,
  ): Promise<void> {
    const args = ["-destroy", "-detailed-exitcode", ...targets.map((target) => `-target=${target}`)];
    await this.planned(inputs, args, report);
  }

  /** Addresses in the state. */
  async addresses(): Promise<readonly string[]> {
    const result = await this.captured({}, "state", "list");
    this.check("state list", result);
    return result.stdout.split("\n").filter((line) => line !== "");
  }

  private async planned(
    { variables, env }: TerraformInputs,
    args: readonly string[],
    report: (summary: PlanSummary | undefined) => void,
  ): Promise<void> {
    const declared = new Set(this.layer.inputs.map(({ name }) => name));
    const values = Object.entries(variables)
      .filter(([name]) => declared.has(name))
      .map(([name, value]) => `-var=${name}=${value}`);
    // A saved plan carries the values of secret inputs: it is nobody else's, and gone at the end.
    const folder = mkdtempSync(join(tmpdir(), "socle-plan-"));
    try {
      const plan = join(folder, "plan");
      const result = await this.captured(env, "plan", "-input=false", "-json", `-out=${plan}`, ...args, ...values);
      if (result.code === 0) {
        report(undefined);
        return;
      }
      if (result.code !== 2) {
        const diagnostics = diagnosticsOf(result.stdout).filter(({ severity }) => severity === "error");
        throw this.failed("plan", [
          ...diagnostics.map((each) => renderDiagnostic(each, () => undefined)),
          result.stderr,
        ]);
      }
      report(summaryOf(result.stdout));
      const colour = process.stdout.isTTY ? [] : ["-no-color"];
      const code = await this.shown(env, "apply", "-input=false", ...colour, plan);
      if (code !== 0) {
        throw this.failed("apply", []);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private check(command: string, { code, stderr }: { code: number; stderr: string }): void {
    if (code !== 0) {
      throw this.failed(command, [stderr]);
    }
  }

  private failed(command: string, texts: readonly string[]): Error {
    const said = texts.map((text) => text.trim()).filter((text) => text !== "");
    return (
      this.interruption.error() ??
      new LabError([`terraform ${command} of ${this.layer.name} failed.`, ...said].join("\n\n"))
    );
  }

  private async captured(
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = this.start(env, args, "pipe");
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return { code: await this.ended(child), stdout, stderr };
  }

  /** Terraform's own words go to the terminal. */
  private shown(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<number> {
    return this.ended(this.start(env, args, "inherit"));
  }

  private start(env: Readonly<Record<string, string>>, args: readonly string[], output: "pipe" | "inherit") {
    this.interruption.check();
    return spawn(terraformBinary(), args, {
      cwd: this.folder,
      env: { ...process.env, ...terraformEnvironment(), ...env },
      stdio: ["ignore", output, output],
      // A process group of its own: an interrupt on the terminal reaches it once, by way of this process. A second one
      // would make it stop without writing its state.
      detached: true,
    });
  }

  private async ended(child: ReturnType<typeof spawn>): Promise<number> {
    const release = this.interruption.forwardTo(child);
    try {
      const [code] = (await once(child, "close")) as [number | null];
      return code ?? 1;
    } finally {
      release();
    }
  }
}

/** Providers are kept once for all layers, unless the user keeps them elsewhere. */
function terraformEnvironment(): Readonly<Record<string, string>> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "socle", "terraform-plugins");
  const own = process.env["TF_PLUGIN_CACHE_DIR"];
  if (!own) {
    mkdirSync(cache, { recursive: true });
  }
  return {
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    TF_PLUGIN_CACHE_DIR: own || cache,
    // Without a lock file, which is in no repository, Terraform asks the cache only when it is told so.
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
  };
}

function summaryOf(stdout: string): PlanSummary {
  const lines = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map(
      (line) =>
        JSON.parse(line) as {
          type?: string;
          changes?: { add: number; change: number; remove: number };
          change?: { action: string; resource: { addr: string } };
        },
    );
  const changes = lines.find(({ type }) => type === "change_summary")?.changes;
  const destroyed = lines
    .filter(({ type, change }) => type === "planned_change" && /^(delete|replace)$/.test(change?.action ?? ""))
    .map(({ change }) => change?.resource.addr ?? "")
    .sort();
  return { add: changes?.add ?? 0, change: changes?.change ?? 0, remove: changes?.remove ?? 0, destroyed };
}
