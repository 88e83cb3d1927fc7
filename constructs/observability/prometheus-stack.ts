import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { parse } from "yaml";
import { Component, toTerraformText } from "../cluster/component";
import { type Namespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { type Workload } from "../cluster/workload";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { type GeneratedSecret } from "../secrets/generated-secret";

/** The chart's version; it brings the CRDs of the Prometheus Operator with it. */
const VERSION = "88.5.3";

const FOLDER = "constructs/observability/prometheus-stack";

export interface PrometheusStackProps {
  /** For Prometheus, its operator, kube-state-metrics and Grafana. */
  readonly namespace: Namespace;
  /** For the node exporter, which mounts the node's file systems: Pod Security `privileged`. */
  readonly nodeExporterNamespace: Namespace;
  /** Secret with the keys `admin-user` and `admin-password` of Grafana. */
  readonly grafanaAdmin: GeneratedSecret;
  /** @default - only what the values files say */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Pods of a component that Prometheus reads. */
export interface ScrapeTarget {
  readonly pods: Pods;
  /** Name of the port in the pod. */
  readonly portName: string;
  /** The number of that port. */
  readonly port: number;
}

/**
 * Prometheus and Grafana (kube-prometheus-stack), with one dashboard and the alerts of `prometheus-stack/`: HTTP requests
 * at the gateway, CPU and memory of pods and nodes.
 *
 * Both stay inside the cluster. Grafana has no sidecars, so it needs no access to the Kubernetes API. What Prometheus
 * reads is said by {@link scrape} and {@link scrapePods}, which allow the flow as well.
 */
export class PrometheusStack extends Construct {
  readonly prometheus: Pods;
  readonly grafana: Pods;
  /** What needs the CRDs of the Prometheus Operator depends on it. */
  readonly delivered: ITerraformDependable;
  private readonly serviceMonitors: unknown[] = [];
  private readonly podMonitors: unknown[] = [];

  constructor(scope: Construct, id: string, props: PrometheusStackProps) {
    super(scope, id);
    const dashboards = new ConfigMapV1(this, "dashboards", {
      metadata: { name: "grafana-dashboards", namespace: props.namespace.name },
      data: { "web.json": toTerraformText(readProjectFile(`${FOLDER}/dashboards/web.json`)) },
      dependsOn: [props.namespace.resource],
    });
    const component = new Component(this, "Default", {
      name: "kube-prometheus-stack",
      namespace: props.namespace,
      repository: "https://prometheus-community.github.io/helm-charts",
      version: VERSION,
      values: {
        ...props.values,
        additionalPrometheusRulesMap: { socle: parse(readProjectFile(`${FOLDER}/alerts.yaml`)) as unknown },
        prometheus: { additionalServiceMonitors: this.serviceMonitors, additionalPodMonitors: this.podMonitors },
        grafana: {
          admin: { existingSecret: props.grafanaAdmin.secretName },
          dashboardsConfigMaps: { default: "grafana-dashboards" },
        },
        "prometheus-node-exporter": { namespaceOverride: props.nodeExporterNamespace.name },
      },
      pods: {
        prometheus: {
          labels: { "app.kubernetes.io/name": "prometheus" },
          resources: ["prometheus.prometheusSpec.resources", "prometheusOperator.prometheusConfigReloader.resources"],
          needsKubernetesApi: true,
        },
        operator: {
          labels: { app: "kube-prometheus-stack-operator" },
          resources: ["prometheusOperator.resources"],
          needsKubernetesApi: true,
        },
        "kube-state-metrics": {
          labels: { "app.kubernetes.io/name": "kube-state-metrics" },
          resources: ["kube-state-metrics.resources"],
          needsKubernetesApi: true,
        },
        "node-exporter": {
          labels: { "app.kubernetes.io/name": "prometheus-node-exporter" },
          resources: ["prometheus-node-exporter.resources"],
          replicas: "perNode",
          namespace: props.nodeExporterNamespace,
        },
        grafana: {
          labels: { "app.kubernetes.io/name": "grafana" },
          resources: ["grafana.resources"],
        },
      },
      dependsOn: [props.grafanaAdmin.resource, dashboards],
    });
    this.delivered = component.delivered;
    this.prometheus = component.pods("prometheus");
    this.grafana = component.pods("grafana");

    this.prometheus.allowFrom(this.grafana, { port: 9090 });
    this.prometheus.allowTo(component.pods("kube-state-metrics"), { port: 8080 });
    this.prometheus.allowTo(component.pods("node-exporter"), { port: 9100 });
    // The kubelet, for CPU and memory of containers.
    this.prometheus.allowToNodes({ port: 10250 });
  }

  /**
   * Reads the metrics of a workload, through a ServiceMonitor.
   *
   * @throws SocleError when the workload has no `metricsPath`
   */
  scrape(workload: Workload): void {
    if (workload.metricsPath === undefined) {
      throw new SocleError(this.node.path, [`cannot read metrics of "${workload.name}", which has no metricsPath`]);
    }
    this.serviceMonitors.push({
      name: workload.name,
      namespaceSelector: { matchNames: [workload.namespace.name] },
      selector: { matchLabels: workload.labels },
      endpoints: [{ port: "http", path: workload.metricsPath }],
    });
    workload.allowFrom(this.prometheus);
  }

  /** Reads the metrics of a component's pods at `/metrics`, through a PodMonitor. */
  scrapePods({ pods, portName, port }: ScrapeTarget): void {
    this.podMonitors.push({
      name: pods.name,
      namespaceSelector: { matchNames: [pods.namespace.name] },
      selector: { matchLabels: pods.labels },
      podMetricsEndpoints: [{ port: portName }],
    });
    pods.allowFrom(this.prometheus, { port });
  }
}
