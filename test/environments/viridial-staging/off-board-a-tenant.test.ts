import * as fs from "node:fs";
import * as path from "node:path";
import { renderTenantRows } from "../../../constructs/tenancy/tenant-rows";
import { postgresProgram, PostgresServer, runSql } from "../../support/postgres";
import { describeWithProgram } from "../../support/programs";

const MIGRATIONS = path.resolve("environments/viridial-staging/migrations");
const RUNBOOK = fs.readFileSync(path.resolve("docs/runbooks/off-board-a-tenant.md"), "utf8");

const LAKE = { id: "lake", name: "Lake", organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10", plan: "small" };
const HILL = { id: "hill", name: "Hill", organizationId: "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735", plan: "huge" };

/** The runbook's statements that begin with a word, for a tenant. */
function statement(word: string): string {
  const [, sql] = new RegExp(`--command "(${word} [^"]*)"`).exec(RUNBOOK) ?? [];
  return (sql ?? "").replaceAll("$ORGANIZATION", LAKE.organizationId);
}

const EXPORTED = (/for table in ([a-z_ ]+); do/.exec(RUNBOOK)?.[1] ?? "").split(" ");

describeWithProgram(postgresProgram("postgres"), "the runbook's SQL on a real PostgreSQL with the migrations", () => {
  let server: PostgresServer;
  const sql = (text: string) => runSql(server.connection("viridial", "postgres"), text);
  const users = () =>
    sql(
      "SELECT o.slug, u.disabled_at IS NULL FROM viridial.users u JOIN viridial.organizations o ON o.id = organization_id ORDER BY 1",
    ).rows;

  beforeAll(async () => {
    server = await PostgresServer.start();
    runSql(server.connection("postgres", "postgres"), "CREATE DATABASE viridial");
    for (const file of fs.readdirSync(MIGRATIONS).sort()) {
      const text = fs.readFileSync(path.join(MIGRATIONS, file), "utf8");
      runSql(server.connection("viridial", "postgres"), text, "--single-transaction");
    }
    expect(sql(renderTenantRows([LAKE, HILL])).error).toBe("");
    for (const { organizationId, id } of [LAKE, HILL]) {
      const values = `'${organizationId}', '${id}@example.com', 'Agent'`;
      const { error } = sql(`INSERT INTO viridial.users (organization_id, email, display_name) VALUES (${values})`);
      expect(error).toBe("");
    }
  });
  afterAll(() => server.stop());

  test("THEN every table of the tenants is exported", () => {
    const { rows } = sql("SELECT tablename FROM pg_tables WHERE schemaname = 'viridial' ORDER BY 1");
    expect([...EXPORTED].sort()).toEqual(rows);
  });

  test("WHEN it is stopped THEN its users are disabled, and nobody else's", () => {
    expect(sql(statement("UPDATE")).error).toBe("");
    expect(users()).toEqual(["hill|t", "lake|f"]);
  });

  test("WHEN it is exported THEN its own rows are written, and no other's", () => {
    const counts = EXPORTED.map((table) => {
      const copy = statement("COPY")
        .replace("$table", table)
        .replace("$key", table === "organizations" ? "id" : "organization_id");
      const { rows, error } = sql(copy);
      expect([table, error]).toEqual([table, ""]);
      return [table, rows.length, rows.every((row) => row.includes(LAKE.organizationId))];
    });
    expect(counts.filter(([, count]) => count !== 0)).toEqual([
      ["organizations", 1, true],
      ["users", 1, true],
    ]);
  });

  test("WHEN it is deleted THEN nothing of it is left, and what is another's stays", () => {
    expect(sql(statement("DELETE")).error).toBe("");
    expect(users()).toEqual(["hill|t"]);
    expect(sql(statement("SELECT")).rows).toEqual([]);
  });
});
