import { type Pods } from "../cluster/network-policy";
import { type SecretKey } from "../secrets/generated-secret";
import { readDashboard } from "./dashboards";
import { type Monitors } from "./monitors";
import { addRules, placeOf } from "./rules";

/**
 * Watches Airflow, and what its jobs push of the quality of data.
 *
 * @param statsd the chart's StatsD exporter, which every other pod of Airflow tells
 * @see https://github.com/apache/airflow/blob/main/chart/files/statsd-mappings.yml (names of the metrics)
 */
export function monitorAirflow(monitors: Monitors, statsd: Pods): void {
  monitors.scrape({ pods: statsd, portName: "statsd-scrape", port: 9102, name: "airflow" });
  addRules(monitors, "airflow");
  addRules(monitors, "data-quality");
  monitors.dashboard(readDashboard("airflow"));
}

/** Watches MLflow, which was told to expose its metrics (`--expose-prometheus`). */
export function monitorMlflow(monitors: Monitors, mlflow: Pods): void {
  const place = placeOf(mlflow);
  monitors.scrape({ pods: mlflow, portName: "mlflow", port: 5000, name: "mlflow" });
  addRules(monitors, "mlflow", place);
  monitors.dashboard(readDashboard("mlflow", place));
}

/**
 * Watches MinIO by version 3 of its metrics; it asks for no token (`MINIO_PROMETHEUS_AUTH_TYPE` is `public`).
 *
 * @see https://github.com/minio/minio/blob/master/docs/metrics/v3.md
 */
export function monitorMinio(monitors: Monitors, minio: Pods): void {
  monitors.scrape({ pods: minio, portName: "http", port: 9000, path: "/minio/metrics/v3", name: "minio" });
  addRules(monitors, "minio", placeOf(minio));
  monitors.dashboard(readDashboard("minio"));
}

/** Some 1,800 of the 2,400 series of a coordinator, which tell of rules of the optimiser and of its own HTTP clients. */
const TRINO_INTERNALS = "io_airlift_http_client_.*|trino_sql_planner_iterative_.*";

/**
 * Watches Trino, by the endpoint that its coordinator has itself.
 *
 * @param user whom it is asked as, without a password: a key of a Secret in the namespace of the monitors. Access control has
 * to let this user read system information
 * @see https://trino.io/docs/current/admin/openmetrics.html
 */
export function monitorTrino(monitors: Monitors, coordinator: Pods, user: SecretKey): void {
  monitors.scrape({ pods: coordinator, portName: "http", port: 8080, user, drop: TRINO_INTERNALS, name: "trino" });
  addRules(monitors, "trino", placeOf(coordinator));
  monitors.dashboard(readDashboard("trino"));
}
