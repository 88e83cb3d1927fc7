import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "./layers";

/** How a Terraform command ended. */
export interface TerraformRun {
  readonly status: number | null;
  /** Standard output and error. */
  readonly output: string;
}

/** An environment in which Terraform asks no registry and no checkpoint, whatever the machine is configured for. */
export function terraformEnvironment(): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  const configuration = path.join(folder, "terraform.rc");
  const mirror = path.join(folder, "mirror");
  fs.mkdirSync(mirror);
  fs.writeFileSync(configuration, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TF_"));
  return { ...Object.fromEntries(inherited), CHECKPOINT_DISABLE: "1", TF_CLI_CONFIG_FILE: configuration };
}

/** Runs the real Terraform in a folder. */
export function runTerraform(folder: string, ...args: readonly string[]): TerraformRun {
  const binary = process.env["TERRAFORM_BINARY_NAME"] ?? "terraform";
  const { status, stdout, stderr, error } = spawnSync(binary, [...args], {
    cwd: folder,
    encoding: "utf8",
    env: terraformEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) {
    throw error;
  }
  return { status, output: `${stdout}${stderr}` };
}

/**
 * Plans a configuration that has nothing but variables.
 *
 * @param variables Terraform's `variable` blocks
 * @param tfvars text of a tfvars file
 * @returns the error messages for each variable, by its name; those of no variable under ""
 */
export function planVariables(
  variables: Readonly<Record<string, unknown>>,
  tfvars: string,
): Readonly<Record<string, readonly string[]>> {
  const folder = temporaryFolder();
  // One line for each variable: Terraform names the line of a failing validation, and of a value that does not fit.
  const names = Object.keys(variables);
  const blocks = names.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(variables[name])}`);
  fs.writeFileSync(path.join(folder, "main.tf.json"), `{"variable": {\n${blocks.join(",\n")}\n}}\n`);
  fs.writeFileSync(path.join(folder, "values.tfvars"), tfvars);
  const { output } = runTerraform(folder, "plan", "-json", "-input=false", "-var-file=values.tfvars");
  const messages: Record<string, string[]> = {};
  for (const line of output.split("\n").filter((each) => each.startsWith("{"))) {
    const { diagnostic } = JSON.parse(line) as { diagnostic?: { severity: string; summary: string; detail: string } };
    if (diagnostic?.severity === "error") {
      const text = `${diagnostic.summary}: ${diagnostic.detail}`;
      const rule = /\n\nThis was checked by the validation rule at main\.tf\.json:(\d+),/.exec(text);
      const name = names[Number(rule?.[1] ?? 0) - 2] ?? "";
      (messages[name] ??= []).push(rule ? diagnostic.detail.slice(0, diagnostic.detail.indexOf("\n\nThis was")) : text);
    }
  }
  return messages;
}
