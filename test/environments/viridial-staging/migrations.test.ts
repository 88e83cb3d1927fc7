import * as fs from "node:fs";
import * as path from "node:path";
import { type Connection, postgresProgram, PostgresServer, runSql, SqlSession } from "../../support/postgres";
import { describeWithProgram } from "../../support/programs";

const FOLDER = path.resolve("environments/viridial-staging/migrations");
const FILES = fs.readdirSync(FOLDER).sort((a, b) => version(a) - version(b));

const A = "aaaaaaaa-0000-4000-8000-000000000000";
const B = "bbbbbbbb-0000-4000-8000-000000000000";

/** The columns that tell the tenant's row, and one row of them for a tenant, named by its first letter. */
const ROWS: Readonly<Record<string, readonly [columns: string, values: (tenant: string) => string]>> = {
  users: ["id, email, display_name", (t) => `'${id(t, 1)}', 'agent@example.com', 'Agent of ${t}'`],
  properties: ["id, agent_id, reference, title", (t) => `'${id(t, 2)}', '${id(t, 1)}', 'R-1', 'House of ${t}'`],
  property_images: ["property_id, object_key, media_type", (t) => `'${id(t, 2)}', 'front.webp', 'image/webp'`],
  documents: [
    "property_id, uploaded_by, title, object_key, media_type, size_bytes",
    (t) => `'${id(t, 2)}', '${id(t, 1)}', 'Deed', 'deed.pdf', 'application/pdf', 1`,
  ],
  leads: [
    "property_id, assigned_to, full_name, email",
    (t) => `'${id(t, 2)}', '${id(t, 1)}', 'Buyer', 'b@example.com'`,
  ],
  notifications: ["user_id, kind", (t) => `'${id(t, 1)}', 'lead'`],
  outbox_events: ["exchange, routing_key, payload", () => `'lead.events', 'lead.created', '{}'`],
  audit_entries: ["actor_id, action, entity", (t) => `'${id(t, 1)}', 'create', 'lead'`],
};
const TENANT_TABLES = Object.keys(ROWS);
const TABLES = ["organizations", ...TENANT_TABLES];

/** The n-th id of a tenant's rows. */
function id(tenant: string, n: number): string {
  return `${tenant.slice(0, -1)}${n}`;
}

function version(file: string): number {
  return Number(/^V([1-9][0-9]*)__[a-z][a-z0-9_]*\.sql$/.exec(file)?.[1] ?? NaN);
}

function insert(table: string, tenant: string): string {
  const [columns, values] = ROWS[table] ?? ["", () => ""];
  return `INSERT INTO viridial.${table} (organization_id, ${columns}) VALUES ('${tenant}', ${values(tenant)})`;
}

/** A transaction of a tenant, as a service begins it. */
function asTenant(tenant: string, ...statements: readonly string[]): string {
  return ["BEGIN", `SET LOCAL app.organization_id = '${tenant}'`, ...statements, "COMMIT", ""].join(";\n");
}

/** A transaction that leaves nothing behind. */
function undone(...statements: readonly string[]): string {
  return ["BEGIN", ...statements, "ROLLBACK", ""].join(";\n");
}

/**
 * Does what Flyway does: each version that the history lacks, in order, in a transaction of its own together with its
 * line in the history.
 *
 * @param initSql Flyway's setting of that name
 * @returns the versions that were applied
 * @throws Error with the server's message; what the failing file did is undone
 */
function migrate(connection: Connection, initSql: string): readonly number[] {
  const run = (sql: string, ...more: readonly string[]) => {
    const { rows, error } = runSql(connection, `${initSql};\n${sql}`, ...more);
    if (error !== "") {
      throw new Error(error);
    }
    return rows;
  };
  run(
    `SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS flyway;
     CREATE TABLE IF NOT EXISTS flyway.schema_history (version integer PRIMARY KEY);`,
  );
  const known = run("SELECT version FROM flyway.schema_history").map(Number);
  const missing = FILES.filter((file) => !known.includes(version(file)));
  for (const file of missing) {
    const record = `INSERT INTO flyway.schema_history VALUES (${version(file)})`;
    // As Flyway: back to the role of before, whatever the file took.
    run(`${text(file)}\n;RESET ROLE; ${initSql}; ${record};`, "--single-transaction");
  }
  return missing.map(version);
}

function text(file: string): string {
  return fs.readFileSync(path.join(FOLDER, file), "utf8");
}

describe("The files of the migrations", () => {
  test("THEN their versions count from 1 without a gap", () => {
    expect(FILES.map(version)).toEqual(FILES.map((_, index) => index + 1));
  });

  test("THEN no file has a password", () => {
    expect(FILES.filter((file) => /\bPASSWORD\s+'/i.test(text(file)))).toEqual([]);
  });
});

describeWithProgram(postgresProgram("postgres"), "The migrations on a real PostgreSQL", () => {
  const SET_ROLE = "SET ROLE viridial_owner";
  let server: PostgresServer;
  /** Of a database that the migrator migrated, as on a managed server. */
  let admin: Connection;
  let migrator: Connection;
  let app: Connection;
  let readonly: Connection;

  const query = (connection: Connection, sql: string) => {
    const { rows, error } = runSql(connection, sql);
    expect(error).toBe("");
    return rows;
  };
  const refusal = (connection: Connection, sql: string) => runSql(connection, sql).error;
  const emptyDatabase = (name: string, owner: string) => {
    query(server.connection("postgres", "postgres"), `CREATE DATABASE ${name} OWNER ${owner}`);
    return server.connection(name, "postgres");
  };

  let fromZero: readonly number[];
  let managed: readonly number[];

  beforeAll(async () => {
    server = await PostgresServer.start();
    fromZero = migrate(emptyDatabase("zero", "postgres"), "SELECT");
    admin = emptyDatabase("viridial", "viridial_owner");
    migrator = { ...admin, user: "viridial_migrator" };
    app = { ...admin, user: "viridial_app" };
    readonly = { ...admin, user: "viridial_readonly" };
    managed = migrate(migrator, SET_ROLE);
    for (const tenant of [A, B]) {
      const organization = `INSERT INTO viridial.organizations (id, slug, name, plan)
        VALUES ('${tenant}', 'agency-${tenant.charAt(0)}', 'Agency', 'basic')`;
      const rows = TENANT_TABLES.map((table) => insert(table, tenant));
      query(migrator, `${SET_ROLE};\n${asTenant(tenant, organization, ...rows)}`);
    }
  });
  afterAll(() => server.stop());

  describe("applying them", () => {
    const all = FILES.map(version);

    test("GIVEN an empty server and its administrator THEN all apply, roles included", () => {
      expect(fromZero).toEqual(all);
      const roles = query(
        admin,
        `SELECT rolname, rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
         FROM pg_roles WHERE rolname LIKE 'viridial\\_%' ORDER BY rolname`,
      );
      expect(roles).toEqual([
        "viridial_app|t|t|f|f|f|f",
        "viridial_migrator|t|f|f|f|f|f",
        "viridial_owner|f|t|f|f|f|f",
        "viridial_readonly|t|t|f|f|f|f",
      ]);
      expect(query(server.connection("zero", "postgres"), "SELECT * FROM viridial.isolation_problems()")).toEqual([]);
    });

    test("GIVEN a server that has the roles and the database THEN the migrator applies all, without an administrator", () => {
      expect(managed).toEqual(all);
      expect(query(admin, "SELECT * FROM viridial.isolation_problems()")).toEqual([]);
    });

    test("WHEN they are applied again THEN nothing is applied, and the rows are still there", () => {
      expect(migrate(migrator, SET_ROLE)).toEqual([]);
      expect(query(admin, "SELECT count(*) FROM viridial.properties")).toEqual(["2"]);
    });

    test("GIVEN a lost history THEN roles and connections apply again, and every other file refuses and changes nothing", () => {
      const refusals = FILES.map((file) => refusal(migrator, `BEGIN; ${SET_ROLE}; ${text(file)}; COMMIT;`));
      expect(refusals).toEqual([
        "",
        'schema "viridial" already exists',
        'relation "organizations" already exists',
        'function "isolation_problems" already exists with same argument types',
        "",
      ]);
      expect(query(admin, "SELECT count(*) FROM viridial.properties")).toEqual(["2"]);
    });

    test("fails when roles that exist go around row-level security, with all of them in one message", () => {
      const superuser = server.connection("zero", "postgres");
      const sql = undone(
        "ALTER ROLE viridial_app BYPASSRLS CREATEROLE",
        "ALTER ROLE viridial_owner LOGIN",
        "ALTER ROLE viridial_migrator SUPERUSER",
        "GRANT viridial_owner TO viridial_readonly",
        text("V1__roles.sql"),
      );
      expect(refusal(superuser, sql)).toBe(
        "roles that go around row-level security: viridial_app has BYPASSRLS; viridial_app has CREATEROLE; " +
          "viridial_migrator is a superuser; viridial_owner can log in; viridial_readonly is a member of viridial_owner",
      );
    });

    test("fails without the owner's role, and leaves nothing", () => {
      const bare = emptyDatabase("bare", "viridial_owner");
      expect(() => migrate({ ...bare, user: "viridial_app" }, "SELECT")).toThrow("permission denied for database bare");
      expect(() => migrate({ ...bare, user: "viridial_migrator" }, "SELECT")).toThrow(
        "permission denied for database bare",
      );
      expect(query(bare, "SELECT nspname FROM pg_namespace WHERE nspname IN ('viridial', 'flyway')")).toEqual([]);
    });

    test("GIVEN a file that fails halfway THEN none of it stays", () => {
      const half = emptyDatabase("half", "viridial_owner");
      const sql = `${SET_ROLE};\n${text("V2__schema.sql")}\nSELECT 1/0;`;
      expect(runSql({ ...half, user: "viridial_migrator" }, sql, "--single-transaction").error).toBe(
        "division by zero",
      );
      expect(query(half, "SELECT nspname FROM pg_namespace WHERE nspname = 'viridial'")).toEqual([]);
    });
  });

  test("THEN the tables of the schema are the ones tested here", () => {
    const rows = query(admin, "SELECT tablename FROM pg_tables WHERE schemaname = 'viridial' ORDER BY 1");
    expect(rows).toEqual([...TABLES].sort());
  });

  test("THEN nothing in the database belongs to a superuser, but what PostgreSQL ships", () => {
    const owners = query(
      admin,
      `SELECT DISTINCT n.nspname, c.relowner::regrole FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname !~ '^(pg_|information_schema$)' ORDER BY 1`,
    );
    expect(owners).toEqual(["flyway|viridial_owner", "viridial|viridial_owner"]);
  });

  describe.each(TABLES)("the table %s", (table) => {
    const key = table === "organizations" ? "id" : "organization_id";
    const from = `FROM viridial.${table}`;
    const mayChange = table !== "organizations" && table !== "audit_entries";

    test.each(["viridial_app", "viridial_readonly"])("GIVEN a tenant THEN %s sees its row and no other", (user) => {
      const sql = (tenant: string) => asTenant(tenant, `SELECT ${key} ${from}`);
      expect(query({ ...admin, user }, sql(A))).toEqual([A]);
      expect(query({ ...admin, user }, sql(B))).toEqual([B]);
      expect(query({ ...admin, user }, asTenant(A, `SELECT ${key} ${from} WHERE ${key} = '${B}'`))).toEqual([]);
    });

    test.each(["viridial_app", "viridial_readonly"])("GIVEN no tenant THEN %s sees no rows, and no error", (user) => {
      const empty = "SET app.organization_id = ''";
      expect(query({ ...admin, user }, `SELECT ${key} ${from}`)).toEqual([]);
      expect(query({ ...admin, user }, `${empty}; SELECT ${key} ${from}`)).toEqual([]);
    });

    test("GIVEN no tenant THEN its owner sees no rows either", () => {
      expect(query(migrator, `${SET_ROLE}; SELECT ${key} ${from}`)).toEqual([]);
    });

    test("fails to isolate once row-level security is off: the tests above see that", () => {
      const sql = (change: string) => undone(change, "SET LOCAL ROLE viridial_app", `SELECT ${key} ${from} ORDER BY 1`);
      expect(query(admin, sql(`ALTER TABLE viridial.${table} DISABLE ROW LEVEL SECURITY`))).toEqual([A, B]);
    });

    test("fails when the read-only role writes", () => {
      const denied = `permission denied for table ${table}`;
      expect(refusal(readonly, asTenant(A, `UPDATE viridial.${table} SET ${key} = ${key}`))).toBe(denied);
      expect(refusal(readonly, asTenant(A, `DELETE ${from}`))).toBe(denied);
      expect(refusal(readonly, asTenant(A, `INSERT INTO viridial.${table} DEFAULT VALUES`))).toBe(denied);
      expect(refusal(readonly, asTenant(A, `TRUNCATE viridial.${table}`))).toBe(denied);
    });

    test("fails when a service empties it, adds a trigger, or takes its policy away", () => {
      const name = `viridial.${table}`;
      expect(refusal(app, `TRUNCATE ${name}`)).toBe(`permission denied for table ${table}`);
      expect(refusal(app, `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`)).toBe(`must be owner of table ${table}`);
      expect(refusal(app, `ALTER TABLE ${name} NO FORCE ROW LEVEL SECURITY`)).toBe(`must be owner of table ${table}`);
      expect(refusal(app, `DROP POLICY organization_isolation ON ${name}`)).toBe(`must be owner of relation ${table}`);
      expect(refusal(app, `SET row_security = off; SELECT ${key} ${from}`)).toBe(
        `query would be affected by row-level security policy for table "${table}"`,
      );
    });

    if (mayChange) {
      test("GIVEN a tenant THEN a service changes and deletes its row", () => {
        const change = `UPDATE viridial.${table} SET ${key} = ${key} RETURNING ${key}`;
        const sql = asTenant(A, change, `DELETE ${from} RETURNING ${key}`).replace("COMMIT", "ROLLBACK");
        expect(query(app, sql)).toEqual([A, A]);
      });

      test("GIVEN a tenant THEN a service changes and deletes nothing of another", () => {
        const change = `UPDATE viridial.${table} SET ${key} = ${key} WHERE ${key} = '${B}' RETURNING ${key}`;
        const remove = `DELETE ${from} WHERE ${key} = '${B}' RETURNING ${key}`;
        expect(query(app, asTenant(A, change, remove))).toEqual([]);
        expect(query(app, undone(change, remove))).toEqual([]);
        expect(query(admin, `SELECT count(*) ${from} WHERE ${key} = '${B}'`)).toEqual(["1"]);
      });

      test("fails when a service gives its row to another tenant", () => {
        expect(refusal(app, asTenant(A, `UPDATE viridial.${table} SET ${key} = '${B}'`))).toBe(
          `new row violates row-level security policy for table "${table}"`,
        );
      });
    }

    if (table !== "organizations") {
      test("fails when a service inserts a row for another tenant, or for none", () => {
        const violation = `new row violates row-level security policy for table "${table}"`;
        expect(refusal(app, asTenant(A, insert(table, B)))).toBe(violation);
        expect(refusal(app, insert(table, B))).toBe(violation);
        const upsert = `${insert(table, B)} ON CONFLICT (organization_id, id) DO NOTHING`;
        expect(refusal(app, asTenant(A, upsert))).toBe(violation);
      });
    }
  });

  describe("what a service may do", () => {
    test("GIVEN its organization THEN it renames it, and nobody else's", () => {
      const rename = "UPDATE viridial.organizations SET name = 'New' RETURNING id";
      expect(query(app, asTenant(A, rename).replace("COMMIT", "ROLLBACK"))).toEqual([A]);
    });

    test("fails when it makes, removes or upgrades an organization", () => {
      const denied = "permission denied for table organizations";
      const organization = "INSERT INTO viridial.organizations (slug, name, plan) VALUES ('agency-c', 'C', 'basic')";
      expect(refusal(app, asTenant(A, organization))).toBe(denied);
      expect(refusal(app, asTenant(A, "DELETE FROM viridial.organizations"))).toBe(denied);
      expect(refusal(app, asTenant(A, "UPDATE viridial.organizations SET plan = 'gold'"))).toBe(denied);
    });

    test("GIVEN an audit entry THEN it is added", () => {
      const sql = asTenant(A, `${insert("audit_entries", A)} RETURNING action`).replace("COMMIT", "ROLLBACK");
      expect(query(app, sql)).toEqual(["create"]);
    });

    test("fails when an audit entry is changed or removed", () => {
      const denied = "permission denied for table audit_entries";
      expect(refusal(app, asTenant(A, "UPDATE viridial.audit_entries SET action = ''"))).toBe(denied);
      expect(refusal(app, asTenant(A, "DELETE FROM viridial.audit_entries"))).toBe(denied);
    });

    test.each(["viridial_app", "viridial_readonly"])("fails when %s takes another role, or makes objects", (user) => {
      const connection = { ...admin, user };
      expect(refusal(connection, SET_ROLE)).toBe('permission denied to set role "viridial_owner"');
      expect(refusal(connection, "SET ROLE viridial_migrator")).toBe(
        'permission denied to set role "viridial_migrator"',
      );
      expect(refusal(connection, "SET ROLE postgres")).toBe('permission denied to set role "postgres"');
      expect(refusal(connection, `ALTER ROLE ${user} BYPASSRLS`)).toMatch(/^(must be superuser|permission denied) to /);
      expect(refusal(connection, "CREATE TABLE viridial.mine ()")).toBe("permission denied for schema viridial");
      expect(refusal(connection, "CREATE TABLE public.mine ()")).toBe("permission denied for schema public");
      expect(refusal(connection, "CREATE SCHEMA mine")).toBe("permission denied for database viridial");
      expect(refusal(connection, "CREATE TEMPORARY TABLE mine ()")).toBe(
        'permission denied to create temporary tables in database "viridial"',
      );
      expect(refusal(connection, "SELECT * FROM viridial.isolation_problems()")).toBe(
        "permission denied for function isolation_problems",
      );
      expect(refusal(connection, "CALL viridial.isolate_by_organization('viridial.users')")).toBe(
        "permission denied for procedure isolate_by_organization",
      );
    });

    test("fails when the migrator touches the schema without taking the owner's role", () => {
      expect(refusal(migrator, "CREATE TABLE viridial.mine ()")).toBe("permission denied for schema viridial");
      expect(refusal(migrator, "SELECT id FROM viridial.users")).toBe("permission denied for schema viridial");
    });

    test("fails when a dump is made by the owner: it needs BYPASSRLS, or would lack rows without a word", () => {
      expect(refusal(migrator, `${SET_ROLE}; SET row_security = off; SELECT id FROM viridial.users`)).toBe(
        'query would be affected by row-level security policy for table "users"',
      );
      expect(query(admin, "SET row_security = off; SELECT count(*) FROM viridial.users")).toEqual(["2"]);
    });

    test("fails when a role that is none of the four connects", () => {
      query(admin, "CREATE ROLE stranger LOGIN");
      expect(query(server.connection("postgres", "stranger"), "SELECT 1")).toEqual(["1"]);
      expect(refusal({ ...admin, user: "stranger" }, "SELECT 1")).toBe('permission denied for database "viridial"');
    });

    test("fails when the tenant is no UUID, with nothing but its own words in the message", () => {
      expect(refusal(app, asTenant("everyone", "SELECT id FROM viridial.users"))).toBe(
        'invalid input syntax for type uuid: "everyone"',
      );
    });
  });

  describe("references between rows", () => {
    test.each([
      [
        "properties",
        `UPDATE viridial.properties SET agent_id = '${id(B, 1)}'`,
        "properties_organization_id_agent_id_fkey",
      ],
      [
        "property_images",
        `UPDATE viridial.property_images SET property_id = '${id(B, 2)}'`,
        "property_images_organization_id_property_id_fkey",
      ],
      [
        "documents",
        `UPDATE viridial.documents SET property_id = '${id(B, 2)}'`,
        "documents_organization_id_property_id_fkey",
      ],
      [
        "documents",
        `UPDATE viridial.documents SET uploaded_by = '${id(B, 1)}'`,
        "documents_organization_id_uploaded_by_fkey",
      ],
      ["leads", `UPDATE viridial.leads SET property_id = '${id(B, 2)}'`, "leads_organization_id_property_id_fkey"],
      ["leads", `UPDATE viridial.leads SET assigned_to = '${id(B, 1)}'`, "leads_organization_id_assigned_to_fkey"],
      [
        "notifications",
        `UPDATE viridial.notifications SET user_id = '${id(B, 1)}'`,
        "notifications_organization_id_user_id_fkey",
      ],
    ])("fails when a row of %s refers to another tenant's: %s", (table, sql, constraint) => {
      expect(refusal(app, asTenant(A, sql))).toBe(
        `insert or update on table "${table}" violates foreign key constraint "${constraint}"`,
      );
    });

    test("GIVEN an id that another tenant has THEN it is free, and nothing tells that it is taken", () => {
      const sql = asTenant(
        A,
        `INSERT INTO viridial.users (organization_id, id, email, display_name)
         VALUES ('${A}', '${id(B, 1)}', 'other@example.com', 'Other') RETURNING id`,
      ).replace("COMMIT", "ROLLBACK");
      expect(query(app, sql)).toEqual([id(B, 1)]);
    });

    test("WHEN a user is removed THEN what was theirs stays with the tenant", () => {
      const sql = asTenant(
        A,
        "DELETE FROM viridial.users",
        "SELECT organization_id, agent_id IS NULL FROM viridial.properties",
        "SELECT organization_id, assigned_to IS NULL FROM viridial.leads",
        "SELECT count(*) FROM viridial.notifications",
      ).replace("COMMIT", "ROLLBACK");
      expect(query(app, sql)).toEqual([`${A}|t`, `${A}|t`, "0"]);
    });

    test("WHEN the migrator removes an organization THEN all of its rows go, and none of another's", () => {
      const counts = TABLES.map((table) => `SELECT '${table}', count(*) FROM viridial.${table}`);
      const sql = undone(
        "SET LOCAL ROLE viridial_owner",
        `SET LOCAL app.organization_id = '${A}'`,
        "DELETE FROM viridial.organizations",
        "RESET ROLE",
        ...counts,
      );
      expect(query(admin, sql)).toEqual(TABLES.map((table) => `${table}|1`));
    });
  });

  describe("a later migration", () => {
    const owner = (sql: string) =>
      undone("SET LOCAL ROLE viridial_owner", sql, "SELECT * FROM viridial.isolation_problems() ORDER BY 1, 2");
    const superuser = (sql: string) => undone(sql, "SELECT * FROM viridial.isolation_problems() ORDER BY 1, 2");
    const table = (columns: string) => `CREATE TABLE viridial.visits (${columns}, PRIMARY KEY (organization_id, id))`;
    const reference = "organization_id uuid NOT NULL REFERENCES viridial.organizations";

    test("GIVEN a table that is isolated THEN it is covered: services write it, the read-only role reads it", () => {
      const isolated = `${table(`${reference}, id uuid`)}; CALL viridial.isolate_by_organization('viridial.visits')`;
      expect(query(migrator, owner(isolated))).toEqual([]);
      const sql = undone(
        "SET LOCAL ROLE viridial_owner",
        isolated,
        "SELECT grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM information_schema.table_privileges " +
          "WHERE table_name = 'visits' AND grantee <> 'viridial_owner' GROUP BY 1 ORDER BY 1",
      );
      expect(query(migrator, sql)).toEqual(["viridial_app|DELETE INSERT SELECT UPDATE", "viridial_readonly|SELECT"]);
    });

    test.each([
      [
        "has a table without row-level security",
        table(`${reference}, id uuid`),
        [
          "visits|does not force row-level security on its owner",
          "visits|has no policy by app.organization_id",
          "visits|has no row-level security",
        ],
      ],
      [
        "has a table without a tenant",
        "CREATE TABLE viridial.visits (id uuid PRIMARY KEY)",
        [
          "visits|does not force row-level security on its owner",
          "visits|does not refer to organizations by organization_id",
          "visits|has no column organization_id of type uuid, NOT NULL",
          "visits|has no index that begins with organization_id",
          "visits|has no policy by app.organization_id",
          "visits|has no row-level security",
        ],
      ],
      [
        "lets the tenant be NULL, and has no index or reference",
        "CREATE TABLE viridial.visits (organization_id uuid); CALL viridial.isolate_by_organization('viridial.visits')",
        [
          "visits|does not refer to organizations by organization_id",
          "visits|has no column organization_id of type uuid, NOT NULL",
          "visits|has no index that begins with organization_id",
        ],
      ],
      [
        "has a foreign key that leaves the tenant out",
        `ALTER TABLE viridial.users ADD UNIQUE (id); ALTER TABLE viridial.leads ADD CONSTRAINT loose FOREIGN KEY (assigned_to) REFERENCES viridial.users (id)`,
        ["leads|has the foreign key loose, which does not carry organization_id"],
      ],
      [
        "takes row-level security away",
        "ALTER TABLE viridial.leads DISABLE ROW LEVEL SECURITY",
        ["leads|has no row-level security"],
      ],
      [
        "spares the owner",
        "ALTER TABLE viridial.leads NO FORCE ROW LEVEL SECURITY",
        ["leads|does not force row-level security on its owner"],
      ],
      [
        "adds a policy that lets more through",
        "CREATE POLICY support ON viridial.leads FOR SELECT USING (true)",
        ["leads|has the policy support, which lets other rows through"],
      ],
      [
        "weakens the policy",
        "ALTER POLICY organization_isolation ON viridial.leads USING (true)",
        [
          "leads|has no policy by app.organization_id",
          "leads|has the policy organization_isolation, which lets other rows through",
        ],
      ],
      [
        "weakens what may be written",
        "ALTER POLICY organization_isolation ON viridial.leads WITH CHECK (true)",
        [
          "leads|has no policy by app.organization_id",
          "leads|has the policy organization_isolation, which lets other rows through",
        ],
      ],
      [
        "copies rows into a materialized view",
        "CREATE MATERIALIZED VIEW viridial.report AS SELECT 1 AS one",
        ["report|is a materialized view or a foreign table, which row-level security does not reach"],
      ],
      [
        "grants to PUBLIC",
        "GRANT SELECT ON viridial.leads TO PUBLIC; GRANT USAGE ON SCHEMA viridial TO PUBLIC; GRANT EXECUTE ON FUNCTION viridial.isolation_problems TO PUBLIC",
        [
          "isolation_problems|grants EXECUTE to PUBLIC",
          "leads|grants SELECT to PUBLIC",
          "schema viridial|grants USAGE to PUBLIC",
        ],
      ],
      [
        "grants TRUNCATE",
        "GRANT TRUNCATE ON viridial.leads TO viridial_app",
        ["leads|grants TRUNCATE to viridial_app, which row-level security does not reach"],
      ],
      [
        "lets the read-only role write",
        "GRANT UPDATE (status) ON viridial.leads TO viridial_readonly",
        ["leads.status|grants UPDATE to viridial_readonly"],
      ],
    ])("fails when it %s", (_, sql, problems) => {
      expect(query(migrator, owner(sql))).toEqual(problems);
    });

    test.each([
      [
        "leaves a view to a superuser",
        "CREATE VIEW viridial.everything AS SELECT * FROM viridial.leads",
        [
          "_everything|belongs to postgres instead of viridial_owner",
          "everything|belongs to postgres instead of viridial_owner",
          "everything|belongs to postgres instead of viridial_owner",
        ],
      ],
      [
        "leaves a function to a superuser",
        "CREATE FUNCTION viridial.all_leads() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM viridial.leads'",
        ["all_leads|belongs to postgres instead of viridial_owner", "all_leads|grants EXECUTE to PUBLIC"],
      ],
      [
        "gives the database away",
        "ALTER DATABASE viridial OWNER TO postgres; GRANT CONNECT ON DATABASE viridial TO PUBLIC",
        ["database|belongs to postgres instead of viridial_owner", "database|grants CONNECT to PUBLIC"],
      ],
      [
        "lets a role bypass row-level security",
        "ALTER ROLE viridial_app BYPASSRLS",
        ["viridial_app|goes around row-level security"],
      ],
      [
        "makes a user of a service who does",
        "CREATE ROLE rotated LOGIN BYPASSRLS IN ROLE viridial_app",
        ["rotated|goes around row-level security"],
      ],
      [
        "makes a service a member of the owner",
        "GRANT viridial_owner TO viridial_app",
        ["viridial_app|is a member of viridial_owner"],
      ],
      [
        "presets a tenant",
        `ALTER ROLE viridial_app SET app.organization_id = '${A}'; ALTER DATABASE viridial SET app.organization_id = '${A}'`,
        ["database|presets app.organization_id", "viridial_app|presets app.organization_id"],
      ],
    ])("fails when it %s, as an administrator", (_, sql, problems) => {
      expect(query(admin, superuser(sql))).toEqual(problems);
    });
  });

  describeWithProgram(
    postgresProgram("pgbouncer"),
    "through PgBouncer in transaction mode, on one server connection",
    () => {
      const users = ["viridial_app"];
      const backend = "SELECT pg_backend_pid()";
      const titles = "SELECT title FROM viridial.properties";
      const local = (tenant: string) => `BEGIN; SELECT set_config('app.organization_id', '${tenant}', true)`;
      let pooled: Connection;
      let resetting: Connection;
      let clients: SqlSession[] = [];

      /** Two clients of the same pool. */
      const pair = (connection: Connection): [SqlSession, SqlSession] => {
        const two: [SqlSession, SqlSession] = [new SqlSession(connection), new SqlSession(connection)];
        clients.push(...two);
        return two;
      };

      beforeAll(async () => {
        pooled = (await server.startPooler(6432, users))("viridial", "viridial_app");
        const settings = ["server_reset_query = RESET app.organization_id", "server_reset_query_always = 1"];
        resetting = (await server.startPooler(6433, users, settings))("viridial", "viridial_app");
      });
      afterEach(async () => {
        await Promise.all(clients.map((client) => client.close()));
        clients = [];
      });

      test("GIVEN transactions of two tenants by turns THEN each sees its own rows, on the same connection", async () => {
        const [a, b] = pair(pooled);
        const seen: (readonly string[])[] = [];
        for (let turn = 0; turn < 3; turn += 1) {
          seen.push(await a.query(`${local(A)}; ${titles}; COMMIT`), await b.query(`${local(B)}; ${titles}; COMMIT`));
        }
        const turn = [
          [A, `House of ${A}`],
          [B, `House of ${B}`],
        ];
        expect(seen).toEqual([...turn, ...turn, ...turn]);
        expect(await b.query(backend)).toEqual(await a.query(backend));
      });

      test("GIVEN a transaction that is open THEN the other tenant waits, and sees nothing of it", async () => {
        const [a, b] = pair(pooled);
        await a.query(local(A));
        const waiting = b.query(`${local(B)}; ${titles}; COMMIT`);
        expect(await a.query(titles)).toEqual([`House of ${A}`]);
        await a.query("COMMIT");
        expect(await waiting).toEqual([B, `House of ${B}`]);
      });

      test.each(["COMMIT", "ROLLBACK"])(
        "GIVEN a query without the setting THEN no rows, and no error, after %s",
        async (end) => {
          const [a, b] = pair(pooled);
          expect(await b.query(titles)).toEqual([]);
          const first = await a.query(`${local(A)}; ${backend}; ${end}`);
          expect(await b.query(`BEGIN; ${backend}; ${titles}; COMMIT`)).toEqual(first.slice(1));
          expect(await a.query(titles)).toEqual([]);
        },
      );

      test("GIVEN a tenant THEN it changes, deletes and inserts nothing of another", async () => {
        const [a, b] = pair(pooled);
        await b.query(`${local(B)}; ${titles}; COMMIT`);
        const change = `UPDATE viridial.leads SET status = 'lost' WHERE organization_id = '${B}' RETURNING id`;
        const remove = `DELETE FROM viridial.leads WHERE organization_id = '${B}' RETURNING id`;
        expect(await a.query(`${local(A)}; ${change}; ${remove}; COMMIT`)).toEqual([A]);
        await expect(a.query(`${local(A)}; ${insert("leads", B)}; COMMIT`)).rejects.toThrow(
          'new row violates row-level security policy for table "leads"',
        );
        expect(await b.query(`${local(B)}; SELECT status FROM viridial.leads; COMMIT`)).toEqual([B, "new"]);
      });

      test("fails to isolate where a service sets the session instead of the transaction: the next client inherits it", async () => {
        const [a, b] = pair(pooled);
        await a.query(`SET app.organization_id = '${A}'`);
        expect(await b.query(titles)).toEqual([`House of ${A}`]);
        await a.query("RESET app.organization_id");
        expect(await b.query(titles)).toEqual([]);
      });

      test("GIVEN a pool that resets the setting after each transaction THEN such a mistake reaches nobody", async () => {
        const [a, b] = pair(resetting);
        const first = await a.query(`BEGIN; ${backend}; SET app.organization_id = '${A}'; COMMIT`);
        expect(await b.query(`BEGIN; ${backend}; ${titles}; COMMIT`)).toEqual(first);
        expect(await a.query(`${local(A)}; ${titles}; COMMIT`)).toEqual([A, `House of ${A}`]);
      });
    },
  );
});
