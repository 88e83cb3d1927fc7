import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { constants, gunzipSync } from "node:zlib";

import { messageOf, OfflineError } from "./errors";

/** A cty type as Terraform writes it in JSON: `"string"`, `["list", "string"]`, `["object", {...}]`. */
export type CtyType = string | readonly [string, ...unknown[]];

export type NestingMode = "single" | "list" | "set" | "map" | "group";

export interface Attribute {
  type?: CtyType;
  nested_type?: NestedType;
  required?: boolean;
  optional?: boolean;
  computed?: boolean;
  sensitive?: boolean;
  deprecated?: boolean;
  write_only?: boolean;
}

export interface NestedType {
  attributes?: Record<string, Attribute>;
  nesting_mode: Exclude<NestingMode, "group">;
}

export interface NestedBlock {
  block: Block;
  nesting_mode: NestingMode;
  min_items?: number;
  max_items?: number;
}

export interface Block {
  attributes?: Record<string, Attribute>;
  block_types?: Record<string, NestedBlock>;
  deprecated?: boolean;
}

export interface Schema {
  version?: number;
  block: Block;
}

/** The three kinds of types a provider serves, by the key they have in `terraform providers schema -json`. */
export const SCHEMA_KINDS = ["resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"] as const;

export type SchemaKind = (typeof SCHEMA_KINDS)[number];

export type ProviderSchema = { provider?: Schema } & { [kind in SchemaKind]?: Record<string, Schema> };

/** What `terraform providers schema -json` prints. */
export interface SchemaDocument {
  format_version: string;
  provider_schemas?: Record<string, ProviderSchema>;
}

/** The schema of one provider, read when it is first asked for. */
export interface SchemaFile {
  readonly path: string;
  /** Full source address, for instance `registry.terraform.io/hashicorp/aws`. */
  readonly address: string;
  /** @throws {OfflineError} when the file cannot be read as the schema of exactly this provider */
  load(): ProviderSchema;
}

/** Bytes read to find the provider's address without unpacking a dump of several megabytes. */
const HEAD_BYTES = 4096;

/**
 * Lists the schema documents (`*.json`, `*.json.gz`) of a folder, each holding one provider. Only the beginning of
 * each file is looked at here.
 *
 * @throws {OfflineError} when the folder is missing or empty, a file is no schema document, or two hold one provider
 */
export function schemaFiles(folder: string): SchemaFile[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.json(\.gz)?$/.test(name)) : [];
  if (names.length === 0) {
    throw new OfflineError(
      `No provider schemas in ${folder}: expected files such as aws.json or aws.json.gz. Run \`make schemas\`, or name another folder with --schemas.`,
    );
  }
  const files = names.sort().map((name) => schemaFile(join(folder, name)));
  const seen = new Map<string, string>();
  for (const { address, path } of files) {
    const other = seen.get(address);
    if (other !== undefined) {
      throw new OfflineError(`${other} and ${path} both hold the schema of ${address}: remove one of them.`);
    }
    seen.set(address, path);
  }
  return files;
}

function schemaFile(path: string): SchemaFile {
  const bytes = readFileSync(path);
  const packed = path.endsWith(".gz");
  const head = packed
    ? gunzipSync(bytes.subarray(0, HEAD_BYTES), { finishFlush: constants.Z_SYNC_FLUSH })
    : bytes.subarray(0, HEAD_BYTES);
  const address = /"provider_schemas"\s*:\s*\{\s*"([^"]+)"/.exec(head.toString("utf8"))?.[1];
  if (address === undefined) {
    throw new OfflineError(
      `${path} is not what \`terraform providers schema -json\` prints: "provider_schemas" with a provider in it was not found at its beginning.`,
    );
  }
  let loaded: ProviderSchema | undefined;
  return {
    path,
    address,
    load: () => (loaded ??= parseProvider(path, address, packed ? gunzipSync(bytes) : bytes)),
  };
}

function parseProvider(path: string, address: string, bytes: Buffer): ProviderSchema {
  let document: SchemaDocument;
  try {
    document = JSON.parse(bytes.toString("utf8")) as SchemaDocument;
  } catch (error) {
    throw new OfflineError(`${path} is not JSON: ${messageOf(error)}`);
  }
  const providers = document.provider_schemas ?? {};
  const provider = providers[address];
  if (provider === undefined || Object.keys(providers).length !== 1) {
    throw new OfflineError(
      `${basename(path)} holds ${Object.keys(providers).join(", ")}: one provider in each file is expected.`,
    );
  }
  return provider;
}

/** A provider's address as schemas here have it: OpenTofu names its own registry, which serves the same providers. */
export function terraformAddress(address: string): string {
  return address.replace(/^registry\.opentofu\.org\//, "registry.terraform.io/");
}
