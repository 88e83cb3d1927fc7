import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { messageOf, OfflineError } from "./errors";

const manifest = z.object({
  environments: z.array(
    z.object({
      name: z.string(),
      /** In apply order. */
      layers: z.array(
        z.object({
          name: z.string(),
          directory: z.string(),
          reads: z.array(z.string()),
          inputs: z.array(z.object({ name: z.string(), type: z.string(), required: z.boolean() })),
        }),
      ),
    }),
  ),
});

export type Environment = z.infer<typeof manifest>["environments"][number];
export type Layer = Environment["layers"][number];

/**
 * Reads which environments and layers were synthesized.
 *
 * @param out folder with `socle.json`
 * @param only name of the one environment that is wanted. @default - all of them
 * @throws {OfflineError} when nothing was synthesized or the environment is unknown
 */
export function readEnvironments(out: string, only?: string): Environment[] {
  const file = join(out, "socle.json");
  if (!existsSync(file)) {
    throw new OfflineError(`${file} was not found: run \`make synth\` first, or name its folder with --out.`);
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new OfflineError(`${file} is not JSON: ${messageOf(error)}. Run \`make synth\` again.`);
  }
  const result = manifest.safeParse(content);
  if (!result.success) {
    throw new OfflineError(`${file} does not have the expected shape: run \`make synth\` again.`, [
      ...result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
    ]);
  }
  const { environments } = result.data;
  const chosen = environments.filter(({ name }) => only === undefined || name === only);
  if (only !== undefined && chosen.length === 0) {
    throw new OfflineError(`Unknown environment "${only}". Known: ${environments.map(({ name }) => name).join(", ")}.`);
  }
  return chosen;
}
