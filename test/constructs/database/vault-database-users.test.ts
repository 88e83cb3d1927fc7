import {
  databaseUserStatements,
  VaultDatabaseUsers,
  type VaultDatabaseUsersProps,
} from "../../../constructs/database/vault-database-users";
import { only, synthesizeLayer } from "../../support/construct";

const PROPS: VaultDatabaseUsersProps = {
  mount: "database",
  name: "app",
  host: "postgresql-rw.data",
  database: "postgres",
  administrator: { username: "app_vault", kvMount: "kv", entry: "apps/vault", revision: 2 },
  roles: { app: { memberOf: "app_users", leaseHours: 24, maximumHours: 48 } },
};

const build = (more: Partial<VaultDatabaseUsersProps> = {}) =>
  synthesizeLayer((layer) => {
    new VaultDatabaseUsers(layer, "users", { ...PROPS, ...more });
  });

describe("VaultDatabaseUsers", () => {
  test("GIVEN an administrator in Vault THEN its password goes from there to the engine, and is in no state", () => {
    const { json } = build();
    expect(json.ephemeral).toEqual({
      vault_kv_secret_v2: { users_administrator: { mount: "kv", name: "apps/vault" } },
    });
    expect(only(json.resource?.["vault_database_secret_backend_connection"])).toEqual({
      backend: "database",
      name: "app",
      plugin_name: "postgresql-database-plugin",
      allowed_roles: ["app"],
      verify_connection: false,
      postgresql: {
        connection_url: "postgresql://{{username}}:{{password}}@postgresql-rw.data:5432/postgres?sslmode=require",
        username: "app_vault",
        password_wo: '${ephemeral.vault_kv_secret_v2.users_administrator.data["password"]}',
        password_wo_version: 2,
        password_authentication: "scram-sha-256",
        max_open_connections: 4,
        max_idle_connections: 0,
        max_connection_lifetime: 60,
      },
    });
  });

  test("GIVEN a role THEN its users are members of the group for so long", () => {
    const { creation, renewal, revocation } = databaseUserStatements("app_users");
    expect(only(build().json.resource?.["vault_database_secret_backend_role"])).toEqual({
      backend: "database",
      name: "app",
      db_name: "${vault_database_secret_backend_connection.users.name}",
      creation_statements: creation,
      renew_statements: renewal,
      revocation_statements: revocation,
      default_ttl: 24 * 3600,
      max_ttl: 48 * 3600,
    });
    expect(creation.join()).toMatch(/IN ROLE "app_users"$/);
  });

  test("fails without a role", () => {
    expect(() => build({ roles: {} })).toThrow("test/users: roles is empty: name at least one");
  });

  test("fails for names that SQL would have to quote, and for a lease longer than its maximum", () => {
    const wrong = {
      administrator: { ...PROPS.administrator, username: "Vault" },
      roles: { app: { memberOf: 'x"; DROP', leaseHours: 49, maximumHours: 48 } },
    };
    expect(() => build(wrong)).toThrow(
      [
        "test/users: 3 problems",
        '  - administrator.username is "Vault": use lower-case letters, digits and "_"',
        '  - roles.app.memberOf is "x"; DROP": use lower-case letters, digits and "_"',
        "  - roles.app.leaseHours is 49: use 1 to maximumHours, which is 48",
      ].join("\n"),
    );
  });
});
