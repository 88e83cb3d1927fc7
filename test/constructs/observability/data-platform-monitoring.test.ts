import {
  monitorAirflow,
  monitorMinio,
  monitorMlflow,
  monitorTrino,
} from "../../../constructs/observability/data-platform-monitoring";
import { watch } from "../../support/monitors";

const endpointsOf = (watched: ReturnType<typeof watch>) =>
  watched.objects.flatMap(({ spec }) => (spec?.["podMetricsEndpoints"] as unknown[] | undefined) ?? []);

test("GIVEN Airflow THEN its StatsD exporter is read, with rules on runs and on data quality, and a dashboard", () => {
  const watched = watch((monitors, pods) => monitorAirflow(monitors, pods("statsd")));
  expect(watched.names).toEqual([
    "PodMonitor/airflow",
    "PrometheusRule/airflow",
    "PrometheusRule/data-quality",
    "ConfigMap/dashboard-airflow",
  ]);
  expect(endpointsOf(watched)).toEqual([{ port: "statsd-scrape", path: "/metrics" }]);
  expect(watched.flows).toEqual([["egress", "monitoring/prometheus", "apps/statsd", "9102"]]);
});

test("GIVEN MLflow THEN rules and dashboard ask for the namespace that it is in", () => {
  const watched = watch((monitors, pods) => monitorMlflow(monitors, pods("mlflow")));
  expect(watched.names).toEqual(["PodMonitor/mlflow", "PrometheusRule/mlflow", "ConfigMap/dashboard-mlflow"]);
  const text = JSON.stringify(watched.objects);
  expect(text).toContain('kube_deployment_status_replicas_available{namespace=\\"apps\\"}');
  expect(text).toContain('container_memory_working_set_bytes{namespace=\\\\\\"apps\\\\\\",container!=\\\\\\"\\\\\\"}');
  expect(text).not.toContain("$namespace");
  expect(watched.flows).toEqual([["egress", "monitoring/prometheus", "apps/mlflow", "5000"]]);
});

test("GIVEN MinIO THEN it is read by version 3 of its metrics", () => {
  const watched = watch((monitors, pods) => monitorMinio(monitors, pods("minio")));
  expect(watched.names).toEqual(["PodMonitor/minio", "PrometheusRule/minio", "ConfigMap/dashboard-minio"]);
  expect(endpointsOf(watched)).toEqual([{ port: "http", path: "/minio/metrics/v3" }]);
  expect(watched.flows).toEqual([["egress", "monitoring/prometheus", "apps/minio", "9000"]]);
});

test("GIVEN Trino THEN its coordinator is asked as a user without a password, and its internals are left out", () => {
  const user = { secretName: "trino-metrics", key: "username" };
  const watched = watch((monitors, pods) => monitorTrino(monitors, pods("trino"), user));
  expect(watched.names).toEqual(["PodMonitor/trino", "PrometheusRule/trino", "ConfigMap/dashboard-trino"]);
  expect(endpointsOf(watched)).toEqual([
    {
      port: "http",
      path: "/metrics",
      basicAuth: { username: { name: "trino-metrics", key: "username" } },
      metricRelabelings: [
        {
          sourceLabels: ["__name__"],
          regex: "io_airlift_http_client_.*|trino_sql_planner_iterative_.*",
          action: "drop",
        },
      ],
    },
  ]);
  expect(watched.flows).toEqual([["egress", "monitoring/prometheus", "apps/trino", "8080"]]);
});
