/** `make bindings`: writes `providers/<name>/schema.json` and, from it, `providers/<name>/lib`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { OfflineError } from "../offline/errors";
import { generateBindings, writeFiles } from "./generate";
import { providerPackages } from "./provider-package";
import { schemaOf } from "./source";

new Command("bindings")
  .description("Generate the cdktf bindings of providers that have no published package")
  .option("--providers <folder>", "the packages", "providers")
  .action(async ({ providers }: { providers: string }) => {
    const from = process.env["SCHEMAS_FROM"];
    for (const provider of providerPackages(providers)) {
      const schema = await schemaOf(provider, from);
      const files = await generateBindings(provider, schema);
      writeFileSync(join(provider.folder, "schema.json"), schema);
      writeFiles(join(provider.folder, "lib"), files);
      const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      console.log(
        `${provider.folder}: ${provider.source} ${provider.version}, ${files.size} files, ${(bytes / 1e6).toFixed(1)} MB`,
      );
    }
  })
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof OfflineError ? error.message : error);
    process.exitCode = 1;
  });
