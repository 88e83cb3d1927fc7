/** Mount of the KV engine, version 2, in the Vault of the layer lab-services. */
export const KV_MOUNT = "kv";

/** Databases of PostgreSQL, each with a role of the same name that owns it. */
export const DATABASES = [
  "gitlab",
  "airflow",
  "mlflow",
  "superset",
  "openmetadata",
  "keycloak",
  "iceberg",
  "dagster",
] as const;
export type DatabaseName = (typeof DATABASES)[number];

/** What people log in to through Keycloak. */
export const OIDC_CLIENTS = ["argocd", "grafana", "airflow", "superset", "minio"] as const;
export type OidcClient = (typeof OIDC_CLIENTS)[number];

/** Users of the object store, beside its root. */
export const MINIO_USERS = [
  "airflow",
  "mlflow",
  "trino",
  "spark",
  "dvc",
  "flink",
  "mcp",
  "feedback",
  "training",
  "openmetadata",
  "dagster",
  "clickhouse",
] as const;
export type MinioUser = (typeof MINIO_USERS)[number];

/** Entry with `host`, `port`, `user`, `password` and `database`. */
export const databaseEntry = (name: DatabaseName) => `lab/postgresql/${name}`;

/** Entry like those, of a role that sees statistics and owns nothing; its database is `postgres`. */
export const MONITORING_ENTRY = "lab/postgresql/monitoring";

/** Entry with `client-id` and `client-secret`. */
export const oidcEntry = (client: OidcClient) => `lab/oidc/${client}`;

/** Entry with `access-key` and `secret-key`. */
export const minioEntry = (user: MinioUser) => `lab/minio/${user}`;

/** Entry with `username` and `password`. */
export const MINIO_ROOT_ENTRY = "lab/minio/root";

/** Every entry, in the order in which the layer lab-bootstrap lists them. */
export const VAULT_ENTRIES: readonly string[] = [
  ...DATABASES.map(databaseEntry),
  MONITORING_ENTRY,
  ...OIDC_CLIENTS.map(oidcEntry),
  MINIO_ROOT_ENTRY,
  ...MINIO_USERS.map(minioEntry),
];
