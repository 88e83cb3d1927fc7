import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "./layers";

const ROOT = path.resolve(__dirname, "../..");

/** What is not a source of the program. */
const LEFT_OUT = ["node_modules", "cdktf.out", "coverage", "docs", "schemas", "test"];

/**
 * A copy of this repository's sources in a folder of the given name. The installed packages are linked one by one, so
 * that the bundles that `tools/start.mjs` keeps among them are the copy's own.
 */
export function copyRepository(name: string): string {
  const copy = path.join(temporaryFolder(), name);
  fs.mkdirSync(path.join(copy, "node_modules"), { recursive: true });
  for (const entry of fs.readdirSync(ROOT).filter((each) => !each.startsWith(".") && !LEFT_OUT.includes(each))) {
    fs.cpSync(path.join(ROOT, entry), path.join(copy, entry), { recursive: true });
  }
  for (const entry of fs.readdirSync(path.join(ROOT, "node_modules")).filter((each) => each !== ".cache")) {
    fs.symlinkSync(path.join(ROOT, "node_modules", entry), path.join(copy, "node_modules", entry));
  }
  return copy;
}

/** How a person's shell is set up. */
export interface Shell {
  readonly folder: string;
  /** Variables on top of this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Three octal digits. */
  readonly umask?: string;
}

/** Runs a command as a person does in a shell. */
export function runCommand(shell: Shell, ...command: readonly string[]): SpawnSyncReturns<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TF_|CDKTF_|JEST_|NODE_OPTIONS$)/.test(name));
  const result = spawnSync("sh", ["-c", `umask ${shell.umask ?? "022"} && exec "$@"`, "sh", ...command], {
    cwd: shell.folder,
    encoding: "utf8",
    env: { ...Object.fromEntries(inherited), CHECKPOINT_DISABLE: "1", CI: "true", ...shell.environment },
  });
  if (result.error) {
    throw result.error;
  }
  return result;
}

/** Every environment, by its folder: one that has an `index.ts`. */
export const ENVIRONMENTS: readonly string[] = fs
  .readdirSync(path.join(ROOT, "environments"))
  .filter((name) => fs.existsSync(path.join(ROOT, "environments", name, "index.ts")));
