import * as fs from "node:fs";
import * as path from "node:path";
import { type EnvironmentLoader, main } from "../constructs/core/synthesize";
import { filesBelow, temporaryFolder, testApp } from "./support/layers";
import { copyRepository, ENVIRONMENTS, runCommand, type Shell } from "./support/repository";
import { describeWithTerraform } from "./support/terraform";

jest.mock("../constructs/core/synthesize", () => ({ main: jest.fn() }));

const SYNTH = ["node", "tools/start.mjs", "main.ts"];

describe("main.ts", () => {
  let loaders: Record<string, EnvironmentLoader> = {};
  beforeAll(async () => {
    await import("../main");
    loaders = jest.mocked(main).mock.calls[0]?.[0] as Record<string, EnvironmentLoader>;
  });

  test("GIVEN the folders of environments/ WHEN main.ts runs THEN it has an entry for each, and no other", () => {
    expect(Object.keys(loaders).sort()).toEqual([...ENVIRONMENTS].sort());
  });

  test("GIVEN an entry WHEN it is loaded THEN the environment has its name, and layers", async () => {
    const app = testApp();
    const made: [string, string, boolean][] = [];
    for (const [name, loader] of Object.entries(loaders)) {
      const environment = (await loader()).default(app);
      made.push([name, environment.name, environment.layers.length > 0]);
    }

    expect(made.length).toBeGreaterThan(0);
    expect(made).toEqual(Object.keys(loaders).map((name) => [name, name, true]));
  });
});

/** Synthesizes in a copy of the repository and gives the files that were written. */
function synthesizeIn(shell: Shell): Record<string, string> {
  const { status, stderr } = runCommand(shell, ...SYNTH);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return filesBelow(path.join(shell.folder, "cdktf.out"));
}

describe("the program", () => {
  test("GIVEN two machines WHEN each synthesizes THEN the bytes are the same and tell of neither", () => {
    const [here, there] = [copyRepository("socle"), copyRepository("a fork of Söcle")];
    const homes = [temporaryFolder(), temporaryFolder()] as const;

    const files = synthesizeIn({
      folder: here,
      umask: "022",
      environment: { LANG: "C", LC_ALL: "C", TZ: "UTC", HOME: homes[0], USER: "here-user", LOGNAME: "here-user" },
    });
    const others = synthesizeIn({
      folder: there,
      umask: "077",
      environment: {
        LANG: "tr_TR.UTF-8",
        LC_ALL: "tr_TR.UTF-8",
        TZ: "Pacific/Chatham",
        HOME: homes[1],
        USER: "there-user",
        LOGNAME: "there-user",
      },
    });

    expect(Object.keys(files)).toContain("socle.json");
    expect(others).toEqual(files);
    const traces = [here, there, ...homes, "here-user", "there-user", path.resolve(__dirname, "..")];
    const told = Object.entries(files).flatMap(([file, text]) =>
      traces.filter((trace) => text.includes(trace)).map((trace) => `${file}: ${trace}`),
    );
    expect(told).toEqual([]);
  });

  test("fails for an unknown environment, with one line and a code, and writes nothing", () => {
    const folder = copyRepository("socle");

    const { status, stdout, stderr } = runCommand({ folder }, ...SYNTH, "--env", "no-such");

    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^synth: there is no environment "no-such": use one of .*kauri-aws.*\n$/);
    expect(fs.existsSync(path.join(folder, "cdktf.out"))).toBe(false);
  });
});

describeWithTerraform("cdktf's own command line", () => {
  test("GIVEN make synth's files WHEN cdktf synth and cdktf list run THEN they write the same bytes", () => {
    const shell: Shell = { folder: copyRepository("socle"), environment: { HOME: temporaryFolder() } };
    const outdir = path.join(shell.folder, "cdktf.out");
    const files = synthesizeIn(shell);
    const layers = (JSON.parse(files["manifest.json"] ?? "") as { stacks: Record<string, unknown> }).stacks;

    for (const command of ["synth", "list"]) {
      fs.rmSync(outdir, { recursive: true });
      const { status, stdout, stderr } = runCommand(shell, "npx", "--no-install", "cdktf", command);
      expect({ command, status, output: status === 0 ? "" : `${stdout}${stderr}` }).toEqual({
        command,
        status: 0,
        output: "",
      });
      expect(Object.keys(layers).filter((name) => !stdout.includes(name))).toEqual([]);
      expect(filesBelow(outdir)).toEqual(files);
    }
  });
});
