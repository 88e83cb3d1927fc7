import { type LabSettings } from "./settings";

/** The namespaces of the cluster, one for each thing that runs there. */
export const NAMESPACES = {
  // lab-platform
  traefik: "traefik",
  certManager: "cert-manager",
  argoCd: "argocd",
  externalSecrets: "external-secrets",
  monitoring: "monitoring",
  /** What needs the nodes' file systems to observe them: node exporter, Alloy, the GPU's device plugin. */
  nodeAgents: "node-agents",
  // lab-security
  keycloak: "keycloak",
  opa: "opa",
  vault: "vault",
  ranger: "ranger",
  // lab-data
  minio: "minio",
  airflow: "airflow",
  mlflow: "mlflow",
  trino: "trino",
  superset: "superset",
  openMetadata: "openmetadata",
  dagster: "dagster",
  clickHouse: "clickhouse",
  jenkins: "jenkins",
  zot: "zot",
  apisix: "apisix",
  kong: "kong",
  /** The service that gateways are compared with. */
  bench: "bench",
  datadog: "datadog",
  // lab-genai
  /** Language models. */
  llm: "llm",
  vectorStore: "vector-store",
  mcp: "mcp",
  agents: "agents",
  training: "training",
  // lab-streaming
  kafka: "kafka",
  spark: "spark",
  flink: "flink",
} as const;

/** Pods that later layers connect to: the labels that they have, and no others in their namespace. */
export const PODS = {
  prometheus: { namespace: NAMESPACES.monitoring, labels: { "app.kubernetes.io/name": "prometheus" } },
  grafana: { namespace: NAMESPACES.monitoring, labels: { "app.kubernetes.io/name": "grafana" } },
  traefik: { namespace: NAMESPACES.traefik, labels: { "app.kubernetes.io/name": "traefik" } },
  externalSecrets: {
    namespace: NAMESPACES.externalSecrets,
    labels: { "app.kubernetes.io/name": "external-secrets" },
  },
  pushgateway: { namespace: NAMESPACES.monitoring, labels: { "app.kubernetes.io/name": "pushgateway" } },
  keycloak: { namespace: NAMESPACES.keycloak, labels: { "app.kubernetes.io/name": "keycloakx" } },
  opa: { namespace: NAMESPACES.opa, labels: { app: "opa" } },
  minio: { namespace: NAMESPACES.minio, labels: { app: "minio", release: "minio" } },
  mlflow: { namespace: NAMESPACES.mlflow, labels: { "app.kubernetes.io/name": "mlflow" } },
  /** Pods of Airflow's tasks, which the KubernetesExecutor makes. */
  airflowTasks: { namespace: NAMESPACES.airflow, labels: { component: "worker", tier: "airflow" } },
  trino: { namespace: NAMESPACES.trino, labels: { "app.kubernetes.io/name": "trino" } },
} as const;

/** Addresses inside the cluster that later layers give to what uses them. */
export const ADDRESSES = {
  minio: { host: `minio.${NAMESPACES.minio}`, port: 9000 },
  pushgateway: { host: `pushgateway.${NAMESPACES.monitoring}`, port: 80 },
  mlflow: { host: `mlflow.${NAMESPACES.mlflow}`, port: 5000 },
  trino: { host: `trino.${NAMESPACES.trino}`, port: 8080 },
  keycloak: { host: `keycloak-http.${NAMESPACES.keycloak}`, port: 80 },
  opa: { host: `opa.${NAMESPACES.opa}`, port: 8181 },
  ollama: { host: `ollama.${NAMESPACES.llm}`, port: 11434 },
  qdrant: { host: `qdrant.${NAMESPACES.vectorStore}`, port: 6333 },
  kafka: { host: `kafka-kafka-bootstrap.${NAMESPACES.kafka}`, port: 9092 },
} as const;

/** Buckets of the object store. */
export const BUCKETS = {
  /** With the folders `raw/`, `intermediate/` and `processed/`. */
  data: "data",
  mlflow: "mlflow",
  dvc: "dvc",
  sparkEvents: "spark-events",
  airflowLogs: "airflow-logs",
  flink: "flink",
} as const;

/**
 * The name under which people reach something, on this machine and in the cluster.
 *
 * @param service such as `airflow`
 */
export function publicName({ domain }: Pick<LabSettings, "domain">, service: string): string {
  return `${service}.${domain}`;
}

/** Name of the realm of Keycloak. */
export const REALM = "lab";

/** Groups of people in that realm, and of Trino. What each may do is said by what they log in to, for Trino by its policies. */
export const GROUPS = {
  admins: "admins",
  dataEngineers: "data-engineers",
  analysts: "analysts",
  /** They see the rows of one region. */
  analystsNorth: "analysts-north",
  /** They see names and addresses of customers. */
  customerCare: "customer-care",
} as const;

/** Group of GitLab with every repository of the lab. */
export const GIT_GROUP = "lab";

/** ServiceAccounts of charts that later layers let do something in their own namespaces. */
export const ACCOUNTS = {
  /** Pods of Airflow's tasks, by its chart. */
  airflowTasks: { namespace: NAMESPACES.airflow, serviceAccount: "airflow-worker" },
  /** Runs of Dagster, by its chart. */
  dagsterRuns: { namespace: NAMESPACES.dagster, serviceAccount: "dagster" },
} as const;

/** Topics of Kafka. */
export const TOPICS = {
  /** Orders as they come in. */
  orders: "orders",
  /** Revenue of each minute and region. */
  revenue: "revenue",
} as const;
