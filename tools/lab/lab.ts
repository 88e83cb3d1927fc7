import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { LabError } from "./lab-error";

const NAME = "lab";

const amount = { cpuMillis: z.number(), memoryMib: z.number() };

const nodes = z.object({
  nodeType: z.string(),
  nodeCount: z.number(),
  available: z.object(amount),
  requested: z.object(amount),
  rows: z.array(z.object({ name: z.string(), namespace: z.string(), replicas: z.number(), ...amount })),
});

/** What is asked of the workstation in one scenario. */
export type ScenarioCapacity = z.infer<typeof nodes>;

const summary = z.object({
  environments: z.array(
    z.object({
      name: z.string(),
      layers: z.array(
        z.object({
          name: z.string(),
          description: z.string(),
          directory: z.string(),
          inputs: z.array(z.object({ name: z.string(), required: z.boolean(), default: z.unknown().optional() })),
          files: z.record(z.string(), z.string()),
          capacity: z.object({ cases: z.record(z.string(), nodes).optional() }).optional(),
        }),
      ),
      repositories: z
        .array(z.object({ name: z.string(), directory: z.string(), revision: z.string().optional() }))
        .optional(),
    }),
  ),
});

type Summary = z.infer<typeof summary>["environments"][number];

/** A layer of the lab, as synthesized. */
export type LabLayer = Summary["layers"][number];

/** A git repository that Argo CD or a component of the lab reads, as synthesized; its tag is `socle-<revision>`. */
export type LabRepository = NonNullable<Summary["repositories"]>[number];

/** What synth wrote of the lab. */
export interface Lab {
  /** In apply order. */
  readonly layers: readonly LabLayer[];
  readonly repositories: readonly LabRepository[];
  /** What each scenario asks of the workstation, by its name. */
  readonly scenarios: Readonly<Record<string, ScenarioCapacity>>;
}

/**
 * Reads the lab from `socle.json`.
 *
 * @param out folder that synth wrote
 * @throws LabError when there is none, or nothing of the lab in it
 */
export function readLab(out: string): Lab {
  const file = join(out, "socle.json");
  if (!existsSync(file)) {
    throw new LabError(`${file} was not found: run \`make synth\` first.`);
  }
  const parsed = summary.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success) {
    throw new LabError(
      `${file} does not have the expected shape: run \`make synth\` again.`,
      parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`),
    );
  }
  const lab = parsed.data.environments.find(({ name }) => name === NAME);
  if (lab === undefined) {
    throw new LabError(`${file} has no environment "${NAME}": run \`make synth\` without ENV, or with ENV=${NAME}.`);
  }
  return {
    layers: lab.layers,
    repositories: lab.repositories ?? [],
    scenarios: lab.layers.find(({ capacity }) => capacity?.cases)?.capacity?.cases ?? {},
  };
}
