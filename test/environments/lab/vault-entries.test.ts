import {
  databaseEntry,
  DATABASES,
  MINIO_USERS,
  minioEntry,
  OIDC_CLIENTS,
  oidcEntry,
  VAULT_ENTRIES,
} from "../../../environments/lab/vault-entries";

test("THEN every entry of the lab is there once, under a path that says what it opens", () => {
  expect(DATABASES.map(databaseEntry)).toEqual([
    "lab/postgresql/gitlab",
    "lab/postgresql/airflow",
    "lab/postgresql/mlflow",
    "lab/postgresql/superset",
    "lab/postgresql/openmetadata",
    "lab/postgresql/keycloak",
    "lab/postgresql/iceberg",
    "lab/postgresql/dagster",
  ]);
  expect(OIDC_CLIENTS.map(oidcEntry)).toEqual([
    "lab/oidc/argocd",
    "lab/oidc/grafana",
    "lab/oidc/airflow",
    "lab/oidc/superset",
    "lab/oidc/minio",
  ]);
  expect(MINIO_USERS.map(minioEntry)).toEqual([
    "lab/minio/airflow",
    "lab/minio/mlflow",
    "lab/minio/trino",
    "lab/minio/spark",
    "lab/minio/dvc",
    "lab/minio/flink",
    "lab/minio/mcp",
    "lab/minio/feedback",
    "lab/minio/training",
    "lab/minio/openmetadata",
    "lab/minio/dagster",
    "lab/minio/clickhouse",
  ]);
  expect(VAULT_ENTRIES).toHaveLength(27);
  expect(new Set(VAULT_ENTRIES).size).toBe(VAULT_ENTRIES.length);
});
