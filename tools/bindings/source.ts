import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { OfflineError } from "../offline/errors";
import { schemaFiles, terraformAddress } from "../offline/schemas";
import type { ProviderSchema, SchemaDocument, SchemaFile } from "../offline/schemas";
import { runTerraform } from "../offline/terraform";
import type { ProviderPackage } from "./provider-package";
import { selectSchema } from "./selection";

/** The value of SCHEMAS_FROM that asks the real providers. */
export const REGISTRY = "registry";

type Bindings = SchemaDocument & { provider_versions?: Record<string, string> };

/**
 * The schema document of a package, which is what its `schema.json` has to hold.
 *
 * @param from folder of `*.json(.gz)` dumps, or `registry` for the real provider.
 *   @default - the committed `schema.json`, or the real provider where that lacks a listed type or has another version
 * @param env for Terraform
 * @throws {OfflineError} when the schema cannot be had, or lacks a listed type
 */
export async function schemaOf(
  provider: ProviderPackage,
  from: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (!from) {
    const committed = committedSchema(provider);
    return selectSchema(
      provider,
      "load" in committed ? committed : await realSchema(provider, env, ` (${committed.problem})`),
    );
  }
  if (from === REGISTRY) {
    return selectSchema(provider, await realSchema(provider, env));
  }
  const files = schemaFiles(from);
  const dump = files.find(({ address }) => address === provider.address);
  if (!dump) {
    throw new OfflineError(
      `SCHEMAS_FROM=${from} has no schema of ${provider.address}. There are: ${files.map(({ address }) => address).join(", ")}.`,
    );
  }
  return selectSchema(provider, dump);
}

/** `schema.json`, or what of that which is asked for it does not have. */
export function committedSchema(provider: ProviderPackage): SchemaFile | { readonly problem: string } {
  const { address, version, types } = provider;
  const path = join(provider.folder, "schema.json");
  if (!existsSync(path)) {
    return { problem: `there is no ${path}` };
  }
  const document = JSON.parse(readFileSync(path, "utf8")) as Bindings;
  const schema = document.provider_schemas?.[address];
  if (!schema || document.provider_versions?.[address] !== version) {
    return { problem: `${path} is not of ${address} ${version}` };
  }
  const missing = [
    ...(types?.resources ?? []).filter((type) => !schema.resource_schemas?.[type]),
    ...(types?.data ?? []).filter((type) => !schema.data_source_schemas?.[type]),
  ];
  return missing.length > 0
    ? { problem: `${path} does not have ${missing.join(", ")}` }
    : schemaFile(path, address, schema);
}

/**
 * Asks the real provider, which Terraform downloads to a throw-away folder.
 *
 * @param why it has to be asked, for the message when it cannot be
 */
async function realSchema(
  { name, source, version, address }: ProviderPackage,
  env: NodeJS.ProcessEnv,
  why = "",
): Promise<SchemaFile> {
  const folder = mkdtempSync(join(tmpdir(), "socle-bindings-"));
  try {
    const stack = { terraform: { required_providers: { [name]: { source, version } } } };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify(stack));
    let output = "";
    for (const args of [
      ["init", "-no-color", "-input=false"],
      ["providers", "schema", "-json"],
    ]) {
      const { code, stdout, stderr } = await runTerraform(folder, args, env);
      if (code !== 0) {
        throw new OfflineError(
          `terraform ${args.join(" ")} failed, so ${source} ${version} could not be asked for its schema${why}. ` +
            `Without a registry, name a folder of *.json.gz dumps: make bindings SCHEMAS_FROM=<folder>\n${stderr.trim()}`,
        );
      }
      output = stdout;
    }
    const printed = Object.entries((JSON.parse(output) as SchemaDocument).provider_schemas ?? {});
    const [, schema] = printed.find(([each]) => terraformAddress(each) === address) ?? [];
    if (!schema) {
      throw new OfflineError(`terraform providers schema -json did not print the schema of ${address}.`);
    }
    return schemaFile(address, address, schema);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function schemaFile(path: string, address: string, schema: ProviderSchema): SchemaFile {
  return { path, address, load: () => schema };
}
