import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";
import { z } from "zod";

import { messageOf, OfflineError } from "./errors";
import type { Fakes } from "./fakes";
import type { Environment, Layer } from "./manifest";

const inputs = z.record(z.string(), z.unknown());

const offlineSettings = z.strictObject({
  /** Inputs of every layer that declares them. */
  inputs: inputs.optional(),
  /** Inputs of one layer; they go before the common ones. */
  layers: z.record(z.string(), z.strictObject({ inputs: inputs.optional() })).optional(),
  /** Values by `type.attribute` in place of the invented ones. */
  fakes: inputs.optional(),
});

export interface OfflineSettings {
  readonly fakes: Fakes;
  /** For each layer, by its name, the inputs that it declares and that have a value here. */
  readonly inputs: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/**
 * Reads `environments/<environment>/offline.yaml`: what an environment is planned with when there is nobody to ask.
 * The file and all its keys are optional.
 *
 * @throws {OfflineError} naming at once every required input without a value and every input or layer that is unknown
 */
export function readSettings(root: string, environment: Environment): OfflineSettings {
  const file = settingsFile(environment.name);
  const settings = parseSettings(root, file);
  const common = settings.inputs ?? {};
  const ofLayer = (layer: Layer): Record<string, unknown> => settings.layers?.[layer.name]?.inputs ?? {};

  const names = environment.layers.map(({ name }) => name);
  const declared = new Set(environment.layers.flatMap((layer) => layer.inputs.map(({ name }) => name)));
  const problems = [
    ...Object.keys(settings.layers ?? {})
      .filter((name) => !names.includes(name))
      .map((name) => `layers.${name}: ${environment.name} has no such layer. Known: ${names.join(", ")}.`),
    ...Object.keys(common)
      .filter((name) => !declared.has(name))
      .map((name) => `inputs.${name}: no layer of ${environment.name} declares this input.`),
    ...environment.layers.flatMap((layer) => {
      const own = new Set(layer.inputs.map(({ name }) => name));
      return Object.keys(ofLayer(layer))
        .filter((name) => !own.has(name))
        .map((name) => `layers.${layer.name}.inputs.${name}: ${layer.name} does not declare this input.`);
    }),
    ...environment.layers.flatMap((layer) =>
      layer.inputs
        .filter(({ name, required }) => required && !(name in { ...common, ...ofLayer(layer) }))
        .map(({ name, type }) => `Layer ${layer.name} requires the input "${name}" (${type}): give it a value.`),
    ),
  ];
  if (problems.length > 0) {
    throw new OfflineError(`${file}:`, problems);
  }
  const values = environment.layers.map((layer) => {
    const own = new Set(layer.inputs.map(({ name }) => name));
    const given = Object.entries({ ...common, ...ofLayer(layer) }).filter(([name]) => own.has(name));
    return [layer.name, Object.fromEntries(given)] as const;
  });
  return { fakes: settings.fakes ?? {}, inputs: new Map(values) };
}

/**
 * The fake values of `environments/<environment>/offline.yaml`; none when the file is missing.
 *
 * @throws {OfflineError} when the file does not have the expected form
 */
export function readFakes(root: string, environment: string): Fakes {
  return parseSettings(root, settingsFile(environment)).fakes ?? {};
}

function settingsFile(environment: string): string {
  return join("environments", environment, "offline.yaml");
}

function parseSettings(root: string, file: string): z.infer<typeof offlineSettings> {
  if (!existsSync(join(root, file))) {
    return {};
  }
  let content: unknown;
  try {
    content = parse(readFileSync(join(root, file), "utf8"));
  } catch (error) {
    throw new OfflineError(`${file} is not YAML: ${messageOf(error)}`);
  }
  const result = offlineSettings.safeParse(content ?? {});
  if (!result.success) {
    throw new OfflineError(
      `${file}: expected the keys inputs, layers and fakes.`,
      result.error.issues.map(({ path, message }) => `${path.join(".") || "file"}: ${message}`),
    );
  }
  return result.data;
}
