import { monitorFlink, monitorKafka, monitorSpark } from "../../../constructs/observability/streaming-monitoring";
import { watch } from "../../support/monitors";

test("GIVEN Kafka THEN its exporter is read, and brokers only where they are given", () => {
  const alone = watch((monitors, pods) => monitorKafka(monitors, { exporter: pods("exporter") }));
  expect(alone.names).toEqual(["PodMonitor/kafka-exporter", "PrometheusRule/kafka", "ConfigMap/dashboard-streaming"]);
  expect(alone.flows).toEqual([["egress", "monitoring/prometheus", "apps/exporter", "9404"]]);

  const both = watch((monitors, pods) =>
    monitorKafka(monitors, { exporter: pods("exporter"), brokers: pods("brokers") }),
  );
  expect(both.flows).toEqual([
    ["egress", "monitoring/prometheus", "apps/brokers", "9404"],
    ["egress", "monitoring/prometheus", "apps/exporter", "9404"],
  ]);
  expect(both.objects[1]).toMatchObject({
    metadata: { name: "kafka" },
    spec: { podMetricsEndpoints: [{ port: "tcp-prometheus", path: "/metrics" }] },
  });
});

test("GIVEN Kafka and Flink beside it THEN both can be watched at once", () => {
  const watched = watch((monitors, pods) => {
    monitorKafka(monitors, { exporter: pods("exporter") });
    monitorFlink(monitors, pods("flink"));
  });
  expect(watched.names).toEqual([
    "PodMonitor/kafka-exporter",
    "PrometheusRule/kafka",
    "ConfigMap/dashboard-streaming",
    "PodMonitor/flink",
    "PrometheusRule/flink",
  ]);
  expect(watched.flows).toContainEqual(["egress", "monitoring/prometheus", "apps/flink", "9249"]);
});

test("GIVEN Spark THEN operator and applications are read, and the rules name the operator's namespace", () => {
  const watched = watch((monitors, pods) =>
    monitorSpark(monitors, { operator: pods("operator"), applications: pods("applications") }),
  );
  expect(watched.names).toEqual([
    "PodMonitor/spark-operator",
    "PodMonitor/spark-applications",
    "PrometheusRule/spark",
    "ConfigMap/dashboard-spark",
  ]);
  expect(watched.flows).toEqual([
    ["egress", "monitoring/prometheus", "apps/applications", "8090"],
    ["egress", "monitoring/prometheus", "apps/operator", "8080"],
  ]);
  expect(JSON.stringify(watched.objects)).toContain(
    'kube_deployment_status_replicas_available{namespace=\\"apps\\",deployment=~\\"spark-operator.*\\"}',
  );
});
