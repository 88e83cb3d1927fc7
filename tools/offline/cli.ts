import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { resolve } from "node:path";

import { Command } from "commander";

import { messageOf, OfflineError } from "./errors";
import { runLayers } from "./layers";
import type { LayerResult, LayersOptions } from "./layers";
import { readEnvironments } from "./manifest";
import { readFakes } from "./settings";
import { startOfflineServer } from "./start";
import { terraformProblem } from "./terraform";

const LIMITS =
  "Checked: names, types, required arguments, nesting, references, cycles. Not seen offline: value lists, ranges, " +
  "formats, conflicts between arguments, replacement, provider defaults.";

const program = new Command("offline")
  .description("The real Terraform, without a network, credentials or provider downloads")
  .enablePositionalOptions();

program
  .command("run")
  .description("run any command with Terraform made offline, for instance: run -- terraform plan")
  .option("--env <name>", "use the fake values of this environment's offline.yaml")
  .option("--schemas <folder>", "provider schemas, *.json or *.json.gz", "schemas")
  .option("--out <folder>", "what synth wrote", "cdktf.out")
  .argument("<command...>")
  .passThroughOptions()
  .action(async (command: string[], options: { env?: string; schemas: string; out: string }) => {
    const [environment] = options.env === undefined ? [] : readEnvironments(options.out, options.env);
    const fakes = environment === undefined ? {} : readFakes(process.cwd(), environment.name);
    const server = await startOfflineServer({ schemas: options.schemas, fakes });
    try {
      process.exitCode = await runCommand(command, server.env);
    } finally {
      await server.stop();
    }
  });

for (const command of ["validate", "plan"] as const) {
  program
    .command(command)
    .description(
      command === "validate"
        ? "terraform init and validate of every layer"
        : "terraform plan and apply of every layer in order, in throw-away copies; the second plan must be empty",
    )
    .argument("[environment]", "only this one")
    .option("--schemas <folder>", "provider schemas, *.json or *.json.gz", "schemas")
    .option("--out <folder>", "what synth wrote", "cdktf.out")
    .option("--save-json <folder>", "keep `terraform show -json` of each plan, as <layer>.json")
    .action(async (environment: string | undefined, options: { schemas: string; out: string; saveJson?: string }) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        // By itself a signal ends a process without its exit handlers, which remove the throw-away copies.
        process.once(signal, () => process.exit(128 + constants.signals[signal]));
      }
      const problem = terraformProblem();
      if (problem !== undefined) {
        throw new OfflineError(problem);
      }
      const results = await runLayers({
        ...options,
        command,
        environment,
        root: process.cwd(),
        out: resolve(options.out),
        showPlan: command === "plan" && environment !== undefined,
        colour: process.stdout.isTTY,
        report: printText,
      } satisfies LayersOptions);
      printTable(results);
      console.log(`\n${LIMITS}`);
      process.exitCode = results.every(({ verdict }) => verdict === "ok") ? 0 : 1;
    });
}

/** Runs a command with this process's input and output, and answers with its exit code. */
async function runCommand(
  [name = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(name, args, { stdio: "inherit", env: { ...process.env, ...env } });
  // The terminal interrupts the command too: it decides when it is done.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (error) {
    throw new OfflineError(`${name} could not be started: ${messageOf(error)}`);
  }
}

function printText({ layer, verdict, text }: LayerResult): void {
  if (text !== "") {
    console.log(`== ${layer}: ${verdict}\n\n${text.trim()}\n`);
  }
}

function printTable(results: readonly LayerResult[]): void {
  const rows = [
    ["layer", "resources", "verdict", "seconds"],
    ...results.map(({ layer, resources, verdict, seconds }) => [
      layer,
      resources === undefined ? "-" : String(resources),
      verdict,
      seconds.toFixed(1),
    ]),
  ];
  const widths = rows[0]?.map((_title, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof OfflineError ? error.message : error);
  process.exitCode = 1;
});
