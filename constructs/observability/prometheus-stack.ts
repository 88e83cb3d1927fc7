import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { parse } from "yaml";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import {
  Component,
  type Delivery,
  mergeValues,
  toTerraformText,
  type Values,
  type ValuesOverlay,
} from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { type Workload } from "../cluster/workload";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { DASHBOARD_LABEL } from "./dashboards";
import { ALERTMANAGER_LABELS, alertmanagerConfig, type AlertmanagerProps, allowToReceivers } from "./alertmanager";

/** The chart's version; it brings the CRDs of the Prometheus Operator with it. */
const VERSION = "88.5.3";

const FOLDER = "constructs/observability/prometheus-stack";

/** Name of what gives Grafana its dashboards: the ConfigMap with them, or the Role of the sidecar that finds them. */
const DASHBOARDS = "grafana-dashboards";

export interface PrometheusStackProps {
  /** For Prometheus, its operator, kube-state-metrics and Grafana. */
  readonly namespace: INamespace;
  /** For the node exporter, which mounts the node's file systems: Pod Security `privileged`. */
  readonly nodeExporterNamespace: INamespace;
  /** Secret with the keys `admin-user` and `admin-password` of Grafana. */
  readonly grafanaAdmin: GeneratedSecret;
  /** @default - only what the values files say */
  readonly values?: Values;
  /** Dashboards of Grafana, by file name, such as `web.json`. @default - HTTP requests, CPU and memory */
  readonly dashboards?: Readonly<Record<string, string>>;
  /**
   * Whether Grafana has a sidecar that shows the dashboards of {@link Monitors}, whatever layer brings them. It then has
   * `dashboards` from nowhere else, and may read the ConfigMaps of its namespace.
   * @default false
   */
  readonly dashboardSidecar?: boolean;
  /**
   * Whether the few alerts of `prometheus-stack/` come with the chart; others are added by {@link Monitors}.
   * @default true
   */
  readonly commonAlerts?: boolean;
  /** Whom alerts are told to. @default - nobody: there is no Alertmanager */
  readonly alertmanager?: AlertmanagerProps;
  /** How the chart reaches the cluster. @default - a Helm release */
  readonly delivery?: Delivery;
  /** Values that are there only while a condition holds. @default - none */
  readonly overlays?: readonly ValuesOverlay[];
  /** What has to be there before, such as the CRDs where the values leave them out. @default - nothing else */
  readonly dependsOn?: readonly ITerraformDependable[];
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
 * Prometheus, Grafana and, where somebody is to be told, Alertmanager (kube-prometheus-stack). Where nothing else is said
 * they have one dashboard and the alerts of `prometheus-stack/`: HTTP requests at the gateway, CPU and memory of pods and
 * nodes.
 *
 * All stay inside the cluster. Without its sidecar Grafana needs no access to the Kubernetes API. What Prometheus
 * reads is said by {@link scrape} and {@link scrapePods}, which allow the flow as well.
 */
export class PrometheusStack extends Construct {
  readonly prometheus: Pods;
  readonly grafana: Pods;
  /** Undefined where nobody is told. */
  readonly alertmanager: Pods | undefined;
  /** What needs the CRDs of the Prometheus Operator depends on it. */
  readonly delivered: ITerraformDependable;
  private readonly serviceMonitors: unknown[] = [];
  private readonly podMonitors: unknown[] = [];

  constructor(scope: Construct, id: string, props: PrometheusStackProps) {
    super(scope, id);
    const dashboards = props.dashboardSidecar ? this.dashboardRole(props) : this.dashboardFiles(props);
    const component = new Component(this, "Default", {
      name: "kube-prometheus-stack",
      namespace: props.namespace,
      repository: "https://prometheus-community.github.io/helm-charts",
      version: VERSION,
      values: mergeValues(props.values ?? {}, {
        ...((props.commonAlerts ?? true)
          ? { additionalPrometheusRulesMap: { socle: parse(readProjectFile(`${FOLDER}/alerts.yaml`)) as unknown } }
          : {}),
        ...(props.alertmanager
          ? {
              alertmanager: {
                enabled: true,
                config: alertmanagerConfig(props.alertmanager),
                alertmanagerSpec: { secrets: [props.alertmanager.secret.secretName] },
              },
            }
          : {}),
        prometheus: { additionalServiceMonitors: this.serviceMonitors, additionalPodMonitors: this.podMonitors },
        grafana: {
          admin: { existingSecret: props.grafanaAdmin.secretName },
          ...(props.dashboardSidecar
            ? {
                rbac: { create: true, namespaced: true, useExistingRole: DASHBOARDS },
                sidecar: {
                  dashboards: {
                    enabled: true,
                    label: DASHBOARD_LABEL.name,
                    labelValue: DASHBOARD_LABEL.value,
                    resource: "configmap",
                    searchNamespace: props.namespace.name,
                  },
                },
              }
            : { dashboardsConfigMaps: { default: DASHBOARDS } }),
        },
        "prometheus-node-exporter": { namespaceOverride: props.nodeExporterNamespace.name },
      }),
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
          resources: ["grafana.resources", ...(props.dashboardSidecar ? ["grafana.sidecar.resources"] : [])],
          needsKubernetesApi: props.dashboardSidecar ?? false,
        },
        ...(props.alertmanager
          ? {
              alertmanager: {
                labels: ALERTMANAGER_LABELS,
                resources: [
                  "alertmanager.alertmanagerSpec.resources",
                  "prometheusOperator.prometheusConfigReloader.resources",
                ],
              },
            }
          : {}),
      },
      dependsOn: [
        props.grafanaAdmin.resource,
        dashboards,
        ...(props.alertmanager ? [props.alertmanager.secret.resource] : []),
        ...(props.dependsOn ?? []),
      ],
      ...(props.delivery ? { delivery: props.delivery } : {}),
      ...(props.overlays ? { overlays: props.overlays } : {}),
    });
    this.delivered = component.delivered;
    this.prometheus = component.pods("prometheus");
    this.grafana = component.pods("grafana");

    this.alertmanager = props.alertmanager ? component.pods("alertmanager") : undefined;

    this.prometheus.allowFrom(this.grafana, { port: 9090 });
    this.prometheus.allowTo(component.pods("kube-state-metrics"), { port: 8080 });
    this.prometheus.allowTo(component.pods("node-exporter"), { port: 9100 });
    // The kubelet, for CPU and memory of containers.
    this.prometheus.allowToNodes({ port: 10250 });
    if (props.alertmanager && this.alertmanager) {
      // Where it takes alerts, and where its config reloader tells metrics.
      this.alertmanager.allowFrom(this.prometheus, { port: 9093 }, { port: 8080 });
      // Its alerts and silences, as a data source.
      this.alertmanager.allowFrom(this.grafana, { port: 9093 });
      allowToReceivers(this, props.namespace, props.alertmanager.receivers);
    }
  }

  /** The dashboards as files, which the chart mounts. */
  private dashboardFiles({ namespace, dashboards }: PrometheusStackProps): ConfigMapV1 {
    return new ConfigMapV1(this, "dashboards", {
      metadata: { name: DASHBOARDS, namespace: namespace.name },
      data: Object.fromEntries(
        Object.entries(dashboards ?? { "web.json": readProjectFile(`${FOLDER}/dashboards/web.json`) }).map(
          ([name, json]) => [name, toTerraformText(json)],
        ),
      ),
      dependsOn: [...namespace.present],
    });
  }

  /** What the sidecar may: the chart's own role would let it read every Secret of the namespace. */
  private dashboardRole({ namespace }: PrometheusStackProps): RoleV1 {
    return new RoleV1(this, "dashboards", {
      metadata: { name: DASHBOARDS, namespace: namespace.name },
      rule: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
      dependsOn: [...namespace.present],
    });
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
