import { type MetadataConnector, fromEnvironment } from "../../../constructs/data-platform/openmetadata-connectors";
import { LAKEHOUSE } from "../../../constructs/data-platform/trino";
import { type VaultSecret } from "../../../constructs/secrets/vault-store";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES } from "../names";
import { CONTAINERS } from "../network";

/** Whom OpenMetadata asks Trino as: the policies let this user see which tables there are, and no row. */
const TRINO_USER = "openmetadata";

/** Name of Trino in OpenMetadata, which the names of its tables begin with. */
const TRINO = "trino";

/** What DAGs publish in Trino, and which suite of Great Expectations looks at what it is made from, or at itself. */
export const TABLES_OF_SUITES = {
  raw_customers: `${TRINO}.${LAKEHOUSE}.sales.customers`,
  raw_orders: `${TRINO}.${LAKEHOUSE}.sales.orders`,
  processed_revenue: `${TRINO}.${LAKEHOUSE}.sales.revenue`,
};

/**
 * What OpenMetadata reads: Trino's tables and views, Superset's dashboards, Airflow's DAGs. Tables come first: dashboards and
 * DAGs are connected to those that are there.
 *
 * Superset and Airflow are read in their databases, where lineage is complete, and which needs nobody to log in to them,
 * whichever way people do.
 *
 * @param databases Secrets with the key `password` of their databases
 */
export function metadataConnectors(
  lab: LaterLayer,
  databases: { readonly airflow: VaultSecret; readonly superset: VaultSecret },
): readonly MetadataConnector[] {
  const database = (name: "airflow" | "superset", variable: string) => ({
    type: "Postgres",
    username: name,
    authType: { password: fromEnvironment(variable) },
    hostPort: `${lab.host("postgres")}:${CONTAINERS.postgres.port}`,
    database: name,
    // The role owns what it reads.
    connectionArguments: { options: "-c default_transaction_read_only=on" },
  });
  return [
    {
      name: TRINO,
      when: lab.when("trino"),
      kind: "databaseService",
      type: "Trino",
      connection: {
        type: "Trino",
        username: TRINO_USER,
        hostPort: `${ADDRESSES.trino.host}:${ADDRESSES.trino.port}`,
        catalog: LAKEHOUSE,
      },
      pipelines: [
        {
          type: "metadata",
          source: { type: "DatabaseMetadata", schemaFilterPattern: { excludes: ["^information_schema$"] } },
          schedule: "0 * * * *",
        },
        {
          type: "lineage",
          // Of views: who ran which query is for administrators of Trino.
          source: { type: "DatabaseLineage", processViewLineage: true, processQueryLineage: false },
          schedule: "10 * * * *",
        },
      ],
    },
    {
      name: "superset",
      when: lab.when("superset"),
      kind: "dashboardService",
      type: "Superset",
      connection: {
        type: "Superset",
        hostPort: `https://${lab.host("superset")}`,
        connection: database("superset", "SUPERSET_DATABASE_PASSWORD"),
      },
      secrets: { SUPERSET_DATABASE_PASSWORD: { of: databases.superset, key: "password" } },
      pipelines: [
        {
          type: "metadata",
          source: { type: "DashboardMetadata", lineageInformation: { dbServicePrefixes: [TRINO] } },
          schedule: "20 * * * *",
        },
      ],
    },
    {
      name: "airflow",
      kind: "pipelineService",
      type: "Airflow",
      connection: {
        type: "Airflow",
        hostPort: `https://${lab.host("airflow")}`,
        connection: database("airflow", "AIRFLOW_DATABASE_PASSWORD"),
      },
      secrets: { AIRFLOW_DATABASE_PASSWORD: { of: databases.airflow, key: "password" } },
      pipelines: [
        {
          type: "metadata",
          source: { type: "PipelineMetadata", lineageInformation: { dbServiceNames: [TRINO] } },
          schedule: "40 * * * *",
        },
      ],
    },
  ];
}
