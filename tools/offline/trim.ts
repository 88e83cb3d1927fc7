import { messageOf, OfflineError } from "./errors";
import type { Attribute, Block, ProviderSchema, Schema, SchemaFile, SchemaKind } from "./schemas";
import { SCHEMA_KINDS } from "./schemas";
import type { ProviderUsage } from "./usage";
import { isObject, mapValues } from "./values";

/** Where a schema may be had that a dump lacks. Throws, with the reason, when it cannot be had there either. */
export type SchemaFallback = (kind: SchemaKind, type: string) => Schema;

/**
 * The parts of provider schemas that are used, as the texts of schema documents by provider address.
 *
 * @param fallback asked for types that their provider's schema lacks. @default - such a type is an error
 * @throws {OfflineError} naming every provider and every type that is used but in none of the schemas
 */
export function trimSchemas(
  used: ReadonlyMap<string, ProviderUsage>,
  files: readonly SchemaFile[],
  fallback?: SchemaFallback,
): Map<string, string> {
  const byAddress = new Map(files.map((file) => [file.address, file]));
  const problems: string[] = [];
  const trimmed = new Map<string, string>();
  for (const [address, { types }] of [...used].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = byAddress.get(address);
    if (file === undefined) {
      problems.push(
        `${address} is used, but there is no schema of it. There are: ${[...byAddress.keys()].join(", ")}.`,
      );
      continue;
    }
    const full = file.load();
    const kept: ProviderSchema = { provider: trimSchema(full.provider ?? { block: {} }) };
    for (const kind of SCHEMA_KINDS) {
      const schemas: Record<string, Schema> = {};
      for (const [type, stack] of types[kind]) {
        try {
          schemas[type] = trimSchema(full[kind]?.[type] ?? missingSchema(kind, type, fallback));
        } catch (error) {
          problems.push(`${type} is used in ${stack}, but not in the ${kind} of ${file.path}: ${messageOf(error)}.`);
        }
      }
      kept[kind] = schemas;
    }
    trimmed.set(address, schemaDocument(address, kept));
  }
  if (problems.length > 0) {
    throw new OfflineError("Schemas that are needed and were not found:", problems);
  }
  return trimmed;
}

function missingSchema(kind: SchemaKind, type: string, fallback: SchemaFallback | undefined): Schema {
  if (fallback === undefined) {
    throw new OfflineError("check its name, or bring the schema up to date");
  }
  return fallback(kind, type);
}

/** Without descriptions, which nobody reads here and which are most of a schema. */
function trimSchema({ version, block }: Schema): Schema {
  return { version: version ?? 0, block: trimBlock(block) };
}

function trimBlock(block: Block): Block {
  return {
    ...(isEmpty(block.attributes) ? {} : { attributes: mapValues(block.attributes ?? {}, trimAttribute) }),
    ...(isEmpty(block.block_types)
      ? {}
      : {
          block_types: mapValues(block.block_types ?? {}, (nested) => ({ ...nested, block: trimBlock(nested.block) })),
        }),
    ...(block.deprecated === true ? { deprecated: true } : {}),
  };
}

function isEmpty(record: object | undefined): boolean {
  return Object.keys(record ?? {}).length === 0;
}

const ATTRIBUTE_FLAGS = ["required", "optional", "computed", "sensitive", "deprecated", "write_only"] as const;

function trimAttribute(attribute: Attribute): Attribute {
  const { type, nested_type: nested } = attribute;
  const flags = ATTRIBUTE_FLAGS.filter((flag) => attribute[flag] === true).map((flag) => [flag, true]);
  return {
    ...(Object.fromEntries(flags) as Attribute),
    ...(nested === undefined
      ? { type }
      : {
          nested_type: {
            attributes: mapValues(nested.attributes ?? {}, trimAttribute),
            nesting_mode: nested.nesting_mode,
          },
        }),
  };
}

/** One line for each type: small, and a diff shows which types have changed. */
function schemaDocument(address: string, provider: ProviderSchema): string {
  const kinds = SCHEMA_KINDS.filter((kind) => !isEmpty(provider[kind])).map(
    (kind) => `${JSON.stringify(kind)}: {\n${typeLines(provider, kind).join(",\n")}\n}`,
  );
  const parts = [`"provider": ${sortedJson(provider.provider)}`, ...kinds];
  return `{\n"format_version": "1.0",\n"provider_schemas": {\n${JSON.stringify(address)}: {\n${parts.join(",\n")}\n}\n}\n}\n`;
}

function typeLines(provider: ProviderSchema, kind: SchemaKind): string[] {
  return Object.entries(provider[kind] ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, schema]) => `${JSON.stringify(type)}: ${sortedJson(schema)}`);
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
