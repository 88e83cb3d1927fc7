import { TABLES_OF_SUITES } from "../../../../environments/lab/data/openmetadata-connectors";
import { labData } from "../../../../environments/lab/data";
import { listProjectFiles, readProjectFile } from "../../../../constructs/core/files";
import { flowsOf } from "../../../support/cluster";
import { laterLab } from "../../../support/lab";

interface Plan {
  readonly connectors: readonly {
    readonly name: string;
    readonly type: string;
    readonly connection: Readonly<Record<string, unknown>>;
    readonly pipelines: readonly { readonly type: string; readonly schedule: string; readonly source: object }[];
  }[];
  readonly results: object;
}

const { json } = laterLab(labData);
const plan = JSON.parse(
  (json.resource?.["kubernetes_config_map_v1"]?.["openmetadata_connectors_plan"]?.["data"] as Record<string, string>)[
    "plan.json"
  ] ?? "",
) as Plan;
const published = [...readProjectFile("images/duckdb-dbt/lab_pipeline/publish.py").matchAll(/^ {4}"(\w+)": \(/gm)].map(
  ([, table]) => `lakehouse.sales.${table}`,
);

describe("what OpenMetadata of the lab reads", () => {
  test("THEN Trino comes first, then what is connected to its tables", () => {
    expect(plan.connectors.map(({ name, type }) => [name, type])).toEqual([
      ["trino", "Trino"],
      ["superset", "Superset"],
      ["airflow", "Airflow"],
    ]);
    const [, superset, airflow] = plan.connectors;
    expect(superset?.pipelines[0]?.source).toMatchObject({ lineageInformation: { dbServicePrefixes: ["trino"] } });
    expect(airflow?.pipelines[0]?.source).toMatchObject({ lineageInformation: { dbServiceNames: ["trino"] } });
  });

  test("THEN one pipeline runs at a time: each has minutes of its own", () => {
    const schedules = plan.connectors.flatMap(({ pipelines }) => pipelines.map(({ schedule }) => schedule));
    expect(schedules).toEqual(["0 * * * *", "10 * * * *", "20 * * * *", "40 * * * *"]);
  });

  test("THEN databases are read as their roles, in sessions that write nothing, with passwords of the environment", () => {
    for (const name of ["superset", "airflow"]) {
      expect(plan.connectors.find((each) => each.name === name)?.connection["connection"]).toEqual({
        type: "Postgres",
        username: name,
        authType: { password: { fromEnvironment: `${name.toUpperCase()}_DATABASE_PASSWORD` } },
        hostPort: "postgres.lab.local:5432",
        database: name,
        connectionArguments: { options: "-c default_transaction_read_only=on" },
      });
    }
  });

  test("THEN its pipelines reach Trino, PostgreSQL and OpenMetadata, and no page of Airflow or Superset", () => {
    const from = flowsOf(json).filter(
      ([direction, pods]) => direction === "egress" && pods === "openmetadata/ingestion",
    );
    expect(from.map(([, , to, port]) => [to, port])).toEqual([
      ["172.30.0.10/32", "5432"],
      ["openmetadata/openmetadata+openmetadata", "8585"],
      ["trino/trino", "8080"],
    ]);
  });
});

describe("what Great Expectations found", () => {
  test("THEN every suite is about a table that is published in Trino", () => {
    expect(Object.keys(TABLES_OF_SUITES).sort()).toEqual(
      listProjectFiles("images/data-quality/suites").map((file) => file.replace(".yaml", "")),
    );
    expect(Object.values(TABLES_OF_SUITES).sort()).toEqual(published.map((table) => `trino.${table}`).sort());
  });

  test("THEN its results are where the job puts them, and may be read by the key that the CronJob has", () => {
    expect(plan.results).toEqual({ bucket: "data", folder: "processed/quality", tables: TABLES_OF_SUITES });
    expect(readProjectFile("images/data-quality/data_quality/__main__.py")).toContain(
      'store.put(f"processed/quality/{suite.name}.json"',
    );
    const policies = Object.values(json.resource?.["kubernetes_config_map_v1"] ?? {}).flatMap(({ data }) =>
      Object.entries(data as Record<string, string>).filter(([file]) => file.includes("quality-read")),
    );
    expect(policies).toHaveLength(1);
    expect(policies[0]?.[1]).toContain("arn:aws:s3:::data/processed/quality/*");
  });
});
