import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type TerraformJson } from "../../constructs/core/layer";

/**
 * What the real Terraform says of a layer's inputs: it plans a configuration that has nothing but the layer's variables,
 * so no provider is needed and only types and validations speak.
 *
 * @param values input → value, as a tfvars file would give them
 * @returns Terraform's error messages, joined; empty when it accepts the values
 */
export function refusal(json: TerraformJson, values: Readonly<Record<string, unknown>>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-inputs-"));
  try {
    fs.writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify({ variable: json.variable }));
    fs.writeFileSync(path.join(folder, "terraform.tfvars.json"), JSON.stringify(values));
    const { stdout, error } = spawnSync(
      process.env["TERRAFORM_BINARY_NAME"] ?? "terraform",
      ["plan", "-json", "-input=false"],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    if (error) {
      throw error;
    }
    return stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { diagnostic?: { severity: string; summary: string; detail: string } })
      .flatMap(({ diagnostic }) =>
        diagnostic?.severity === "error" ? [`${diagnostic.summary}: ${diagnostic.detail}`] : [],
      )
      .join("\n");
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
