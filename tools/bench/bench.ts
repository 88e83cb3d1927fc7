import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { startOfflineServer } from "../offline/start";
import { mutations } from "./mutations";
import { differingFiles, writeTenants, writeTenantsApp } from "./tenants";
import { writeVanillaApp } from "./vanilla";

/** What one run of a program took: wall seconds, and the most memory it had at once, in MiB. */
interface Figure {
  readonly seconds: number;
  readonly mebibytes: number;
}

const ROOT = process.cwd();
const RUNS = 5;
const TENANTS = 1000;
const TENANT_LAYERS = 32;

/** Loaded into the measured process: writes the peak of its resident memory, in KiB, when it ends. */
const PEAK = `process.on("exit", () => require("fs").writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`;

async function main(): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "socle-bench-"));
  try {
    fs.writeFileSync(path.join(work, "peak.cjs"), PEAK);
    synthesis(work);
    tenants(work);
    await caughtMutations(work);
  } finally {
    fs.rmSync(work, { recursive: true });
  }
}

/** Synthesizes all environments in each way, and prints the medians beside the vanilla way's. */
function synthesis(work: string): void {
  const vanilla = path.join(work, "vanilla");
  fs.mkdirSync(vanilla);
  writeVanillaApp(ROOT, vanilla);
  const ts = (file: string) => path.join("node_modules", file);
  const ways: [string, string, string[], number][] = [
    ["vanilla: ts-node, barrel imports, token traces", vanilla, [ts("ts-node/dist/bin.js"), "main.ts", "--trace"], 1],
    ["ts-node, imports by resource", ROOT, [ts("ts-node/dist/bin.js"), "main.ts", "--trace"], RUNS],
    ["tsx", ROOT, ["--import", "tsx", "main.ts"], RUNS],
    ["make synth TRACE=1 (bundle, token traces)", ROOT, ["tools/start.mjs", "main.ts", "--trace"], RUNS],
    ["make synth (bundle)", ROOT, ["tools/start.mjs", "main.ts"], RUNS],
  ];
  console.log("Synthesis of all environments (median wall time, peak memory):\n");
  let first: Figure | undefined;
  for (const [name, folder, args, runs] of ways) {
    // The first run fills caches and is not counted, but for the vanilla way, which has none that it keeps.
    const figures = Array.from({ length: runs === 1 ? 1 : runs + 1 }, () => measure(work, folder, args)).slice(
      runs === 1 ? 0 : 1,
    );
    const figure = {
      seconds: median(figures.map((each) => each.seconds)),
      mebibytes: median(figures.map((each) => each.mebibytes)),
    };
    first ??= figure;
    const ratio = `${(first.seconds / figure.seconds).toFixed(1)}× faster, ${(first.mebibytes / figure.mebibytes).toFixed(1)}× less memory`;
    console.log(
      `  ${name.padEnd(48)} ${figure.seconds.toFixed(2).padStart(6)} s ${figure.mebibytes.toFixed(0).padStart(6)} MiB   ${figure === first ? "" : ratio}`,
    );
  }
}

/** Synthesizes an environment with many tenants, and once more with one that is new. */
function tenants(work: string): void {
  const folder = path.join(work, "tenants");
  fs.mkdirSync(folder);
  writeTenantsApp(ROOT, folder, TENANT_LAYERS);
  const run = (count: number, out: string) => {
    writeTenants(folder, count);
    return measure(work, folder, ["--import", "tsx", "main.ts", "--env", "viridial-staging"], out);
  };
  const { seconds, mebibytes } = run(TENANTS, "out-before");
  run(TENANTS + 1, "out-after");
  console.log(
    `\nSynthesis of viridial-staging with ${TENANTS} tenants in ${TENANT_LAYERS} layers (tsx): ${seconds.toFixed(1)} s, ${mebibytes.toFixed(0)} MiB.`,
  );
  const changed = differingFiles(path.join(work, "out-before/stacks"), path.join(work, "out-after/stacks"));
  const layers = new Set(changed.map((file) => file.split("/")[0]));
  console.log(`One more tenant changes ${layers.size} layer: ${changed.join(", ")}.`);
  process.exitCode = layers.size === 1 ? (process.exitCode ?? 0) : 1;
}

function measure(work: string, folder: string, args: readonly string[], out = "out"): Figure {
  const peakFile = path.join(work, "peak");
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--require", path.join(work, "peak.cjs"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: {
      ...process.env,
      CDKTF_OUTDIR: path.join(work, out),
      PEAK_FILE: peakFile,
      NODE_OPTIONS: "--max-old-space-size=8192",
    },
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) {
    throw new Error(`${args.join(" ")} failed:\n${stderr}`);
  }
  return { seconds, mebibytes: Number(fs.readFileSync(peakFile, "utf8")) / 1024 };
}

/** Renames each key of kauri-aws in turn and asks the real Terraform, offline, whether it sees it. */
async function caughtMutations(work: string): Promise<void> {
  const source = path.join(ROOT, "cdktf.out/stacks/kauri-aws/cdk.tf.json");
  const json = JSON.parse(fs.readFileSync(source, "utf8")) as Record<string, unknown>;
  delete (json["terraform"] as Record<string, unknown>)["backend"];
  const all = [...mutations(json)];
  const server = await startOfflineServer({ schemas: path.join(ROOT, "schemas") });
  try {
    const start = performance.now();
    // Two at a time: a validation waits for the disk and for the server as much as for a processor.
    const halves = await Promise.all(
      [0, 1].map((half) => {
        const folder = path.join(work, `mutations-${half}`);
        return escaped(
          folder,
          json,
          all.filter((_each, index) => index % 2 === half),
          { ...process.env, ...server.env },
        );
      }),
    );
    const missed = halves.flat();
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `\nMisspelt names in kauri-aws: ${all.length - missed.length} of ${all.length} caught by terraform validate (${seconds.toFixed(0)} s).`,
    );
    missed.forEach((each) => console.log(`  not caught: ${each}`));
    process.exitCode = missed.length === 0 ? (process.exitCode ?? 0) : 1;
  } finally {
    await server.stop();
  }
}

/** The paths of those mutations that `terraform validate` accepts. */
async function escaped(
  folder: string,
  original: unknown,
  all: readonly { path: string; json: unknown }[],
  env: NodeJS.ProcessEnv,
) {
  const file = path.join(folder, "cdk.tf.json");
  fs.mkdirSync(folder);
  fs.writeFileSync(file, JSON.stringify(original));
  const terraform = (...args: string[]) =>
    new Promise<number | null>((resolve, reject) => {
      spawn(process.env["TERRAFORM_BINARY_NAME"] ?? "terraform", args, { cwd: folder, env, stdio: "ignore" })
        .once("error", reject)
        .once("exit", resolve);
    });
  if ((await terraform("init")) !== 0 || (await terraform("validate")) !== 0) {
    throw new Error("kauri-aws itself is not valid: run make validate ENV=kauri-aws");
  }
  const missed: string[] = [];
  for (const mutation of all) {
    fs.writeFileSync(file, JSON.stringify(mutation.json));
    if ((await terraform("validate")) === 0) {
      missed.push(mutation.path);
    }
  }
  return missed;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

void main();
