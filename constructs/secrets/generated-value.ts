import { Fn, type IResolvable, type TerraformElement, Token } from "cdktf";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { expression } from "../core/address";
import { Layer } from "../core/layer";

/** How a generated value looks: letters and digits, at least one lower-case, one upper-case letter and one digit. */
export interface GeneratedValue {
  /** In characters, 16 to 128. */
  readonly length: number;
  /** Other characters that occur, at least one of them, such as `_-`. @default - none */
  readonly special?: string;
  /**
   * Whether the characters are written in Base64, as a key of so many bytes: 32 make one of Fernet. Without `special` the
   * result has neither `+` nor `/`, so it is the same in the alphabet for URLs.
   * @default false
   */
  readonly base64?: boolean;
}

/** Name → how its value is generated. */
export type GeneratedValues = Readonly<Record<string, GeneratedValue>>;

/**
 * Values that an apply generates, for a write-only attribute of `owner`: ephemeral, so they are in no state or plan. They
 * are others at each run, and only what the run writes is kept.
 *
 * @returns name → reference to the value
 */
export function generatedValues(owner: TerraformElement, generate: GeneratedValues): Record<string, IResolvable> {
  const layer = Layer.of(owner);
  if (Object.keys(generate).length > 0 && !layer.node.tryFindChild("random")) {
    new RandomProvider(layer, "random");
  }
  return Object.fromEntries(
    Object.entries(generate).map(([name, { length, special, base64 = false }]) => {
      const address = `ephemeral.random_password.${owner.friendlyUniqueId}_${terraformName(name)}`;
      // cdktf has no ephemeral blocks.
      layer.addOverride(address, {
        length,
        special: special !== undefined,
        ...(special === undefined ? {} : { override_special: special, min_special: 1 }),
        min_lower: 1,
        min_upper: 1,
        min_numeric: 1,
      });
      const result = expression(owner, `${address}.result`);
      return [name, base64 ? Token.asAny(Fn.base64encode(Token.asString(result))) : result];
    }),
  );
}

/**
 * What is wrong with values of which some are generated and some known, a sentence each.
 *
 * @param one what one is called, such as `key`
 */
export function generatedValueProblems(
  one: "key" | "property",
  generate: GeneratedValues,
  values: Readonly<Record<string, string>>,
): string[] {
  return [
    ...Object.keys(generate)
      .filter((name) => name in values)
      .map((name) => `the ${one} "${name}" is both in generate and in values: give it once`),
    ...Object.keys(generate).flatMap((name, index, all) => {
      const twin = all.slice(0, index).find((other) => terraformName(other) === terraformName(name));
      return twin === undefined
        ? []
        : [
            `the ${one === "key" ? "keys" : "properties"} "${twin}" and "${name}" differ by punctuation only and would share one generated value: rename one`,
          ];
    }),
    ...Object.entries(generate)
      .filter(([, { length }]) => !(Number.isInteger(length) && length >= 16 && length <= 128))
      .map(([name, { length }]) => `the length of "${name}" is ${length}: use 16 to 128 characters`),
  ];
}

/** A name as part of a Terraform name. */
const terraformName = (name: string) => name.replace(/\W/g, "_");
