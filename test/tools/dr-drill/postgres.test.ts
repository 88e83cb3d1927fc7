import * as fs from "node:fs";
import {
  errorIn,
  ownFolder,
  postgresProgram,
  runProgram,
  startProgram,
  unprivileged,
  until,
} from "../../../tools/dr-drill/postgres";
import { messageOf, temporaryFolder } from "../../support/layers";

describe("errorIn", () => {
  test("GIVEN what psql says THEN it is the first error, without its position", () => {
    const said = 'NOTICE:  x\npsql:<stdin>:3: ERROR:  relation "a" does not exist\nLINE 1: SELECT\nERROR:  second';
    expect(errorIn(said)).toBe('relation "a" does not exist');
  });

  test("GIVEN a server's log THEN it is what ended it", () => {
    expect(errorIn("2026-11-21 LOG:  starting\n2026-11-21 UTC [1] FATAL:  recovery ended early\n")).toBe(
      "recovery ended early",
    );
  });

  test("GIVEN neither THEN it is the whole text", () => {
    expect(errorIn("could not connect\n")).toBe("could not connect");
  });
});

test("GIVEN a program that Debian does not have THEN it is looked for on the path", () => {
  expect(postgresProgram("no-such-program")).toBe("no-such-program");
});

test("GIVEN a folder THEN it is made, and belongs to the user that servers run as", () => {
  const { uid, gid, mode } = fs.statSync(ownFolder(`${temporaryFolder()}/a/b`));
  expect({ uid, gid }).toEqual(unprivileged());
  expect(mode & 0o777).toBeGreaterThanOrEqual(0o700);
  // PostgreSQL refuses to run as root.
  expect(uid).not.toBe(0);
});

test("fails when a program does, with what it said", async () => {
  expect(await messageOf(() => runProgram("false", [], "/tmp"))).toBe("false failed: ");
  expect(await messageOf(() => runProgram("no-such-program", [], "/tmp"))).toMatch(
    /^no-such-program failed: .*(ENOENT|EACCES)$/,
  );
});

test("fails when a program ends before it answers, and when it never does", async () => {
  expect(await messageOf(() => startProgram("sh", ["-c", "echo broken >&2; exit 3"], "/tmp", () => false))).toBe(
    "sh ended with 3: broken\n",
  );
  expect(await messageOf(() => startProgram("sleep", ["60"], "/tmp", () => false, 0.1))).toBe(
    "waited 0.1 s for sleep to answer ",
  );
});

test("fails when a condition does not hold in time", async () => {
  expect(
    await messageOf(() =>
      until(
        () => false,
        "a miracle",
        () => "(none)",
        0.05,
      ),
    ),
  ).toBe("waited 0.05 s for a miracle (none)");
});
