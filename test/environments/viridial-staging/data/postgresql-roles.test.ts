import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { databaseUserStatements } from "../../../../constructs/database/vault-database-users";
import { INIT_SQL, ROLES } from "../../../../environments/viridial-staging/data/postgresql";
import { temporaryFolder } from "../../../support/layers";
import { type Connection, postgresProgram, PostgresServer, runSql } from "../../../support/postgres";
import { describeWithProgram } from "../../../support/programs";

const MIGRATIONS = "environments/viridial-staging/migrations";
const A = "aaaaaaaa-0000-4000-8000-000000000000";
const B = "bbbbbbbb-0000-4000-8000-000000000000";

/** A statement as Vault fills it in. */
const filled = (statements: readonly string[], name: string) =>
  statements
    .join(";\n")
    .replaceAll("{{name}}", name)
    .replaceAll("{{password}}", "secret")
    .replaceAll("{{expiration}}", "2099-01-01 00:00:00+0000");

describeWithProgram(postgresProgram("postgres"), "The roles of PostgreSQL, on a real one", () => {
  let server: PostgresServer;
  const as = (user: string, database = "viridial"): Connection => server.connection(database, user);
  const query = (connection: Connection, sql: string) => {
    const { rows, error } = runSql(connection, sql);
    expect(error).toBe("");
    return rows;
  };
  const refusal = (connection: Connection, sql: string) => runSql(connection, sql).error;
  const vault = () => as(ROLES.vault, "postgres");
  const app = databaseUserStatements(ROLES.app);
  const asTenant = (tenant: string, sql: string) =>
    `BEGIN; SET LOCAL app.organization_id = '${tenant}'; ${sql}; COMMIT;`;

  beforeAll(async () => {
    server = await PostgresServer.start();
    const superuser = as("postgres", "postgres");
    // What CloudNativePG does, in its order: the owner, the statements, the database, then the managed roles.
    query(superuser, `CREATE ROLE ${ROLES.owner} LOGIN`);
    query(superuser, INIT_SQL.join(";\n"));
    query(superuser, `CREATE DATABASE viridial OWNER ${ROLES.owner}`);
    query(
      superuser,
      `CREATE ROLE ${ROLES.migrator} LOGIN NOINHERIT IN ROLE ${ROLES.owner};
       CREATE ROLE ${ROLES.dump} LOGIN BYPASSRLS IN ROLE pg_read_all_data;
       GRANT pg_signal_backend TO ${ROLES.vault};
       CREATE ROLE cnpg_metrics_exporter LOGIN IN ROLE pg_monitor;`,
    );
    for (const file of fs.readdirSync(MIGRATIONS).sort()) {
      const sql = fs.readFileSync(path.join(MIGRATIONS, file), "utf8");
      expect(runSql(as(ROLES.migrator), `SET ROLE ${ROLES.owner};\n${sql}`, "--single-transaction").error).toBe("");
    }
    for (const tenant of [A, B]) {
      query(
        as(ROLES.migrator),
        `SET ROLE ${ROLES.owner}; ${asTenant(
          tenant,
          `INSERT INTO organizations (id, slug, name, plan) VALUES ('${tenant}', 'agency-${tenant.charAt(0)}', 'Agency', 'basic')`,
        )}`,
      );
    }
  });
  afterAll(() => server.stop());

  test("GIVEN the roles as the operator makes them THEN the migrations apply and nothing goes around row-level security", () => {
    expect(query(as("postgres"), "SELECT * FROM viridial.isolation_problems()")).toEqual([]);
  });

  test("GIVEN what Vault runs THEN a user is made that sees one tenant at a time, and owns nothing", () => {
    query(vault(), `BEGIN; ${filled(app.creation, "v-app-1")}; COMMIT`);

    expect(query(as("v-app-1"), asTenant(A, "SELECT id FROM organizations"))).toEqual([A]);
    expect(query(as("v-app-1"), "SELECT id FROM organizations")).toEqual([]);
    expect(query(as("postgres"), "SELECT * FROM viridial.isolation_problems()")).toEqual([]);
    expect(
      query(
        as("postgres"),
        `SELECT rolcanlogin, rolinherit, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolvaliduntil IS NOT NULL,
           rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'v-app-1'`,
      ),
    ).toEqual(["t|t|f|f|f|f|t|t"]);
    expect(refusal(as("v-app-1"), "CREATE TABLE viridial.mine (id uuid)")).toBe(
      "permission denied for schema viridial",
    );
    expect(refusal(as("v-app-1"), "CREATE TEMPORARY TABLE mine (id uuid)")).toBe(
      'permission denied to create temporary tables in database "viridial"',
    );
  });

  test("WHEN the lease is renewed THEN the user is good for longer", () => {
    query(vault(), filled(app.creation, "v-app-2"));
    query(vault(), filled(app.renewal, "v-app-2").replace("2099", "2100"));

    expect(
      query(as("postgres"), "SELECT extract(year FROM rolvaliduntil) FROM pg_roles WHERE rolname = 'v-app-2'"),
    ).toEqual(["2100"]);
  });

  test("WHEN the lease is revoked THEN its sessions end and the user is gone; a second time changes nothing", async () => {
    query(vault(), filled(app.creation, "v-app-3"));
    const session = server.session("viridial", "v-app-3");
    await session.query("SELECT 1");
    const sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'v-app-3'";
    expect(query(as("postgres"), sessions)).toEqual(["1"]);

    const revoke = `BEGIN; ${filled(app.revocation, "v-app-3")}; COMMIT`;
    query(vault(), revoke);

    await expect(session.query("SELECT 1")).rejects.toThrow(/terminating connection|connection/);
    expect(query(as("postgres"), "SELECT count(*) FROM pg_roles WHERE rolname = 'v-app-3'")).toEqual(["0"]);
    expect(refusal(as("v-app-3"), "SELECT 1")).toContain('role "v-app-3" does not exist');
    query(vault(), revoke);
  });

  test("GIVEN readonly THEN its users read one tenant's rows and write none", () => {
    query(vault(), filled(databaseUserStatements(ROLES.readonly).creation, "v-readonly-1"));

    expect(query(as("v-readonly-1"), asTenant(B, "SELECT id FROM organizations"))).toEqual([B]);
    expect(refusal(as("v-readonly-1"), asTenant(B, "UPDATE organizations SET name = 'x'"))).toBe(
      "permission denied for table organizations",
    );
  });

  describeWithProgram(postgresProgram("pgbouncer"), "through PgBouncer", () => {
    test("GIVEN a user that Vault made after it began THEN it logs in with its password; once revoked it does not", async () => {
      // As CloudNativePG: no list of users, the server is asked for the password's hash.
      const pooler = await server.startPooler(
        6432,
        ["postgres"],
        [
          "auth_type = scram-sha-256",
          "auth_user = postgres",
          "auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1",
          "server_reset_query = RESET app.organization_id",
          "server_reset_query_always = 1",
        ],
      );
      const through = (user: string, password: string) =>
        pooler(`dbname=viridial user=${user} password=${password}`, user);
      query(vault(), filled(app.creation, "v-app-5"));

      expect(query(through("v-app-5", "secret"), asTenant(B, "SELECT id FROM organizations"))).toEqual([B]);
      expect(query(through("v-app-5", "secret"), "SELECT id FROM organizations")).toEqual([]);
      expect(refusal(through("v-app-5", "wrong"), "SELECT 1")).toContain("authentication failed");

      query(vault(), filled(app.revocation, "v-app-5"));
      expect(refusal(through("v-app-5", "secret"), "SELECT 1")).not.toBe("");
    });
  });

  test("GIVEN CONNECT taken from PUBLIC THEN metrics are read, dumps made, and nobody else comes in", () => {
    expect(query(as("cnpg_metrics_exporter"), "SELECT current_database()")).toEqual(["viridial"]);
    expect(query(as(ROLES.dump), "SELECT count(*) FROM organizations")).toEqual(["2"]);
    query(as("postgres"), "CREATE ROLE stranger LOGIN");
    expect(refusal(as("stranger"), "SELECT 1")).toContain('permission denied for database "viridial"');
  });

  describe("the dump", () => {
    const script = path.resolve("constructs/database/postgresql-dump/dump.sh");
    const dump = (user: string, file: string) => {
      const { host, port, database } = as(user);
      return spawnSync("sh", [script], {
        encoding: "utf8",
        env: {
          PATH: `${path.dirname(postgresProgram("pg_dump"))}:${process.env["PATH"]}`,
          PGHOST: host,
          PGPORT: String(port),
          PGDATABASE: database,
          PGUSER: user,
          FILE: file,
        },
      });
    };

    test("GIVEN its role THEN all tenants' rows are in it, and come back in an empty database", () => {
      const file = path.join(temporaryFolder(), "database.dump");
      const { status, stdout, stderr } = dump(ROLES.dump, file);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^dumped viridial: [1-9]\d* bytes\n$/);

      query(as("postgres", "postgres"), `CREATE DATABASE from_dump OWNER ${ROLES.owner}`);
      const { host } = as("postgres");
      const restored = spawnSync(
        postgresProgram("pg_restore"),
        ["--exit-on-error", `--host=${host}`, "--username=postgres", "--dbname=from_dump", file],
        { encoding: "utf8" },
      );
      expect([restored.status, restored.stderr]).toEqual([0, ""]);
      const copy = as("postgres", "from_dump");
      expect(query(copy, "SELECT id FROM viridial.organizations ORDER BY 1")).toEqual([A, B]);
      // Rights on the database itself are not in a dump: PUBLIC has them again until somebody takes them.
      expect(query(copy, "SELECT * FROM viridial.isolation_problems() ORDER BY 1, 2")).toEqual([
        "database|grants CONNECT to PUBLIC",
        "database|grants TEMPORARY to PUBLIC",
      ]);
    });

    test("fails as a role that row-level security holds back", () => {
      const { status, stderr } = dump(ROLES.app, path.join(temporaryFolder(), "database.dump"));
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/row-level security|permission denied/);
    });
  });
});
