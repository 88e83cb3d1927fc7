import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { SchemaFile, SchemaKind } from "./schemas";
import { SCHEMA_KINDS } from "./schemas";
import { readStack } from "./workspace";
import type { Stack } from "./workspace";

/** What stacks use of one provider. */
export interface ProviderUsage {
  /** Version constraints of all stacks. */
  readonly versions: Set<string>;
  /** For each kind, the types, each with a stack that uses it. */
  readonly types: Record<SchemaKind, Map<string, string>>;
}

/** Terraform itself serves `terraform_data` and `terraform_remote_state`. */
const BUILTIN = "terraform";

/**
 * The resource, data and ephemeral types that the stacks under `<out>/stacks` use, by provider address. A provider that
 * a stack requires without using a type of it is there too: its configuration needs a schema.
 */
export function usedTypes(out: string): Map<string, ProviderUsage> {
  const used = new Map<string, ProviderUsage>();
  const folder = join(out, "stacks");
  const stacks = existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, "cdk.tf.json")))
    : [];
  for (const name of stacks.sort()) {
    addStack(used, name, readStack(join(folder, name)));
  }
  return used;
}

function addStack(used: Map<string, ProviderUsage>, stackName: string, stack: Stack): void {
  const required = stack.terraform?.required_providers ?? {};
  for (const [localName, { source, version }] of Object.entries(required)) {
    const { versions } = usageOf(used, providerAddress(source ?? localName));
    if (version !== undefined) {
      versions.add(version);
    }
  }
  const kinds = {
    resource_schemas: stack.resource,
    data_source_schemas: stack.data,
    ephemeral_resource_schemas: stack.ephemeral,
  };
  for (const kind of SCHEMA_KINDS) {
    for (const [type, blocks] of Object.entries(kinds[kind] ?? {})) {
      for (const block of Object.values(blocks)) {
        const chosen = typeof block["provider"] === "string" ? block["provider"].replace(/[${}]/g, "") : type;
        const localName = chosen.split(/[._]/)[0] ?? chosen;
        if (localName !== BUILTIN) {
          const address = providerAddress(required[localName]?.source ?? localName);
          usageOf(used, address).types[kind].set(type, stackName);
        }
      }
    }
  }
}

function usageOf(used: Map<string, ProviderUsage>, address: string): ProviderUsage {
  const usage = used.get(address) ?? {
    versions: new Set<string>(),
    types: { resource_schemas: new Map(), data_source_schemas: new Map(), ephemeral_resource_schemas: new Map() },
  };
  used.set(address, usage);
  return usage;
}

/** `aws` and `hashicorp/aws` are short for `registry.terraform.io/hashicorp/aws`. */
function providerAddress(source: string): string {
  const parts = source.split("/");
  return [...["registry.terraform.io", "hashicorp"].slice(0, 3 - parts.length), ...parts].join("/");
}

/**
 * Compares what stacks use with the schemas that are served offline. Each answer is one sentence about one type or
 * provider; none at all when they fit.
 */
export function compareUsage(used: ReadonlyMap<string, ProviderUsage>, files: readonly SchemaFile[]): string[] {
  const byAddress = new Map(files.map((file) => [file.address, file]));
  const missing = [...used].flatMap(([address, { types }]) => {
    const provider = byAddress.get(address)?.load();
    return provider === undefined
      ? [`${address} is used, and no schema of it is there.`]
      : SCHEMA_KINDS.flatMap((kind) =>
          [...types[kind]]
            .filter(([type]) => provider[kind]?.[type] === undefined)
            .map(
              ([type, stack]) => `${type} (${kind}) is used in ${stack}, and missing from the schema of ${address}.`,
            ),
        );
  });
  const unused = files.flatMap((file) => {
    const usage = used.get(file.address);
    return usage === undefined
      ? [`${file.path} holds ${file.address}, which nothing uses.`]
      : SCHEMA_KINDS.flatMap((kind) =>
          Object.keys(file.load()[kind] ?? {})
            .filter((type) => !usage.types[kind].has(type))
            .map((type) => `${file.path} holds ${type} (${kind}), which nothing uses.`),
        );
  });
  return [...missing, ...unused];
}
