/** `make schemas`: writes to `schemas/` the provider schemas of what the synthesized stacks use. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Command } from "commander";

import { schemaFromBinding } from "./binding-schema";
import { OfflineError } from "./errors";
import { repositoryFile } from "./files";
import { schemaFiles, terraformAddress } from "./schemas";
import type { Schema, SchemaDocument, SchemaKind } from "./schemas";
import { runTerraform, terraformProblem } from "./terraform";
import { trimSchemas } from "./trim";
import { usedTypes } from "./usage";
import type { ProviderUsage } from "./usage";

new Command("trim-schemas")
  .description("Trim provider schemas to what the synthesized stacks use")
  .option("--out <folder>", "what synth wrote", "cdktf.out")
  .option("--schemas <folder>", "where the trimmed schemas go", "schemas")
  .action(async (options: { out: string; schemas: string }) => {
    const used = usedTypes(options.out);
    if (used.size === 0) {
      throw new OfflineError(`No stack in ${join(options.out, "stacks")} uses a provider: run \`make synth\` first.`);
    }
    const from = process.env["SCHEMAS_FROM"];
    const trimmed = from ? trimSchemas(used, schemaFiles(from), bindingSchema) : await trimRealSchemas(used);
    writeSchemas(options.schemas, trimmed);
  })
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof OfflineError ? error.message : error);
    process.exitCode = 1;
  });

/** A dump may be older than the bindings: what it lacks is read back from those, and said. */
function bindingSchema(kind: SchemaKind, type: string): Schema {
  if (kind === "ephemeral_resource_schemas") {
    throw new OfflineError("bindings have no ephemeral resources, bring the dump up to date");
  }
  const schema = schemaFromBinding(
    repositoryFile("node_modules"),
    kind === "resource_schemas" ? "resource" : "data",
    type,
  );
  console.warn(`${type}: not in the dump, taken from its binding`);
  return schema;
}

/** Asks the real providers, which Terraform downloads to a throw-away folder. */
async function trimRealSchemas(used: ReadonlyMap<string, ProviderUsage>): Promise<Map<string, string>> {
  const problem = terraformProblem();
  if (problem !== undefined) {
    throw new OfflineError(`${problem} Or name a folder of *.json.gz dumps: make schemas SCHEMAS_FROM=<folder>`);
  }
  const folder = mkdtempSync(join(tmpdir(), "socle-schemas-"));
  try {
    const required = [...used].map(([source, { versions }], index) => [
      `provider${index}`,
      { source, ...(versions.size === 0 ? {} : { version: [...versions].sort().join(", ") }) },
    ]);
    const stack = { terraform: { required_providers: Object.fromEntries(required) as object } };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify(stack));
    await terraform(folder, ["init", "-no-color", "-input=false"]);
    const document = JSON.parse(await terraform(folder, ["providers", "schema", "-json"])) as SchemaDocument;

    const dumps = join(folder, "dumps");
    mkdirSync(dumps);
    Object.entries(document.provider_schemas ?? {}).forEach(([address, provider], index) => {
      const single: SchemaDocument = {
        format_version: document.format_version,
        provider_schemas: { [terraformAddress(address)]: provider },
      };
      writeFileSync(join(dumps, `${index}.json`), JSON.stringify(single));
    });
    return trimSchemas(used, schemaFiles(dumps));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function terraform(folder: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runTerraform(folder, args, process.env);
  if (code !== 0) {
    throw new OfflineError(
      `terraform ${args.join(" ")} failed, so the real providers could not be asked for their schemas. ` +
        `Without a registry, name a folder of *.json.gz dumps: make schemas SCHEMAS_FROM=<folder>\n${stderr.trim()}`,
    );
  }
  return stdout;
}

/** Replaces the folder's schemas; those of providers that are no longer used go. */
function writeSchemas(folder: string, trimmed: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  const written = new Map<string, string>();
  for (const [address, text] of trimmed) {
    const name = `${address.split("/").at(-1)}.json`;
    const other = written.get(name);
    if (other !== undefined) {
      throw new OfflineError(`${other} and ${address} would both be written to ${join(folder, name)}: use only one.`);
    }
    written.set(name, address);
    writeFileSync(join(folder, name), text);
  }
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json") && !written.has(file))) {
    rmSync(join(folder, name));
  }
  console.log(`${folder}: ${[...written.keys()].join(", ")}`);
}
