import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { runCommand } from "../support/repository";

const ROOT = path.resolve(__dirname, "../..");

/** A small repository with the real tools/start.mjs, a program in two files and a package that it uses. */
function smallRepository(): string {
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, "tools"));
  const files = {
    "package-lock.json": "{}",
    "main.ts": 'import { greet } from "./greet";\ngreet(process.argv);\n',
    "greet.ts":
      'import { word } from "a-package";\n' +
      "export function greet(argv: readonly string[]): void {\n" +
      '  if (argv.includes("--fail")) {\n' +
      '    throw new Error("no greeting");\n' +
      "  }\n" +
      "  process.stdout.write(JSON.stringify([word, ...argv.slice(1)]));\n" +
      "}\n",
    "node_modules/a-package/package.json": '{ "name": "a-package", "version": "1.0.0" }',
    "node_modules/a-package/index.js": 'exports.word = "hello";\n',
  };
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  fs.copyFileSync(path.join(ROOT, "tools/start.mjs"), path.join(folder, "tools/start.mjs"));
  for (const name of ["esbuild", "@esbuild"]) {
    fs.symlinkSync(path.join(ROOT, "node_modules", name), path.join(folder, "node_modules", name));
  }
  return folder;
}

const start = (folder: string, ...args: string[]) => {
  const { status, stdout, stderr } = runCommand({ folder }, "node", "tools/start.mjs", ...args);
  return { status, stdout, stderr };
};

const bundleOf = (folder: string) => path.join(folder, "node_modules/.cache/socle/main.js");

/** Makes a file older or newer than the bundle, whatever the clock's resolution. */
const touch = (folder: string, file: string, secondsFromNow: number) => {
  const time = Date.now() / 1000 + secondsFromNow;
  fs.utimesSync(path.join(folder, file), time, time);
};

describe("tools/start.mjs", () => {
  test("GIVEN a program WHEN it is started THEN it runs with its own path and the arguments after it", () => {
    const folder = smallRepository();

    expect(start(folder, "main.ts", "--env", "kauri aws")).toEqual({
      status: 0,
      stdout: JSON.stringify(["hello", path.join(folder, "main.ts"), "--env", "kauri aws"]),
      stderr: "",
    });
  });

  test("GIVEN another folder WHEN it is started THEN it finds its repository all the same", () => {
    const folder = smallRepository();
    const command = ["node", path.join(folder, "tools/start.mjs"), "main.ts"];

    expect(runCommand({ folder: temporaryFolder() }, ...command).stdout).toContain("hello");
  });

  test("GIVEN nothing has changed WHEN it is started again THEN the bundle is used as it is", () => {
    const folder = smallRepository();
    start(folder, "main.ts");
    // What only the bundle says shows that the bundle ran.
    fs.writeFileSync(bundleOf(folder), 'process.stdout.write("the bundle");\n');

    expect(start(folder, "main.ts").stdout).toBe("the bundle");
  });

  test.each(["main.ts", "greet.ts", "package-lock.json", "tools/start.mjs"])(
    "GIVEN a newer %s WHEN it is started again THEN the program is bundled again",
    (file) => {
      const folder = smallRepository();
      start(folder, "main.ts");
      fs.writeFileSync(bundleOf(folder), 'process.stdout.write("the bundle");\n');
      touch(folder, file, 60);

      expect(start(folder, "main.ts").stdout).toContain("hello");
    },
  );

  test("GIVEN a source that is gone WHEN it is started again THEN the program is bundled again", () => {
    const folder = smallRepository();
    start(folder, "main.ts");
    fs.renameSync(path.join(folder, "greet.ts"), path.join(folder, "salute.ts"));
    fs.writeFileSync(path.join(folder, "main.ts"), 'import { greet } from "./salute";\ngreet(["", "renamed"]);\n');
    touch(folder, "main.ts", -60);

    expect(start(folder, "main.ts").stdout).toBe('["hello","renamed"]');
  });

  test("GIVEN a package WHEN its program has been bundled THEN the program runs without it", () => {
    const folder = smallRepository();
    start(folder, "main.ts");
    fs.rmSync(path.join(folder, "node_modules/a-package"), { recursive: true });

    expect(start(folder, "main.ts").stdout).toContain("hello");
  });

  test("GIVEN --trace WHEN the program throws THEN the stack speaks of the sources, otherwise of the bundle", () => {
    const folder = smallRepository();

    expect(start(folder, "main.ts", "--fail", "--trace").stderr).toMatch(/Error: no greeting\n[^]*greet\.ts:4:/);
    expect(start(folder, "main.ts", "--fail").stderr).toMatch(/Error: no greeting\n +at greet \(.*main\.js:/);
  });

  test("fails without a program, saying how it is used", () => {
    expect(start(smallRepository())).toEqual({
      status: 2,
      stdout: "",
      stderr: "usage: node tools/start.mjs <entry.ts> [arguments]\n",
    });
  });

  test("fails for a source that is no TypeScript, and does not run the bundle of before", () => {
    const folder = smallRepository();
    start(folder, "main.ts");
    fs.writeFileSync(path.join(folder, "greet.ts"), "export function (");
    touch(folder, "greet.ts", 60);

    const { status, stdout, stderr } = start(folder, "main.ts");

    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("greet.ts:1:");
  });

  test("fails for a program that is not there", () => {
    const { status, stderr } = start(smallRepository(), "no-such.ts");

    expect(status).toBe(1);
    expect(stderr).toContain("no-such.ts");
  });
});
