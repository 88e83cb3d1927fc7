import { TerraformVariable } from "cdktf";
import { PostgresqlDatabase, type PostgresqlDatabaseProps } from "../../../constructs/database/postgresql-database";
import { secretsAreReferences, statefulResourcesAreKept } from "../../../constructs/policy/policies";
import { only, synthesizeLayer } from "../../support/construct";

const build = (more: Partial<PostgresqlDatabaseProps> = {}) =>
  synthesizeLayer((layer) => {
    const password = new TerraformVariable(layer, "password", { type: "string", description: "p", sensitive: true });
    new PostgresqlDatabase(layer, "web", {
      password: password.stringValue,
      passwordVersion: "3",
      connectionLimit: 20,
      ...more,
    });
  });

describe("PostgresqlDatabase", () => {
  test("GIVEN a password THEN one role owns the database, and nobody else may connect", () => {
    const { layer, json } = build();

    expect(json.resource).toEqual({
      postgresql_role: {
        web_role: {
          name: "web",
          login: true,
          connection_limit: 20,
          password_wo: "${var.password}",
          password_wo_version: "3",
        },
      },
      postgresql_database: {
        web: { name: "web", owner: "${postgresql_role.web_role.name}", lifecycle: { prevent_destroy: true } },
      },
      postgresql_grant: {
        web_public: {
          database: "${postgresql_database.web.name}",
          object_type: "database",
          role: "public",
          privileges: [],
        },
      },
    });
    expect(secretsAreReferences(layer, json)).toEqual([]);
    expect(statefulResourcesAreKept(layer, json)).toEqual([]);
  });

  test("GIVEN another name, extensions and data that may be given up THEN the JSON says so", () => {
    const { json } = build({ name: "web_app", extensions: ["pg_trgm", "uuid-ossp"], keep: false });

    expect(only(json.resource?.["postgresql_role"])["name"]).toBe("web_app");
    expect(only(json.resource?.["postgresql_database"])).toMatchObject({
      name: "web_app",
      lifecycle: { prevent_destroy: false },
    });
    expect(json.resource?.["postgresql_extension"]).toEqual({
      web_pg_trgm: { database: "${postgresql_database.web.name}", name: "pg_trgm" },
      web_uuid_ossp: { database: "${postgresql_database.web.name}", name: "uuid-ossp" },
    });
  });

  test.each(["postgres", "public", "template1"])("fails for the name %s, which PostgreSQL has", (name) => {
    expect(() => build({ name })).toThrow(`test/web: name is "${name}", which PostgreSQL itself has: use another one`);
  });

  test("fails with all problems at once", () => {
    expect(() => build({ name: "Web-App", connectionLimit: 0, extensions: ["pg_trgm", "pg_trgm"] })).toThrow(
      [
        "test/web: 3 problems",
        '  - name is "Web-App": use lower-case letters, digits and "_", at most 63 and no digit first',
        "  - connectionLimit is 0: use a whole number from 1 on",
        '  - the extension "pg_trgm" is there twice: name it once',
      ].join("\n"),
    );
  });
});
