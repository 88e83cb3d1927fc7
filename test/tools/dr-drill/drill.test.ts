import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { drill, type DrillOptions } from "../../../tools/dr-drill/drill";
import { postgresProgram } from "../../../tools/dr-drill/postgres";
import { messageOf, temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const MIGRATIONS = "environments/viridial-staging/migrations";
const OPTIONS: DrillOptions = { migrations: MIGRATIONS, rows: 10, archiveTimeoutSeconds: 1 };

/** What is said of an archive that ends too early, as PostgreSQL calls it. */
const NOT_REACHED =
  "the restored server did not start: recovery ended before configured recovery target was reached. " +
  "A WAL file or the base backup is missing or damaged in the archive.";

const NO_CHECKPOINT = NOT_REACHED.replace(/recovery ended.*reached/, "could not locate required checkpoint record");

/** A copy of the migrations with another file after them. */
function migrationsWith(file: string, sql: string): string {
  const folder = temporaryFolder();
  fs.cpSync(MIGRATIONS, folder, { recursive: true });
  fs.writeFileSync(path.join(folder, file), sql);
  return folder;
}

const walFiles = (archive: string) =>
  fs
    .readdirSync(archive)
    .filter((file) => /^[0-9A-F]{24}$/.test(file))
    .sort();
const leftovers = () => fs.readdirSync(os.tmpdir()).filter((each) => each.startsWith("dr-"));

describeWithProgram(postgresProgram("postgres"), "A drill on a real PostgreSQL", () => {
  test("GIVEN an archive that is whole THEN everything holds, and both times are measured", async () => {
    const before = leftovers();
    const result = await drill(OPTIONS);

    expect(result.checks).toEqual([
      { what: "the row that was deleted after the target time is there again", problem: "" },
      { what: "what was written after the target time is not there", problem: "" },
      { what: "each tenant sees all of its rows, and no other's", problem: "" },
      { what: "a query without a tenant sees no rows", problem: "" },
      { what: "viridial.isolation_problems() finds nothing", problem: "" },
    ]);
    expect(result.version).toMatch(/^\d+\.\d+/);
    expect(result.walFiles).toBeGreaterThanOrEqual(3);
    expect(result.recoverySeconds).toBeGreaterThan(0);
    expect(result.lossSeconds).toBeGreaterThan(0);
    expect(result.lossSeconds).toBeLessThan(30);
    expect(leftovers().filter((each) => !before.includes(each))).toEqual([]);
  });

  test("fails when a WAL file before the target is missing, with a sentence", async () => {
    const whenLost = (archive: string) => {
      const [, second = ""] = walFiles(archive);
      fs.rmSync(path.join(archive, second));
    };
    // Which of the two depends on whether the base backup began in it.
    expect([NOT_REACHED, NO_CHECKPOINT]).toContain(await messageOf(() => drill({ ...OPTIONS, whenLost })));
  });

  test("fails when the last WAL files are missing: the target time is never reached", async () => {
    const whenLost = (archive: string) =>
      walFiles(archive)
        .slice(2)
        .forEach((file) => fs.rmSync(path.join(archive, file)));
    expect(await messageOf(() => drill({ ...OPTIONS, whenLost }))).toBe(NOT_REACHED);
  });

  test("fails when a table has no row-level security: the checks say what they found", async () => {
    const migrations = migrationsWith(
      "V90__open.sql",
      "SET LOCAL ROLE viridial_owner; ALTER TABLE viridial.properties DISABLE ROW LEVEL SECURITY;",
    );
    const { checks } = await drill({ ...OPTIONS, migrations });

    const problems = Object.fromEntries(checks.map(({ what, problem }) => [what, problem]));
    expect(problems["each tenant sees all of its rows, and no other's"]).toMatch(/^found aaaaaaaa.*bbbbbbbb/);
    expect(problems["a query without a tenant sees no rows"]).toBe("it sees 22");
    expect(problems["viridial.isolation_problems() finds nothing"]).toBe("properties has no row-level security");
  });

  test("fails when a migration does not apply, naming it", async () => {
    const migrations = migrationsWith("V90__wrong.sql", "SELECT 1/0;");
    expect(await messageOf(() => drill({ ...OPTIONS, migrations }))).toBe(
      "the migration V90__wrong.sql failed: division by zero",
    );
  });

  test("fails without a migration", async () => {
    const migrations = temporaryFolder();
    expect(await messageOf(() => drill({ ...OPTIONS, migrations }))).toBe(
      `there is no migration in ${migrations}: name the folder of V1__….sql and its like`,
    );
  });
});
