import { spawnSync } from "node:child_process";

/**
 * `describe` for tests that run a program which a user's machine may lack: skipped there with a word, a failure in CI
 * (`CI=true`), where `.ci/run` installs it.
 *
 * @param program name on the path, such as `cloud-init`
 */
export function describeWithProgram(program: string, name: string, tests: () => void): void {
  const found = spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
  if (found) {
    describe(name, tests);
  } else if (process.env["CI"] === "true") {
    test(`${name} needs ${program}`, () => {
      throw new Error(`${program} is not on the path: .ci/run has to install it`);
    });
  } else {
    describe.skip(`${name} (skipped: ${program} is not installed)`, tests);
  }
}
