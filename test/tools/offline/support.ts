import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { schemaFiles, type Block, type SchemaKind } from "../../../tools/offline/schemas";
import { terraformBinary } from "../../../tools/offline/terraform";

export const FIXTURE_SCHEMAS = join(__dirname, "fixtures", "schemas");

/** Providers whose source is not `hashicorp/<name>`. */
const SOURCES = { hcloud: { source: "hetznercloud/hcloud" } };

/** The schema block of a type in the fixtures. */
export function fixtureBlock(type: string, kind: SchemaKind = "resource_schemas"): Block {
  const found = schemaFiles(FIXTURE_SCHEMAS).flatMap((file) => file.load()[kind]?.[type]?.block ?? []);
  if (found[0] === undefined) {
    throw new Error(`${type} is not in the fixtures: add it to fixtures/used-types and write the schemas again`);
  }
  return found[0];
}

/** A throw-away folder; `dispose` removes it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "socle-test-"));

  write(name: string, content: unknown): void {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  /** Standard output and standard error without Terraform's line breaks and frames. */
  readonly text: string;
}

export function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string | undefined>> },
): Promise<Finished> {
  const env = { ...process.env, ...options.env };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: options.cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, text: `${stdout}\n${stderr}`.replace(/[╷│╵]/g, " ").replace(/\s+/g, " ") });
    });
  });
}

/** A folder with a configuration, in which Terraform is run against an offline server. */
export class Configuration extends Folder {
  constructor(private readonly env: Readonly<Record<string, string>>) {
    super();
  }

  set(configuration: object): void {
    this.write("main.tf.json", { terraform: { required_providers: SOURCES }, ...configuration });
  }

  terraform(...args: string[]): Promise<Finished> {
    return run(terraformBinary(), [...args, ...(args[0] === "show" || args[0] === "output" ? [] : ["-no-color"])], {
      cwd: this.path,
      env: this.env,
    });
  }
}
