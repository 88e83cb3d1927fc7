import * as path from "node:path";
import { postgresProgram } from "../../../tools/dr-drill/postgres";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { runCommand } from "../../support/repository";

const cli = (...args: readonly string[]) =>
  runCommand({ folder: path.resolve(".") }, "node", "--import", "tsx", "tools/dr-drill/cli.ts", ...args);

describe("dr-drill", () => {
  test.each(["0", "many", "1.5"])("fails for %s rows, before it does anything", (rows) => {
    const { status, stderr } = cli("--rows", rows);
    expect(status).toBe(1);
    expect(stderr).toContain(`'${rows}' is invalid. use a whole number from 1 on.`);
  });

  describeWithProgram(postgresProgram("postgres"), "on a real PostgreSQL", () => {
    test("GIVEN the migrations of viridial-staging THEN it ends with 0 and prints the measured times", () => {
      const { status, stdout } = cli("--rows", "10");
      expect(stdout).toMatch(
        /^PostgreSQL \d+.*\n( {2}ok .*\n){5} {2}ok {6}RTO {2}\d+\.\d s .*\n {2}ok {6}RPO {2}\d+\.\d s .*\n$/,
      );
      expect(status).toBe(0);
    });

    test("fails with a sentence, and with 1, when it cannot be carried through", () => {
      const folder = temporaryFolder();
      const { status, stderr } = cli("--migrations", folder);
      expect(stderr).toBe(
        `The drill failed: there is no migration in ${folder}: name the folder of V1__….sql and its like\n`,
      );
      expect(status).toBe(1);
    });
  });
});
