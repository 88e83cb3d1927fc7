import { join } from "node:path";

import leven from "leven";

import { OfflineError } from "../offline/errors";
import type { ProviderSchema, SchemaFile } from "../offline/schemas";
import { trimSchemas } from "../offline/trim";
import type { ProviderPackage, TypeList } from "./provider-package";

const NEAREST = 3;

/**
 * The schema document that a package's bindings are generated from: the listed types, without descriptions, one type in
 * a line, and the provider's version.
 *
 * @throws {OfflineError} naming every listed type that the provider lacks, with the nearest that it has
 */
export function selectSchema(provider: ProviderPackage, schema: SchemaFile): string {
  const full = schema.load();
  const { resources, data } = provider.types ?? allTypes(full);
  const problems = unknownTypes({ resources, data }, full);
  if (problems.length > 0) {
    throw new OfflineError(
      `${join(provider.folder, "resources.json")} lists what ${provider.source} ${provider.version} does not have:`,
      problems,
    );
  }
  const entries = (types: readonly string[]): Map<string, string> =>
    new Map(types.map((type) => [type, provider.name]));
  const types = {
    resource_schemas: entries(resources),
    data_source_schemas: entries(data),
    // cdktf has no ephemeral resources.
    ephemeral_resource_schemas: new Map<string, string>(),
  };
  const trimmed = trimSchemas(new Map([[provider.address, { versions: new Set<string>(), types }]]), [schema]);
  return withVersion(trimmed.get(provider.address) ?? "", provider);
}

/** Terraform's own key for it is what `cdktf get` adds to the schema: it takes the bindings' version from there. */
function withVersion(document: string, { address, version }: ProviderPackage): string {
  return document.replace(/^\{\n/, `{\n"provider_versions": ${JSON.stringify({ [address]: version })},\n`);
}

function allTypes(schema: ProviderSchema): TypeList {
  return {
    resources: Object.keys(schema.resource_schemas ?? {}),
    data: Object.keys(schema.data_source_schemas ?? {}),
  };
}

function unknownTypes(listed: TypeList, schema: ProviderSchema): string[] {
  const known = allTypes(schema);
  const check = (kind: keyof TypeList, other: keyof TypeList, noun: string, otherNoun: string): string[] =>
    listed[kind]
      .filter((type) => !known[kind].includes(type))
      .map((type) =>
        known[other].includes(type)
          ? `${kind}: ${type} is a ${otherNoun}, not a ${noun}: list it under ${other}.`
          : `${kind}: ${type} is no ${noun}. Nearest: ${nearest(type, known[kind]).join(", ") || "there is none"}.`,
      );
  return [
    ...check("resources", "data", "resource", "data source"),
    ...check("data", "resources", "data source", "resource"),
  ];
}

/** The names that differ least from one, the most similar first. */
export function nearest(name: string, known: readonly string[]): string[] {
  return known
    .map((other) => ({ other, distance: leven(name, other) }))
    .sort((a, b) => a.distance - b.distance || (a.other < b.other ? -1 : 1))
    .slice(0, NEAREST)
    .map(({ other }) => other);
}
