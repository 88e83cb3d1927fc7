import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const SCRIPT = path.resolve("tools/python/install.sh");

/** Runs the script on a folder with a requirements.txt; gives what it says, and what is in the cache. */
function install(cache: string, requirements: string) {
  const folder = path.join(temporaryFolder(), "job");
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "requirements.txt"), requirements);
  const { status, stdout, stderr } = spawnSync("bash", [SCRIPT, folder], {
    encoding: "utf8",
    env: { ...process.env, XDG_CACHE_HOME: cache },
  });
  const made = path.join(cache, "socle/python");
  return { status, text: `${stdout}${stderr}`, environments: fs.existsSync(made) ? fs.readdirSync(made) : [] };
}

describeWithProgram("shellcheck", "GIVEN what installs packages of Python", () => {
  test("THEN shellcheck finds nothing", () => {
    expect(spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" }).stdout).toBe("");
  });
});

describeWithProgram("python3", "GIVEN what installs packages of Python", () => {
  test("WHEN it is run twice THEN it installs once, under the requirements' own name", () => {
    const cache = temporaryFolder();

    const [first, second] = [install(cache, "# none\n"), install(cache, "# none\n")];

    expect([first.status, second.status, second.text]).toEqual([0, 0, ""]);
    expect(first.environments).toEqual([expect.stringMatching(/^job-[0-9a-f]{12}$/)]);
    expect(second.environments).toEqual(first.environments);
    const python = path.join(cache, "socle/python", first.environments[0] ?? "", "bin/python");
    expect(spawnSync(python, ["-c", "print(1)"], { encoding: "utf8" }).stdout).toBe("1\n");
  });

  test("fails for a package without a hash, and leaves nothing that looks whole", () => {
    const { status, text, environments } = install(temporaryFolder(), "six==1.17.0\n");

    expect(status).not.toBe(0);
    expect(text).toContain("Hashes are required in --require-hashes mode");
    expect(environments).toEqual([expect.stringMatching(/\.partial$/)]);
  });
});
