import * as fs from "node:fs";
import * as path from "node:path";
import { renderTenantRows, TenantRows } from "../../../constructs/tenancy/tenant-rows";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { postgresProgram, PostgresServer, runSql } from "../../support/postgres";
import { describeWithProgram } from "../../support/programs";

const LAKE = {
  id: "lake",
  name: "L'Agence: du \\Lac",
  organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10",
  plan: "small",
};
const HILL = { id: "hill", name: "Hill", organizationId: "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735", plan: "huge" };
const QUOTAS = { cpuMillis: 1, memoryMib: 1, storageGib: 1, requestsPerMinute: 1, users: 1 };

describe("renderTenantRows", () => {
  test("GIVEN a tenant THEN its row is written as its own tenant, and written again without its name", () => {
    expect(renderTenantRows([LAKE])).toBe(
      [
        "-- Rows of tenants, for psql as viridial_migrator.",
        "\\set ON_ERROR_STOP on",
        "SET ROLE viridial_owner;",
        "BEGIN;",
        "SET LOCAL app.organization_id = '0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10';",
        "INSERT INTO viridial.organizations (id, slug, name, plan)",
        "  VALUES ('0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10', 'lake', 'L''Agence: du \\Lac', 'small')",
        "  ON CONFLICT (id) DO UPDATE SET slug = EXCLUDED.slug, plan = EXCLUDED.plan;",
        "COMMIT;",
        "",
      ].join("\n"),
    );
  });
});

describe("TenantRows", () => {
  const { json } = synthesizeLayer((layer) => {
    new TenantRows(layer, "rows", {
      namespace: testNamespace(testCluster(layer), "data"),
      name: "tenants-00-rows",
      image: "postgres:18.6",
      host: "postgresql-rw.data",
      port: 5432,
      database: "viridial",
      username: { secretName: "migrator", key: "username" },
      password: { secretName: "migrator", key: "password" },
      tenants: [{ ...LAKE, subdomain: "lake", quotas: QUOTAS }],
    });
  });

  test("THEN a Job runs the SQL at the primary, with TLS, as the migrator", () => {
    const { container } = (
      json.resource?.["kubernetes_job_v1"]?.["rows"] as {
        spec: { template: { spec: { container: [{ command: string[]; env: Record<string, unknown>[] }] } } };
      }
    ).spec.template.spec;
    expect(container[0].command).toEqual([
      "psql",
      "--no-psqlrc",
      "--quiet",
      "--no-password",
      "--file=/sql/tenants.sql",
    ]);
    const secret = (key: string) => ({ secret_key_ref: { name: "migrator", key } });
    expect(container[0].env.map(({ name, value, value_from: from }) => [name, value ?? from])).toEqual([
      ["HOME", "/tmp"],
      ["PGHOST", "postgresql-rw.data"],
      ["PGPORT", "5432"],
      ["PGDATABASE", "viridial"],
      ["PGSSLMODE", "require"],
      ["PGCONNECT_TIMEOUT", "10"],
      ["PGUSER", secret("username")],
      ["PGPASSWORD", secret("password")],
    ]);
    expect(json.resource?.["kubernetes_config_map_v1"]?.["rows_files"]?.["data"]).toEqual({
      "tenants.sql": renderTenantRows([LAKE]),
    });
  });
});

describeWithProgram(postgresProgram("postgres"), "the rows on a real PostgreSQL with the migrations", () => {
  let server: PostgresServer;
  const migrations = path.resolve("environments/viridial-staging/migrations");
  const rows = () =>
    runSql(
      server.connection("viridial", "postgres"),
      "SELECT slug, name, plan FROM viridial.organizations ORDER BY slug",
    ).rows;
  const apply = (...tenants: (typeof LAKE)[]) =>
    runSql(server.connection("viridial", "viridial_migrator"), renderTenantRows(tenants)).error;

  beforeAll(async () => {
    server = await PostgresServer.start();
    expect(runSql(server.connection("postgres", "postgres"), "CREATE DATABASE viridial").error).toBe("");
    for (const file of fs.readdirSync(migrations).sort()) {
      const sql = fs.readFileSync(path.join(migrations, file), "utf8");
      expect([file, runSql(server.connection("viridial", "postgres"), sql, "--single-transaction").error]).toEqual([
        file,
        "",
      ]);
    }
  });
  afterAll(() => server.stop());

  test("GIVEN tenants WHEN the SQL runs twice THEN each has its row, whatever its name", () => {
    expect([apply(LAKE, HILL), apply(LAKE, HILL)]).toEqual(["", ""]);
    expect(rows()).toEqual(["hill|Hill|huge", "lake|L'Agence: du \\Lac|small"]);
  });

  test("GIVEN another plan, and a name that the tenant changed WHEN the SQL runs THEN the row has both", () => {
    runSql(
      server.connection("viridial", "postgres"),
      "UPDATE viridial.organizations SET name = 'Mont' WHERE slug = 'hill'",
    );
    expect(apply(LAKE, { ...HILL, plan: "small" })).toBe("");
    expect(rows()).toEqual(["hill|Mont|small", "lake|L'Agence: du \\Lac|small"]);
  });

  test("GIVEN a tenant that is no longer in the list WHEN the SQL runs THEN its row stays", () => {
    expect(apply(LAKE)).toBe("");
    expect(rows()).toHaveLength(2);
  });

  test("fails for the slug of another organization, and leaves the rows as they are", () => {
    expect(apply({ ...LAKE, organizationId: "c45a1e07-9b82-4d3c-b6f5-28e7d0a9136e" })).toMatch(
      /duplicate key value violates unique constraint "organizations_slug_key"/,
    );
    expect(rows()).toHaveLength(2);
  });
});
