import { IcebergCatalog } from "../../../constructs/data-platform/iceberg-catalog";
import { readProjectFile } from "../../../constructs/core/files";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { postgresProgram, PostgresServer, runSql } from "../../support/postgres";
import { describeWithProgram } from "../../support/programs";
import { testStore } from "../../support/vault-store";

const SQL = "constructs/data-platform/iceberg-catalog/tables.sql";

const { json } = synthesizeLayer((layer) => {
  const namespace = testNamespace(testCluster(layer), "trino");
  const catalog = new IcebergCatalog(layer, "catalog", {
    namespace,
    image: "postgres:17.7-bookworm",
    host: "postgres.test",
    port: 5432,
    database: "iceberg",
    credentials: testStore(layer, namespace).secret("database", {
      entry: "database",
      keys: { user: "user", password: "password" },
    }),
  });
  expect(catalog.jdbcUrl).toBe("jdbc:postgresql://postgres.test:5432/iceberg");
});
const job = only(json.resource?.["kubernetes_job_v1"]) as {
  metadata: { name: string };
  wait_for_completion: boolean;
  spec: { template: { spec: { container: { command: string[]; env: Record<string, unknown>[] }[] } } };
};

describe("IcebergCatalog", () => {
  test("THEN a Job makes the tables as the database's owner, whose password is in no environment of the JSON", () => {
    const [container] = job.spec.template.spec.container;
    expect(container?.command).toContain("--file=/plan/tables.sql");
    expect(container?.env).toEqual([
      { name: "HOME", value: "/tmp" },
      { name: "PGHOST", value: "postgres.test" },
      { name: "PGPORT", value: "5432" },
      { name: "PGDATABASE", value: "iceberg" },
      { name: "PGUSER", value_from: { secret_key_ref: { name: "database", key: "user" } } },
      { name: "PGPASSWORD", value_from: { secret_key_ref: { name: "database", key: "password" } } },
    ]);
    expect(job.wait_for_completion).toBe(true);
    expect(only(json.resource?.["kubernetes_config_map_v1"])["data"]).toEqual({ "tables.sql": readProjectFile(SQL) });
  });

  test("THEN another Job runs after the owner got another password, and it reaches nothing by itself", () => {
    expect(job.metadata.name).toMatch(/^catalog-[0-9a-f]{8}-\$\{substr\(sha256\("3"\), 0, 8\)\}$/);
    expect(flowsOf(json).filter(([, pods]) => pods === "trino/catalog")).toEqual([]);
  });
});

describeWithProgram(postgresProgram("postgres"), "the tables in a real PostgreSQL", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);

  afterAll(() => server.stop());

  test("THEN they are made once, and hold what Trino writes", () => {
    const connection = server.connection("postgres", "postgres");
    for (let time = 1; time <= 2; time++) {
      runSql(connection, readProjectFile(SQL));
    }
    const written = runSql(
      connection,
      [
        "INSERT INTO iceberg_tables VALUES ('lakehouse', 'sales', 'orders', 's3://a/1', NULL, 'TABLE');",
        "INSERT INTO iceberg_namespace_properties VALUES ('lakehouse', 'sales', 'location', 's3://a');",
        "SELECT table_namespace || '.' || table_name FROM iceberg_tables;",
      ].join("\n"),
    );
    expect(JSON.stringify(written)).toContain("sales.orders");
  });
});
