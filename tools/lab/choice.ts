import { z } from "zod";

import type { Lab } from "./lab";
import { LabError } from "./lab-error";
import type { Secrets } from "./secrets";

const choice = z.object({
  /** Undefined: what the layer's input has by default. */
  scenario: z.string().optional(),
  extraComponents: z.array(z.string()).default([]),
  gpu: z.boolean().default(false),
});

/** What runs in the lab, as its user chose it. */
export type Choice = z.output<typeof choice>;

/** What a user said this time; what is left out stays as it was. */
export interface ChoiceChange {
  readonly scenario?: string | undefined;
  readonly extraComponents?: readonly string[] | undefined;
  readonly gpu?: boolean | undefined;
}

/** File beside the secrets: the choice belongs to this lab, not to the repository. */
export const CHOICE_FILE = "choice.json";

/** @throws LabError when the file is not one that {@link writeChoice} wrote */
export function readChoice(secrets: Secrets): Choice {
  const text = secrets.read(CHOICE_FILE);
  try {
    return choice.parse(text === undefined ? {} : JSON.parse(text));
  } catch {
    throw new LabError(`${secrets.path(CHOICE_FILE)} cannot be read: delete it, and say SCENARIO= again.`);
  }
}

export function writeChoice(secrets: Secrets, chosen: Choice): void {
  secrets.write(CHOICE_FILE, `${JSON.stringify(chosen, null, 2)}\n`);
}

/**
 * The remembered choice with what the user says now.
 *
 * @throws LabError for a scenario that there is not, naming those there are
 */
export function changeChoice(lab: Lab, remembered: Choice, change: ChoiceChange): Choice {
  const chosen: Choice = {
    scenario: change.scenario ?? remembered.scenario,
    extraComponents: [...(change.extraComponents ?? remembered.extraComponents)],
    gpu: change.gpu ?? remembered.gpu,
  };
  const scenarios = Object.keys(lab.scenarios);
  if (chosen.scenario !== undefined && !scenarios.includes(chosen.scenario)) {
    throw new LabError(
      `Unknown scenario "${chosen.scenario}". There are ${scenarios.join(", ")}: make lab-up SCENARIO=${scenarios[0] ?? "…"}`,
    );
  }
  return chosen;
}
