import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { type App } from "cdktf";
import { SocleApp } from "./app";
import { type Environment } from "./environment";
import { SocleError } from "./error";
import {
  type EnvironmentSummary,
  handoffFiles,
  type RepositorySummary,
  summarize,
  summarizeEnvironment,
  type Summary,
} from "./handoff";
import { type Layer, type TerraformJson } from "./layer";
import { type Repository } from "./repository";
import { ENVIRONMENT_POLICIES, POLICIES } from "../policy/policies";
import { disableTokenStackTraces } from "./stack-traces";

/** Builds one environment into an app. Loaded only when that environment is synthesized. */
export type EnvironmentLoader = () => Promise<{ default: (app: App) => Environment }>;

export interface SynthesizeOptions {
  /** Folder to write. @default - what cdktf's CLI asks for, or `cdktf.out` */
  readonly outdir?: string;
  /** The one environment to write. @default - all of them */
  readonly environment?: string;
  /** Receives a line for each layer. @default - nothing is printed */
  readonly log?: (line: string) => void;
}

const SUMMARY_FILE = "socle.json";
const MANIFEST_FILE = "manifest.json";

/**
 * The command line of `main.ts`: `[--env NAME] [--trace]`. Problems are printed as they are and set the exit code to 1.
 *
 * @param loaders every environment, by name
 */
export async function main(loaders: Readonly<Record<string, EnvironmentLoader>>): Promise<void> {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2),
      options: { env: { type: "string" }, trace: { type: "boolean", default: false } },
    });
    if (!values.trace) {
      disableTokenStackTraces();
    }
    await synthesize(loaders, {
      ...(values.env ? { environment: values.env } : {}),
      log: (line) => process.stdout.write(`${line}\n`),
    });
  } catch (error) {
    process.exitCode = 1;
    const expected = error instanceof SocleError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${expected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
  }
}

/**
 * Synthesizes environments into a folder next to `outdir` and, when everything has succeeded, moves the files over.
 *
 * A failure leaves `outdir` as it was. What Socle did not write (`.terraform*`, `terraform.tfvars`) stays; what it wrote
 * before and no longer writes goes. With one environment the others' files stay and their entries are kept.
 *
 * @throws SocleError for an unknown environment, and with all problems that validations and policies found
 */
export async function synthesize(
  loaders: Readonly<Record<string, EnvironmentLoader>>,
  options: SynthesizeOptions = {},
): Promise<void> {
  const names = Object.keys(loaders);
  if (options.environment !== undefined && !names.includes(options.environment)) {
    throw new SocleError("synth", [`there is no environment "${options.environment}": use one of ${names.join(", ")}`]);
  }
  const selected = options.environment === undefined ? names : [options.environment];
  const outdir = path.resolve(options.outdir ?? process.env["CDKTF_OUTDIR"] ?? "cdktf.out");
  const log = options.log ?? (() => {});

  fs.mkdirSync(path.dirname(outdir), { recursive: true });
  const staging = fs.mkdtempSync(path.join(path.dirname(outdir), `.${path.basename(outdir)}-`));
  try {
    const lines: string[] = [];
    const app = new SocleApp(staging, ({ layer, seconds }) =>
      lines.push(
        `${layer.node.id.padEnd(32)} ${String(countResources(staging, layer)).padStart(4)} resources ${seconds.toFixed(2).padStart(7)} s`,
      ),
    );
    const environments = await load(app, loaders, selected);
    app.synth();
    const layers = environments.flatMap((environment) => environment.layers);
    const jsons = new Map(layers.map((layer) => [layer, readLayer(staging, layer)]));
    checkPolicies(environments, jsons);
    const previous = readJson<Summary>(path.join(outdir, SUMMARY_FILE));
    const kept = (previous?.environments ?? []).filter(({ name }) => names.includes(name) && !selected.includes(name));
    checkRepositories(environments, kept);
    const written = environments.map((environment) => finish(environment, jsons, staging));
    mergeManifest(staging, outdir, kept);
    const summary: Summary = {
      formatVersion: 1,
      environments: names.flatMap((name) => [...kept, ...written].filter((each) => each.name === name)),
    };
    fs.writeFileSync(path.join(staging, SUMMARY_FILE), `${JSON.stringify(summary, null, 2)}\n`);
    swap(staging, outdir, previous, summary);
    lines.forEach(log);
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Builds the selected environments, one after the other.
 *
 * @throws SocleError with what is wrong in all of them, such as their settings
 */
async function load(
  app: App,
  loaders: Readonly<Record<string, EnvironmentLoader>>,
  selected: readonly string[],
): Promise<Environment[]> {
  const environments: Environment[] = [];
  const errors: SocleError[] = [];
  for (const name of selected) {
    try {
      const environment = (await (loaders[name] as EnvironmentLoader)()).default(app);
      if (environment.name !== name) {
        throw new SocleError(name, [`main.ts lists it as "${name}", but its name is "${environment.name}"`]);
      }
      environments.push(environment);
    } catch (error) {
      if (!(error instanceof SocleError)) {
        throw error;
      }
      errors.push(error);
    }
  }
  const [first, ...others] = errors;
  if (first && others.length === 0) {
    throw first;
  }
  SocleError.throwIfAny(
    "synth",
    errors.flatMap(({ where, problems }) => problems.map((problem) => `${where}: ${problem}`)),
  );
  return environments;
}

/** @throws SocleError with every violation in every layer, and between the layers of every environment */
function checkPolicies(environments: readonly Environment[], jsons: ReadonlyMap<Layer, TerraformJson>): void {
  const problems = [...jsons].flatMap(([layer, json]) =>
    POLICIES.flatMap((policy) => policy(layer, json)).map((problem) => `${layer.node.id}: ${problem}`),
  );
  const between = environments.flatMap(({ name, layers }) => {
    const own = new Map([...jsons].filter(([layer]) => layers.includes(layer)));
    return ENVIRONMENT_POLICIES.flatMap((policy) => policy(own)).map((problem) => `${name}: ${problem}`);
  });
  SocleError.throwIfAny("synth", [...problems, ...between]);
}

/** @throws SocleError when two environments write the same repository */
function checkRepositories(environments: readonly Environment[], kept: readonly EnvironmentSummary[]): void {
  const owners = [
    ...environments.flatMap(({ name, repositories }) => repositories.map((each) => ({ name, repository: each.name }))),
    ...kept.flatMap(({ name, repositories = [] }) => repositories.map((each) => ({ name, repository: each.name }))),
  ];
  SocleError.throwIfAny(
    "synth",
    owners.flatMap(({ name, repository }, index) => {
      const other = owners.slice(0, index).find((each) => each.repository === repository);
      return other
        ? [`${other.name} and ${name} both write the repository "${repository}": give one of the two another name`]
        : [];
    }),
  );
}

/** Writes what ops get beside `cdk.tf.json`. */
function finish(
  environment: Environment,
  jsons: ReadonlyMap<Layer, TerraformJson>,
  staging: string,
): EnvironmentSummary {
  return summarizeEnvironment(
    environment,
    environment.layers.map((layer) => {
      const json = jsons.get(layer) as TerraformJson;
      const directory = path.join(staging, directoryOf(layer));
      writeFiles(directory, [...Object.entries(handoffFiles(layer, json)), ...layer.shippedFiles]);
      const files = fs
        .readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
        .sort();
      return summarize(
        layer,
        json,
        directoryOf(layer),
        Object.fromEntries(files.map((name) => [name, sha256(path.join(directory, name))])),
      );
    }),
    environment.repositories.map((repository) => writeRepository(repository, staging)),
  );
}

/** Writes what is to be published as a git repository. */
function writeRepository(repository: Repository, staging: string): RepositorySummary {
  const { name, revision } = repository;
  const directory = path.posix.join("gitops", name);
  const files = [...repository.files].sort(([a], [b]) => (a < b ? -1 : 1));
  writeFiles(path.join(staging, directory), files);
  return {
    name,
    directory,
    ...(revision === undefined ? {} : { revision }),
    files: Object.fromEntries(files.map(([file]) => [file, sha256(path.join(staging, directory, file))])),
  };
}

function writeFiles(directory: string, files: Iterable<readonly [string, string]>): void {
  for (const [name, text] of files) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

/** Puts the stacks of the environments that are kept, as the previous manifest has them, beside those just written. */
function mergeManifest(staging: string, outdir: string, kept: readonly EnvironmentSummary[]): void {
  interface Manifest {
    stacks: Record<string, unknown>;
    version: string;
  }
  const file = path.join(staging, MANIFEST_FILE);
  const manifest = readJson<Manifest>(file) as Manifest;
  const before = readJson<Manifest>(path.join(outdir, MANIFEST_FILE));
  for (const { name } of kept.flatMap(({ layers }) => layers)) {
    manifest.stacks[name] ??= before?.stacks[name];
  }
  const sorted = Object.fromEntries(Object.entries(manifest.stacks).sort(([a], [b]) => (a < b ? -1 : 1)));
  fs.writeFileSync(file, `${JSON.stringify({ stacks: sorted, version: manifest.version }, null, 2)}\n`);
}

/** Renames file by file, so that each is whole at any moment, then removes what is no longer written. */
function swap(staging: string, outdir: string, previous: Summary | undefined, summary: Summary): void {
  const paths = ({ environments }: Summary) =>
    environments.flatMap(({ layers, repositories = [] }) =>
      [...layers, ...repositories].flatMap(({ directory, files }) =>
        Object.keys(files).map((file) => path.join(directory, file)),
      ),
    );
  const current = new Set(paths(summary));
  for (const file of current) {
    if (fs.existsSync(path.join(staging, file))) {
      fs.mkdirSync(path.join(outdir, path.dirname(file)), { recursive: true });
      fs.renameSync(path.join(staging, file), path.join(outdir, file));
    }
  }
  for (const file of [MANIFEST_FILE, SUMMARY_FILE]) {
    fs.renameSync(path.join(staging, file), path.join(outdir, file));
  }
  for (const file of previous ? paths(previous).filter((each) => !current.has(each)) : []) {
    fs.rmSync(path.join(outdir, file), { force: true });
    let directory = path.join(outdir, path.dirname(file));
    while (directory !== outdir && fs.existsSync(directory) && fs.readdirSync(directory).length === 0) {
      fs.rmdirSync(directory);
      directory = path.dirname(directory);
    }
  }
}

const directoryOf = (layer: Layer) => path.posix.join("stacks", layer.node.id);

function readLayer(outdir: string, layer: Layer): TerraformJson {
  return readJson<TerraformJson>(path.join(outdir, directoryOf(layer), "cdk.tf.json")) as TerraformJson;
}

function countResources(outdir: string, layer: Layer): number {
  const resources = Object.values(readLayer(outdir, layer).resource ?? {});
  return resources.reduce((sum, each) => sum + Object.keys(each).length, 0);
}

function readJson<T>(file: string): T | undefined {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as T) : undefined;
}

function sha256(file: string): string {
  return createHash("sha256").update(fs.readFileSync(file)).digest("hex");
}
