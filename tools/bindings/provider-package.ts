import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { z } from "zod";

import { messageOf, OfflineError } from "../offline/errors";

/** The types of a provider that get bindings. */
export interface TypeList {
  readonly resources: readonly string[];
  /** Data sources. */
  readonly data: readonly string[];
}

/** A workspace under `providers/`: what is written by hand about one provider. */
export interface ProviderPackage {
  /** The provider's local name, which is also its folder's: `hcloud`. */
  readonly name: string;
  readonly folder: string;
  /** Full address, as in provider schemas: `registry.terraform.io/hetznercloud/hcloud`. */
  readonly address: string;
  /** As in `required_providers`: `hetznercloud/hcloud`. */
  readonly source: string;
  /** The provider's exact version, which is also the package's. */
  readonly version: string;
  /** What `resources.json` lists. Without that file, the whole provider. */
  readonly types?: TypeList;
}

const PACKAGE = z.object({
  name: z.string(),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, "must be an exact version such as 1.68.0"),
  private: z.literal(true, "must be true: the package is never published"),
  cdktf: z.object({
    provider: z.object({
      name: z
        .string()
        .regex(/^[^/]+\/[^/]+\/[^/]+$/, "must be a full address such as registry.terraform.io/oracle/oci"),
      version: z.string(),
    }),
  }),
});

const TYPE_NAMES = z.array(z.string().regex(/^[a-z]\w*$/, "must be a type such as oci_core_vcn"));
const TYPES = z.strictObject({ resources: TYPE_NAMES, data: TYPE_NAMES });

/**
 * The packages under `providers/`, by name.
 *
 * @throws {OfflineError} as `readProviderPackage`, or when there are none
 */
export function providerPackages(providers: string): ProviderPackage[] {
  const names = readdirSync(providers).filter((name) => existsSync(join(providers, name, "package.json")));
  if (names.length === 0) {
    throw new OfflineError(`${providers} has no folder with a package.json: see providers/README.md.`);
  }
  return names.sort().map((name) => readProviderPackage(join(providers, name)));
}

/**
 * Reads `package.json` and, where it is, `resources.json`.
 *
 * @throws {OfflineError} with all problems of the first of the two files that has any
 */
export function readProviderPackage(folder: string): ProviderPackage {
  const name = basename(folder);
  const file = join(folder, "package.json");
  const parsed = readJson(file, PACKAGE);
  const { version } = parsed;
  const { name: address, version: providerVersion } = parsed.cdktf.provider;
  const problems = [
    ...(parsed.name === `@cdktf/provider-${name}`
      ? []
      : [`name is ${parsed.name}: in the folder ${name} it must be @cdktf/provider-${name}.`]),
    ...(version === providerVersion
      ? []
      : [`version is ${version} and cdktf.provider.version is ${providerVersion}: they must be equal.`]),
  ];
  if (problems.length > 0) {
    throw new OfflineError(`${file} cannot be used:`, problems);
  }
  const list = join(folder, "resources.json");
  return {
    name,
    folder,
    address,
    source: address.replace(/^registry\.terraform\.io\//, ""),
    version,
    ...(existsSync(list) ? { types: readTypeList(list) } : {}),
  };
}

/** @throws {OfflineError} naming every entry that is no type, or is there twice */
export function readTypeList(file: string): TypeList {
  const types = readJson(file, TYPES);
  const twice = (["resources", "data"] as const).flatMap((kind) =>
    [...new Set(types[kind].filter((type, index, all) => all.indexOf(type) < index))].map(
      (type) => `${type} is listed more than once under ${kind}.`,
    ),
  );
  if (twice.length > 0) {
    throw new OfflineError(`${file} cannot be used:`, twice);
  }
  return types;
}

function readJson<T>(file: string, type: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new OfflineError(`${file} cannot be read as JSON: ${messageOf(error)}`);
  }
  const { data, error } = type.safeParse(json);
  if (error) {
    throw new OfflineError(
      `${file} cannot be used:`,
      error.issues.map(({ path, message }) => `${path.join(".") || "the file"}: ${message}`),
    );
  }
  return data;
}
