import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

import { messageOf } from "./errors";

/** Write-only attributes need it, in Terraform as in OpenTofu. */
const MINIMUM_VERSION = [1, 11] as const;

/** The program that is run: `TERRAFORM_BINARY_NAME`, as in cdktf, or `terraform`. */
export function terraformBinary(): string {
  return process.env["TERRAFORM_BINARY_NAME"] || "terraform";
}

/** Why the Terraform binary cannot be used, as one sentence; nothing when it can. */
export function terraformProblem(): string | undefined {
  const binary = terraformBinary();
  const accepted = `Install Terraform or OpenTofu ${MINIMUM_VERSION.join(".")} or later, or name it in TERRAFORM_BINARY_NAME.`;
  const { status, stdout, stderr, error } = spawnSync(binary, ["version", "-json"], { encoding: "utf8" });
  if (error) {
    return `${binary} was not found. ${accepted}`;
  }
  if (status !== 0) {
    return `\`${binary} version -json\` ended with exit code ${status} (${stderr.trim()}). ${accepted}`;
  }
  let version: string;
  try {
    version = (JSON.parse(stdout) as { terraform_version: string }).terraform_version;
  } catch (error) {
    return `\`${binary} version -json\` did not print JSON (${messageOf(error)}). ${accepted}`;
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [needMajor, needMinor] = MINIMUM_VERSION;
  const suffices = major > needMajor || (major === needMajor && minor >= needMinor);
  return suffices ? undefined : `${binary} has version ${version}. ${accepted}`;
}

export interface TerraformResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Terraform in a folder and waits for its end, whatever its exit code is. */
export async function runTerraform(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<TerraformResult> {
  const child = spawn(terraformBinary(), args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, stdout, stderr };
}

/**
 * The environment for Terraform: nothing of what else may be set on this machine (variables, workspaces, extra
 * arguments) has a say in the verdict, only logging has.
 */
export function cleanEnvironment(server: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("TF_") || name.startsWith("TF_LOG"));
  return { ...Object.fromEntries(own), ...server, TF_IN_AUTOMATION: "1", TF_INPUT: "0" };
}

/** A diagnostic, as Terraform prints it with `-json`. */
export interface TerraformDiagnostic {
  severity: "error" | "warning";
  summary: string;
  detail?: string;
  address?: string;
  range?: { filename: string; start: { line: number } };
  snippet?: { context?: string | null; code: string; start_line: number };
}

/** The diagnostics in the output of `validate -json`, or of `plan -json` and `apply -json`. */
export function diagnosticsOf(stdout: string): TerraformDiagnostic[] {
  if (stdout.startsWith("{\n")) {
    return (JSON.parse(stdout) as { diagnostics: TerraformDiagnostic[] }).diagnostics;
  }
  return jsonLines(stdout).flatMap(({ diagnostic }) => diagnostic ?? []);
}

/** The address of a data source, in whatever module it is. */
const DATA_ADDRESS = /^(module\.[\w-]+(\[("[^"]*"|\d+)\])?\.)*data\./;

/** How many managed resources are in a plan, from the output of `plan -json`. */
export function plannedResources(stdout: string): number {
  const changed = jsonLines(stdout).filter(
    ({ type, change }) => type === "planned_change" && change && !DATA_ADDRESS.test(change.resource.addr),
  );
  return changed.length;
}

interface JsonLine {
  type?: string;
  diagnostic?: TerraformDiagnostic;
  change?: { resource: { addr: string } };
}

function jsonLines(stdout: string): JsonLine[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as JsonLine);
}

/**
 * A diagnostic in the form that Terraform has for people, with the construct that it is about.
 *
 * @param constructOf the construct path of an address such as `aws_vpc.network` or `data.aws_ami.server`
 */
export function renderDiagnostic(
  diagnostic: TerraformDiagnostic,
  constructOf: (address: string) => string | undefined,
): string {
  const { severity, summary, detail, range, snippet } = diagnostic;
  const context = snippet?.context ?? diagnostic.address;
  const construct = [diagnostic.address, snippet?.context].map((where) => where && constructOf(where)).find(Boolean);
  const lines = [
    `${severity === "error" ? "Error" : "Warning"}: ${summary}`,
    "",
    ...(range === undefined ? (context ? [`  with ${context}`] : []) : [`  on ${position(range, context)}:`]),
    ...(snippet === undefined ? [] : snippet.code.split("\n").map((code, i) => `  ${snippet.start_line + i}: ${code}`)),
    ...(construct === undefined ? [] : [`  construct: ${construct}`]),
    ...(range !== undefined || context || construct !== undefined ? [""] : []),
    ...(detail ? [detail, ""] : []),
  ];
  return lines.join("\n");
}

function position(range: { filename: string; start: { line: number } }, context: string | undefined): string {
  return `${range.filename} line ${range.start.line}${context ? `, in ${context}` : ""}`;
}
