import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { messageOf, OfflineError } from "./errors";
import type { Environment, Layer } from "./manifest";
import { readEnvironments } from "./manifest";
import { readSettings } from "./settings";
import type { OfflineSettings } from "./settings";
import { startOfflineServer } from "./start";
import { cleanEnvironment, diagnosticsOf, plannedResources, renderDiagnostic, runTerraform } from "./terraform";
import type { TerraformResult } from "./terraform";
import { constructPath, prepareLayer, readStack } from "./workspace";

export type Verdict = "ok" | "failed" | "skipped";

export interface LayerResult {
  readonly layer: string;
  readonly verdict: Verdict;
  /** Managed resources in the plan; not counted by `validate`. */
  readonly resources?: number;
  readonly seconds: number;
  /** What is to be read about it: Terraform's errors and warnings, its plan where it was asked for. */
  readonly text: string;
}

export interface LayersOptions {
  readonly command: "validate" | "plan";
  /** The one environment that is wanted. @default - all of them */
  readonly environment?: string;
  /** Folder of the repository, with `environments/`. */
  readonly root: string;
  /** Folder that synth wrote. */
  readonly out: string;
  /** Folder of the provider schemas. */
  readonly schemas: string;
  /** Folder that receives `<layer>.json` of each plan, for policy checks. @default - they are not kept */
  readonly saveJson?: string;
  /** Whether Terraform's own plan is part of the text. */
  readonly showPlan: boolean;
  readonly colour: boolean;
  /** Called for each layer as soon as it is done. */
  readonly report: (result: LayerResult) => void;
}

/** Terraform and its providers keep about one core busy each. */
const LAYERS_AT_A_TIME = 2;

/**
 * Validates, or plans and applies, every layer in throw-away copies. A layer starts when those that it reads are done;
 * the others run beside each other. Results are in apply order.
 *
 * @throws {OfflineError} for an unknown environment or settings that cannot be used, before anything runs
 */
export async function runLayers(options: LayersOptions): Promise<LayerResult[]> {
  const environments = readEnvironments(options.out, options.environment);
  const settings = readAllSettings(options, environments);
  const folder = mkdtempSync(join(tmpdir(), "socle-layers-"));
  const limit = limiter(LAYERS_AT_A_TIME);
  // `process.exit` ends the process without its `finally`.
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const servers = new Servers(options.schemas);
    try {
      const results = await Promise.all(
        environments.map(async (environment) => {
          const own = settings.get(environment.name);
          const env = cleanEnvironment(await servers.start(own?.fakes ?? {}));
          return runEnvironment(environment, new LayerRun(options, folder, env, own), limit, options.report);
        }),
      );
      return results.flat();
    } finally {
      await servers.stop();
    }
  } finally {
    remove();
    process.off("exit", remove);
  }
}

/** Validation needs neither inputs nor fakes. All files are read first, so that all their problems show at once. */
function readAllSettings(
  { command, root }: LayersOptions,
  environments: readonly Environment[],
): Map<string, OfflineSettings> {
  const settings = new Map<string, OfflineSettings>();
  const problems: string[] = [];
  for (const environment of command === "plan" ? environments : []) {
    try {
      settings.set(environment.name, readSettings(root, environment));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length > 0) {
    throw new OfflineError(problems.join("\n"));
  }
  return settings;
}

/** One server for all environments with the same fakes, started one after the other. */
class Servers {
  private readonly started = new Map<string, ReturnType<typeof startOfflineServer>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly schemas: string) {}

  async start(fakes: OfflineSettings["fakes"]): Promise<Readonly<Record<string, string>>> {
    const key = JSON.stringify(fakes);
    const server = this.started.get(key) ?? this.last.then(() => startOfflineServer({ schemas: this.schemas, fakes }));
    this.started.set(key, server);
    this.last = server;
    return (await server).env;
  }

  async stop(): Promise<void> {
    const settled = await Promise.allSettled([...this.started.values()]);
    await Promise.all(settled.flatMap((server) => (server.status === "fulfilled" ? [server.value.stop()] : [])));
  }
}

async function runEnvironment(
  environment: Environment,
  run: LayerRun,
  limit: <T>(task: () => Promise<T>) => Promise<T>,
  report: (result: LayerResult) => void,
): Promise<LayerResult[]> {
  const running = new Map<string, Promise<LayerResult>>();
  for (const layer of environment.layers) {
    // Layers are in apply order: those that this one reads are already in the map.
    const reads = layer.reads.flatMap((name) => running.get(name) ?? []);
    const result = Promise.all(reads).then(async (earlier) => {
      const broken = earlier.filter(({ verdict }) => verdict !== "ok").map(({ layer: name }) => name);
      const done: LayerResult =
        broken.length > 0 && run.needsEarlierLayers
          ? { layer: layer.name, verdict: "skipped", seconds: 0, text: `It reads ${broken.join(", ")}.` }
          : await limit(() => run.layer(layer));
      report(done);
      return done;
    });
    running.set(layer.name, result);
  }
  return Promise.all(running.values());
}

/** Ends the work on a layer: Terraform's reasons have been collected. */
class LayerFailed extends Error {}

class LayerRun {
  /** Validation looks at one layer alone; a plan reads the states of earlier ones. */
  readonly needsEarlierLayers: boolean;

  constructor(
    private readonly options: LayersOptions,
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly settings: OfflineSettings | undefined,
  ) {
    this.needsEarlierLayers = options.command === "plan";
  }

  async layer(layer: Layer): Promise<LayerResult> {
    const started = Date.now();
    const text: string[] = [];
    let resources: number | undefined;
    let verdict: Verdict = "ok";
    try {
      prepareLayer(this.options.out, layer, (name) => this.folderOf(name), this.settings?.inputs.get(layer.name) ?? {});
      const init = await this.terraform(layer, ["init", "-input=false", "-no-color"]);
      if (init.code !== 0) {
        text.push(init.stderr.trim());
        throw new LayerFailed();
      }
      await this.checked(layer, ["validate", "-json"], text);
      if (this.options.command === "plan") {
        resources = await this.planAndApply(layer, text);
      }
    } catch (error) {
      verdict = "failed";
      if (!(error instanceof LayerFailed)) {
        text.push(messageOf(error));
      }
    }
    const seconds = (Date.now() - started) / 1000;
    return { layer: layer.name, verdict, resources, seconds, text: [...new Set(text)].join("\n").trim() };
  }

  private async planAndApply(layer: Layer, text: string[]): Promise<number> {
    const { stdout } = await this.checked(layer, ["plan", "-json", "-input=false", "-out=socle.tfplan"], text);
    if (this.options.showPlan) {
      text.push((await this.terraform(layer, ["show", ...this.colour(), "socle.tfplan"])).stdout.trim());
    }
    if (this.options.saveJson !== undefined) {
      const { stdout: json } = await this.terraform(layer, ["show", "-json", "socle.tfplan"]);
      mkdirSync(this.options.saveJson, { recursive: true });
      writeFileSync(join(this.options.saveJson, `${layer.name}.json`), json);
    }
    await this.checked(layer, ["apply", "-json", "-input=false", "socle.tfplan"], text);

    const second = await this.terraform(layer, ["plan", "-detailed-exitcode", "-input=false", ...this.colour()]);
    if (second.code !== 0) {
      text.push(
        "After apply, a second plan must be empty. It is not: something in the configuration is new at every run.",
        second.stdout.trim(),
        second.stderr.trim(),
      );
      throw new LayerFailed();
    }
    return plannedResources(stdout);
  }

  /** Runs a command that prints JSON; its errors and warnings go to the text, with the constructs they are about. */
  private async checked(layer: Layer, args: readonly string[], text: string[]): Promise<TerraformResult> {
    const result = await this.terraform(layer, args);
    const stack = readStack(this.folderOf(layer.name));
    const diagnostics = diagnosticsOf(result.stdout);
    text.push(...diagnostics.map((each) => renderDiagnostic(each, (address) => constructPath(stack, address))));
    if (result.code !== 0) {
      text.push(result.stderr.trim());
      throw new LayerFailed();
    }
    return result;
  }

  private terraform(layer: Layer, args: readonly string[]): Promise<TerraformResult> {
    return runTerraform(this.folderOf(layer.name), args, this.env);
  }

  private folderOf(layer: string): string {
    return join(this.folder, layer);
  }

  private colour(): string[] {
    return this.options.colour ? [] : ["-no-color"];
  }
}

/** Lets at most `count` tasks run at the same time. */
function limiter(count: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      free -= 1;
    }
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) {
        free += 1;
      } else {
        next();
      }
    }
  };
}
