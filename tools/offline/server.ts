/**
 * The process that serves the providers. It is one of its own, because cdktf's Jest matchers run Terraform with
 * `execSync`: whoever starts Terraform cannot answer it at the same time.
 *
 * Standard input: first line the options, as JSON. It ends when its parent does, and then so does this process.
 * Standard output: one line, the environment variables for Terraform or the error, as JSON.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { messageOf } from "./errors";
import { checkFakes } from "./fakes";
import { serveProvider } from "./provider";
import { schemaFiles } from "./schemas";
import type { OfflineServerOptions, ServerAnswer } from "./start";

const REGISTRIES = ["registry.terraform.io", "registry.opentofu.org"];

async function serve({ schemas, fakes = {} }: OfflineServerOptions): Promise<Record<string, string>> {
  const files = schemas === undefined ? [] : schemaFiles(schemas);
  if (Object.keys(fakes).length > 0) {
    checkFakes(
      fakes,
      files.map((file) => file.load()),
    );
  }
  // Paths of sockets are limited to about a hundred characters: short names, whatever the provider is called.
  const folder = mkdtempSync(join(tmpdir(), "socle-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

  const reattach: Record<string, object> = {};
  await Promise.all(
    files.map(async (file, index) => {
      const socket = join(folder, `${index}.sock`);
      await serveProvider(file, fakes, socket);
      for (const address of addresses(file.address)) {
        reattach[address] = {
          Protocol: "grpc",
          ProtocolVersion: 6,
          Pid: process.pid,
          // Without it, Terraform stops the provider after each command.
          Test: true,
          Addr: { Network: "unix", String: socket },
        };
      }
    }),
  );
  return {
    TF_REATTACH_PROVIDERS: JSON.stringify(reattach),
    TF_CLI_CONFIG_FILE: writeCliConfig(folder),
    CHECKPOINT_DISABLE: "1",
  };
}

/** OpenTofu looks for the same providers in its own registry. */
function addresses(address: string): string[] {
  const [host = "", ...rest] = address.split("/");
  return REGISTRIES.includes(host) ? REGISTRIES.map((registry) => [registry, ...rest].join("/")) : [address];
}

/** With an empty folder as the only source, a provider that is not served fails at once instead of trying the network. */
function writeCliConfig(folder: string): string {
  const mirror = join(folder, "mirror");
  const file = join(folder, "terraform.rc");
  mkdirSync(mirror);
  writeFileSync(file, `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`);
  return file;
}

function answer(message: ServerAnswer): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit());
}
const input = createInterface({ input: process.stdin });
input.on("close", () => process.exit());
input.once("line", (line) => {
  serve(JSON.parse(line) as OfflineServerOptions).then(
    (env) => answer({ env }),
    (error: unknown) => answer({ error: messageOf(error) }),
  );
});
