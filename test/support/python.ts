import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { temporaryFolder } from "./layers";

/**
 * `describe` for tests that run Python with the packages of a requirements.txt, which `tools/python/install.sh` installs once
 * for each of its contents, outside the repository. Where they are not installed: skipped with a word, a failure in CI
 * (`CI=true`).
 *
 * @param folder which has the requirements.txt, such as `images/data-quality`
 * @param tests get the path of the Python that has them
 */
export function describeWithPython(folder: string, name: string, tests: (python: string) => void): void {
  const python = pythonOf(folder);
  if (fs.existsSync(python)) {
    describe(name, () => tests(python));
  } else if (process.env["CI"] === "true") {
    test(`${name} needs the packages of ${folder}/requirements.txt`, () => {
      throw new Error(`${python} is not there: .ci/run has to install it (tools/python/install.sh ${folder})`);
    });
  } else {
    describe.skip(`${name} (skipped: tools/python/install.sh ${folder})`, () => tests(python));
  }
}

/** Where the packages of a folder are installed: the same for everybody who has the same requirements.txt. */
function pythonOf(folder: string): string {
  const requirements = fs.readFileSync(path.join(folder, "requirements.txt"));
  const digest = createHash("sha256").update(requirements).digest("hex").slice(0, 12);
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
  return path.join(cache, "socle/python", `${path.basename(folder)}-${digest}`, "bin/python");
}

/** What a run of Python left. */
export interface PythonRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs Python, and nothing of the machine's own settings: the environment is what is given, a path and a home that is gone
 * afterwards.
 *
 * @param options.cwd folder whose modules are found. @default - the repository
 */
export function runPython(
  python: string,
  args: readonly string[],
  { cwd, env = {}, input = "" }: { cwd?: string; env?: Readonly<Record<string, string>>; input?: string } = {},
): PythonRun {
  const { status, stdout, stderr, error } = spawnSync(python, [...args], {
    cwd,
    input,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: temporaryFolder(), PYTHONDONTWRITEBYTECODE: "1", ...env },
  });
  if (error) {
    throw error;
  }
  return { status, stdout, stderr };
}
