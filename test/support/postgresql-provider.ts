import * as fs from "node:fs";
import * as path from "node:path";
import { type SqlResult } from "../../tools/dr-drill/postgres";
import { type PostgresServer, runSql } from "./postgres";

/** The values of a resource, as `terraform show -json` has them. */
export interface AppliedResource {
  readonly address: string;
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

const SUPERUSER = "postgres";

/**
 * What the postgresql provider makes of applied resources, played on a real server: the provider itself cannot run here.
 * The statements are those that its release 1.26 builds of these attributes, with its defaults for the others.
 *
 * @see https://github.com/cyrilgdn/terraform-provider-postgresql/tree/v1.26.0/postgresql
 */
export class PostgresqlProvider {
  private readonly roles = new Map<string, unknown>();

  constructor(private readonly server: PostgresServer) {}

  /** Has the server ask everybody but its superuser for a password; otherwise it trusts whoever reaches its socket. */
  askForPasswords(): void {
    const file = path.join(this.server.connection("postgres", SUPERUSER).host, "data", "pg_hba.conf");
    fs.writeFileSync(file, `local all ${SUPERUSER} trust\nlocal all all scram-sha-256\n`);
    this.run("postgres", "SELECT pg_reload_conf()");
  }

  /**
   * Creates what is not there, and changes the password of roles that are, where `password_wo_version` is another one.
   *
   * @param passwordOf what `password_wo` is for a role with that version
   */
  apply(resources: readonly AppliedResource[], passwordOf: (role: string, version: string) => string): void {
    const isNew = this.roles.size === 0;
    const of = (type: string) => resources.filter((resource) => resource.type === type).map(({ values }) => values);
    for (const { name, login, connection_limit: limit, password_wo_version: version, roles: memberOf } of of(
      "postgresql_role",
    )) {
      const role = String(name);
      const password = `PASSWORD '${passwordOf(role, String(version))}'`;
      if (!this.roles.has(role)) {
        const flags = `CONNECTION LIMIT ${String(limit)} NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT ${login === true ? "" : "NO"}LOGIN NOBYPASSRLS NOREPLICATION`;
        this.run("postgres", `CREATE ROLE "${role}" WITH ENCRYPTED ${password} ${flags}`);
      } else if (this.roles.get(role) !== version) {
        this.run("postgres", `ALTER ROLE "${role}" ${password}`);
      }
      this.roles.set(role, version);
      for (const group of (memberOf as readonly string[] | null) ?? []) {
        this.run("postgres", `GRANT "${group}" TO "${role}"`);
      }
    }
    if (!isNew) {
      return;
    }
    for (const { name, owner } of of("postgresql_database")) {
      const rest = "TEMPLATE template0 ENCODING 'UTF8' ALLOW_CONNECTIONS true CONNECTION LIMIT -1 IS_TEMPLATE false";
      this.run("postgres", `CREATE DATABASE "${String(name)}" OWNER "${String(owner)}" ${rest}`);
    }
    for (const { database, role, object_type: type, privileges } of of("postgresql_grant")) {
      expect([type, privileges]).toEqual(["database", []]);
      // It always revokes first; of no privileges it then grants none.
      this.run(String(database), `REVOKE ALL PRIVILEGES ON DATABASE "${String(database)}" FROM "${String(role)}"`);
    }
    for (const { database, name } of of("postgresql_extension")) {
      this.run(String(database), `CREATE EXTENSION IF NOT EXISTS "${String(name)}"`);
    }
  }

  /** Logs in, with a password, and runs SQL. */
  as(role: string, password: string, database: string, sql: string): SqlResult {
    // psql takes a connection string for the name of a database.
    return runSql(this.server.connection(`dbname=${database} password=${password}`, role), sql);
  }

  /** Runs SQL as superuser; its rows. */
  run(database: string, sql: string): readonly string[] {
    const { rows, error } = runSql(this.server.connection(database, SUPERUSER), sql);
    expect(error).toBe("");
    return rows;
  }
}
