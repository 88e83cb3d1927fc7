/** Every component that a user of the lab chooses, by itself or in a scenario, with what it needs beside it. */
export const COMPONENTS = {
  // Observability beyond the metrics that every scenario has.
  loki: [],
  alloy: ["loki"],
  /** The device plugin and metrics of an NVIDIA card; needs nodes with `gpu`. */
  gpu: [],
  // Security.
  keycloak: [],
  vault: [],
  opa: [],
  ranger: ["trino"],
  // Data.
  minio: [],
  airflow: ["minio"],
  mlflow: ["minio"],
  trino: ["minio", "opa"],
  superset: [],
  openmetadata: ["airflow"],
  dagster: ["minio"],
  clickhouse: [],
  jenkins: [],
  zot: [],
  apisix: [],
  kong: [],
  datadog: [],
  // Language models.
  ollama: [],
  vllm: ["gpu"],
  qdrant: [],
  mcp: ["minio", "qdrant"],
  agents: ["mcp"],
  training: ["mlflow", "minio"],
  // Streaming.
  kafka: [],
  spark: ["minio"],
  flink: ["kafka", "minio"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A component that a user of the lab chooses. */
export type ComponentName = keyof typeof COMPONENTS;

export const COMPONENT_NAMES = Object.keys(COMPONENTS) as readonly ComponentName[];

const ETL_MINIMAL = ["minio", "airflow", "mlflow"] as const satisfies readonly ComponentName[];

/** What runs in each scenario, beside the platform itself. */
export const SCENARIOS = {
  "etl-minimal": ETL_MINIMAL,
  "data-serve": [...ETL_MINIMAL, "trino", "opa", "superset", "openmetadata"],
  genai: [...ETL_MINIMAL, "keycloak", "vault", "loki", "alloy", "ollama", "qdrant", "mcp", "agents", "training"],
  streaming: [...ETL_MINIMAL, "kafka", "spark", "flink"],
} as const satisfies Readonly<Record<string, readonly ComponentName[]>>;

/** A set of components that runs at once. */
export type Scenario = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly Scenario[];
