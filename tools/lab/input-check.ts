import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { diagnosticsOf, terraformBinary } from "../offline/terraform";
import type { LabLayer } from "./lab";
import { LabError } from "./lab-error";
import { ask } from "./program";

interface Variable {
  readonly validation?: readonly { readonly condition: string }[];
}

/** A rule that asks for more than the inputs themselves is left to the layer's own plan. */
const MORE_THAN_INPUTS = /\b(local|data|module|path|terraform|[a-z0-9]+_[a-z0-9_]+)\.[a-z]/;

/**
 * Asks Terraform whether a layer would take these inputs, by its own validations, long before it is that layer's turn:
 * the blocks of the variables alone, in a folder of their own, need no provider.
 *
 * @throws LabError with what Terraform says of the inputs
 */
export async function checkInputs(
  out: string,
  layer: LabLayer,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const stack = JSON.parse(readFileSync(join(out, layer.directory, "cdk.tf.json"), "utf8")) as {
    variable?: Readonly<Record<string, Variable>>;
  };
  const given = Object.entries(values).filter(([name]) => stack.variable?.[name] !== undefined);
  if (given.length === 0) {
    return;
  }
  const others = new RegExp(`var\\.(?!(${given.map(([name]) => name).join("|")})\\b)`);
  const variables = given.map(([name]) => {
    const { validation = [], ...rest } = stack.variable?.[name] ?? {};
    const rules = validation.filter(({ condition }) => !others.test(condition) && !MORE_THAN_INPUTS.test(condition));
    return [name, { ...rest, ...(rules.length === 0 ? {} : { validation: rules }) }];
  });
  const folder = mkdtempSync(join(tmpdir(), "socle-inputs-"));
  try {
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ variable: Object.fromEntries(variables) }));
    const args = given.map(([name, value]) => `-var=${name}=${value}`);
    const { status, stdout } = await ask(terraformBinary(), ["plan", "-input=false", "-json", ...args], {
      env: { CHECKPOINT_DISABLE: "1" },
      folder,
    });
    if (status !== 0) {
      const errors = diagnosticsOf(stdout).filter(({ severity }) => severity === "error");
      throw new LabError(
        "Nothing was started:",
        // The rest says where in a file the rule is.
        errors.map(({ summary, detail }) => detail?.split("\n\nThis was checked")[0] ?? summary),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
