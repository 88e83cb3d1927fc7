import * as fs from "node:fs";
import * as path from "node:path";

import { type ProviderPackage } from "../../../tools/bindings/provider-package";
import { type Attribute, type ProviderSchema, type Schema, type SchemaDocument } from "../../../tools/offline/schemas";
import { temporaryFolder } from "../../support/layers";

export const ADDRESS = "registry.terraform.io/acme/cloud";

/** A schema as a provider gives it: with descriptions. */
function schema(attributes: Record<string, Attribute>): Schema {
  const described = Object.entries(attributes).map(([name, attribute]) => [
    name,
    { ...attribute, description: `The ${name}.`, description_kind: "plain" },
  ]);
  return { version: 1, block: { attributes: Object.fromEntries(described) as Record<string, Attribute> } };
}

export const PROVIDER_SCHEMA: ProviderSchema = {
  provider: schema({ token: { type: "string", optional: true, sensitive: true } }),
  resource_schemas: {
    cloud_server: schema({ id: { type: "string", computed: true }, size: { type: "number", required: true } }),
    cloud_network: schema({ cidr: { type: "string", required: true } }),
    cloud_server_group: schema({ name: { type: "string", required: true } }),
  },
  data_source_schemas: {
    cloud_image: schema({ name: { type: "string", required: true } }),
    cloud_region: schema({ name: { type: "string", computed: true } }),
  },
  ephemeral_resource_schemas: { cloud_password: schema({ result: { type: "string", computed: true } }) },
};

export const DUMP: SchemaDocument = { format_version: "1.0", provider_schemas: { [ADDRESS]: PROVIDER_SCHEMA } };

export const PACKAGE_JSON = {
  name: "@cdktf/provider-cloud",
  version: "2.1.0",
  private: true,
  cdktf: { provider: { name: ADDRESS, version: "2.1.0" } },
};

export const TYPES = { resources: ["cloud_server", "cloud_network"], data: ["cloud_image"] };

/** A folder `cloud` with these files; a text is written as it is, anything else as JSON. */
export function providerFolder(files: Record<string, unknown>): string {
  const folder = path.join(temporaryFolder(), "cloud");
  fs.mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

export function providerPackage(overrides: Partial<ProviderPackage> = {}): ProviderPackage {
  return {
    name: "cloud",
    folder: "providers/cloud",
    address: ADDRESS,
    source: "acme/cloud",
    version: "2.1.0",
    types: TYPES,
    ...overrides,
  };
}
