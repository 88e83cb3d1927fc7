import type { Attribute, Block, ProviderSchema, Schema } from "./schemas";

/** Nesting modes by their number in the protocol. */
const NESTING = { single: 1, list: 2, set: 3, map: 4, group: 5 } as const;

/** `get_provider_schema_optional` spares asking for the schema once for each provider instance. */
export const SERVER_CAPABILITIES = { get_provider_schema_optional: true };

/** One step of the way to a value: the name of an attribute or block, a list index or a map key. */
export type PathStep = { attribute_name: string } | { element_key_int: number } | { element_key_string: string };

export interface Diagnostic {
  severity: "ERROR" | "WARNING";
  summary: string;
  detail: string;
  attribute: { steps: PathStep[] };
}

/** The response to GetProviderSchema, as the message that proto-loader encodes. */
export function providerSchemaMessage(provider: ProviderSchema): object {
  return {
    provider: schemaMessage(provider.provider ?? { block: {} }),
    resource_schemas: schemaMessages(provider.resource_schemas),
    data_source_schemas: schemaMessages(provider.data_source_schemas),
    ephemeral_resource_schemas: schemaMessages(provider.ephemeral_resource_schemas),
    server_capabilities: SERVER_CAPABILITIES,
  };
}

function schemaMessages(schemas: Record<string, Schema> = {}): Record<string, object> {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, schemaMessage(schema)]));
}

function schemaMessage({ version, block }: Schema): object {
  return { version: version ?? 0, block: blockMessage(block) };
}

function blockMessage(block: Block): object {
  return {
    attributes: attributeMessages(block.attributes),
    block_types: Object.entries(block.block_types ?? {}).map(([name, nested]) => ({
      type_name: name,
      block: blockMessage(nested.block),
      nesting: NESTING[nested.nesting_mode],
      min_items: nested.min_items ?? 0,
      max_items: nested.max_items ?? 0,
    })),
    deprecated: block.deprecated ?? false,
  };
}

function attributeMessages(attributes: Record<string, Attribute> = {}): object[] {
  return Object.entries(attributes).map(([name, { type, nested_type: nested, ...flags }]) => ({
    name,
    required: flags.required ?? false,
    optional: flags.optional ?? false,
    computed: flags.computed ?? false,
    sensitive: flags.sensitive ?? false,
    deprecated: flags.deprecated ?? false,
    write_only: flags.write_only ?? false,
    ...(nested === undefined
      ? { type: Buffer.from(JSON.stringify(type)) }
      : { nested_type: { attributes: attributeMessages(nested.attributes), nesting: NESTING[nested.nesting_mode] } }),
  }));
}
