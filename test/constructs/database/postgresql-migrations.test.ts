import {
  PostgresqlMigrations,
  type PostgresqlMigrationsProps,
} from "../../../constructs/database/postgresql-migrations";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

type Props = Omit<PostgresqlMigrationsProps, "namespace">;

const secret = (key: string) => ({ secretName: "login", key });
const PROPS: Props = {
  image: "docker.io/flyway/flyway:12.11.0-alpine",
  host: "postgresql-rw.data",
  database: "app",
  username: secret("username"),
  password: secret("password"),
  caCertificate: { secretName: "postgresql-ca", key: "ca.crt" },
  files: { "V1__roles.sql": "SELECT '${not Terraform}';" },
  initSql: "SET ROLE app_owner",
  historySchema: "flyway",
};

const build = (more: Partial<Props> = {}) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "data");
    new PostgresqlMigrations(layer, "migrations", { namespace, ...PROPS, ...more });
  });

interface Job {
  metadata: { name: string };
  wait_for_completion: boolean;
  spec: {
    template: {
      spec: {
        container: {
          args: string[];
          env: { name: string; value?: string; value_from?: { secret_key_ref: { name: string; key: string } } }[];
        }[];
        volume: Record<string, unknown>[];
        security_context: unknown;
      };
    };
  };
}
const jobOf = (built: ReturnType<typeof build>) => only(built.json.resource?.["kubernetes_job_v1"]) as unknown as Job;
const containerOf = (built: ReturnType<typeof build>) => {
  const [container] = jobOf(built).spec.template.spec.container;
  return container as NonNullable<typeof container>;
};

describe("PostgresqlMigrations", () => {
  test("GIVEN files THEN Flyway applies them, verifies the server and never cleans", () => {
    const built = build();
    const { args, env } = containerOf(built);
    expect(args).toEqual(["-skipCheckForUpdate", "migrate"]);
    const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      FLYWAY_URL: "jdbc:postgresql://postgresql-rw.data:5432/app?sslmode=verify-full&sslrootcert=/ca/ca.crt",
      FLYWAY_LOCATIONS: "filesystem:/migrations",
      FLYWAY_INIT_SQL: "SET ROLE app_owner",
      FLYWAY_DEFAULT_SCHEMA: "flyway",
      FLYWAY_CREATE_SCHEMAS: "true",
      FLYWAY_CLEAN_DISABLED: "true",
      FLYWAY_PLACEHOLDER_REPLACEMENT: "false",
    });
    expect(jobOf(built).wait_for_completion).toBe(true);
    expect(only(built.json.resource?.["kubernetes_config_map_v1"])["data"]).toEqual({
      "V1__roles.sql": "SELECT '$${not Terraform}';",
    });
  });

  test("THEN user and password come from the Secret, and only the authority's certificate is mounted, not its key", () => {
    const built = build();
    const secrets = containerOf(built).env.flatMap(({ name, value_from }) =>
      value_from ? [[name, value_from.secret_key_ref]] : [],
    );
    expect(secrets).toEqual([
      ["FLYWAY_USER", { name: "login", key: "username" }],
      ["FLYWAY_PASSWORD", { name: "login", key: "password" }],
    ]);
    expect(jobOf(built).spec.template.spec.volume).toContainEqual({
      name: "ca",
      secret: { secret_name: "postgresql-ca", items: [{ key: "ca.crt", path: "ca.crt" }] },
    });
  });

  test("WHEN a file, the image or the server is another one THEN another Job runs; otherwise it is the same", () => {
    const name = (more?: Partial<Props>) => jobOf(build(more)).metadata.name;
    expect(name()).toMatch(/^migrations-[0-9a-f]{8}$/);
    expect(name()).toBe(name());
    expect(name({ files: { ...PROPS.files, "V2__more.sql": "SELECT 2;" } })).not.toBe(name());
    expect(name({ image: "docker.io/flyway/flyway:12.12.0-alpine" })).not.toBe(name());
    expect(name({ database: "other" })).toBe(name());
    expect(name({ server: "2" })).toBe(`${name()}-2`);
  });

  test("fails without a file", () => {
    expect(() => build({ files: {} })).toThrow("test/migrations: there is no migration: give at least one file");
  });

  test("fails for other names, versions that are there twice, and more than a ConfigMap holds", () => {
    const files = {
      "V1__roles.sql": "x".repeat(1_000_000),
      "V1__again.sql": "y",
      "v2__lower.sql": "",
      "V03__zero.sql": "",
    };
    expect(() => build({ files })).toThrow(
      [
        "test/migrations: 4 problems",
        '  - the migration "v2__lower.sql" is not named like V2__tables.sql',
        '  - the migration "V03__zero.sql" is not named like V2__tables.sql',
        '  - the migrations "V1__roles.sql" and "V1__again.sql" have the same version: give the later one the next number',
        "  - the migrations have 1000001 bytes, a ConfigMap holds 1000000: split them into two applies",
      ].join("\n"),
    );
  });
});
