import { type Pods } from "../cluster/network-policy";
import { readDashboard } from "./dashboards";
import { type Monitors } from "./monitors";
import { addRules, placeOf } from "./rules";

/** Pods of Strimzi's Kafka. */
export interface KafkaPods {
  /** Kafka Exporter: lag, offsets and replicas. */
  readonly exporter: Pods;
  /** Brokers that were given a `metricsConfig`. @default - they tell nothing themselves */
  readonly brokers?: Pods;
}

/** Pods of the Spark operator, and those that it makes. */
export interface SparkPods {
  readonly operator: Pods;
  /** Drivers and executors, with the JMX exporter in them. */
  readonly applications: Pods;
}

/** Port at which Strimzi's pods tell their metrics. */
const STRIMZI_METRICS = { portName: "tcp-prometheus", port: 9404 };

/**
 * Watches Kafka. The dashboard shows Flink as well: what a job reads more slowly than it is written is seen at both.
 *
 * @see https://strimzi.io/docs/operators/latest/deploying#proc-kafka-exporter-configuring-str
 */
export function monitorKafka(monitors: Monitors, { exporter, brokers }: KafkaPods): void {
  monitors.scrape({ pods: exporter, ...STRIMZI_METRICS, name: "kafka-exporter" });
  if (brokers) {
    monitors.scrape({ pods: brokers, ...STRIMZI_METRICS, name: "kafka" });
  }
  addRules(monitors, "kafka");
  monitors.dashboard(readDashboard("streaming"));
}

/**
 * Watches Flink's jobs, whose job and task managers have the reporter for Prometheus on a port called `metrics`.
 *
 * @see https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/metric_reporters/#prometheus
 */
export function monitorFlink(monitors: Monitors, jobs: Pods): void {
  monitors.scrape({ pods: jobs, portName: "metrics", port: 9249, name: "flink" });
  addRules(monitors, "flink");
}

/**
 * Watches the Spark operator and the applications that it runs.
 *
 * @see https://github.com/kubeflow/spark-operator/blob/master/pkg/common/metrics.go (names of the metrics)
 */
export function monitorSpark(monitors: Monitors, { operator, applications }: SparkPods): void {
  monitors.scrape({ pods: operator, portName: "metrics", port: 8080, name: "spark-operator" });
  monitors.scrape({ pods: applications, portName: "jmx-exporter", port: 8090, name: "spark-applications" });
  addRules(monitors, "spark", placeOf(operator));
  monitors.dashboard(readDashboard("spark", placeOf(applications)));
}
