import { Fn, TerraformOutput, type TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { type Values } from "../../../constructs/cluster/component";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { readProjectFile } from "../../../constructs/core/files";
import { type Layer } from "../../../constructs/core/layer";
import { type AlertReceivers, RECEIVER_KEYS } from "../../../constructs/observability/alertmanager";
import { Alloy } from "../../../constructs/observability/alloy";
import { Jaeger } from "../../../constructs/observability/jaeger";
import { Loki } from "../../../constructs/observability/loki";
import { type AlertRule, Monitors } from "../../../constructs/observability/monitors";
import { OpenTelemetryCollector } from "../../../constructs/observability/opentelemetry-collector";
import { PrometheusStack } from "../../../constructs/observability/prometheus-stack";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { Falco } from "../../../constructs/security/falco";
import { NAMESPACES } from "../names";
import { type Profile, type ViridialSettings } from "../settings";
import { type FoundationNamespaces } from "./foundation-namespaces";
import { type ObservabilityInputs, observabilityInputs } from "./observability-inputs";
import { observabilityReadme } from "./observability-readme";

export interface ObservabilityProps {
  readonly cluster: KubernetesCluster;
  readonly namespaces: FoundationNamespaces;
  readonly settings: ViridialSettings;
}

const FOLDER = "environments/viridial-staging";

/** The dashboards of Grafana, by file. */
export const DASHBOARDS = ["infrastructure.json", "services.json", "business.json"];

const resources = (cpuMillis: number, memoryMib: number, limitMib: number) => ({
  requests: { cpu: `${cpuMillis}m`, memory: `${memoryMib}Mi` },
  limits: { memory: `${limitMib}Mi` },
});

const volume = (gib: number) => ({
  volumeClaimTemplate: {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: `${gib}Gi` } } },
  },
});

interface Sizes {
  /** Some 40,000 series in staging, at four samples a minute and 1.5 bytes each, are 0.35 GB a day. */
  readonly prometheus: { readonly volumeGib: number; readonly retentionSize: string; readonly resources: Values };
  readonly loki: { readonly volumeGib: number; readonly retentionDays: number; readonly resources: Values };
  readonly jaeger: { readonly volumeGib: number; readonly retentionDays: number };
  readonly collector: { readonly replicas: number; readonly sampledPercent: number };
}

const SIZES: Readonly<Record<Profile, Sizes>> = {
  staging: {
    prometheus: { volumeGib: 20, retentionSize: "17GB", resources: resources(250, 960, 1536) },
    loki: { volumeGib: 20, retentionDays: 30, resources: resources(100, 384, 768) },
    jaeger: { volumeGib: 10, retentionDays: 3 },
    collector: { replicas: 1, sampledPercent: 100 },
  },
  production: {
    prometheus: { volumeGib: 100, retentionSize: "90GB", resources: resources(500, 3072, 4096) },
    loki: { volumeGib: 100, retentionDays: 30, resources: resources(300, 1024, 2048) },
    jaeger: { volumeGib: 40, retentionDays: 7 },
    collector: { replicas: 2, sampledPercent: 10 },
  },
};

/** Metrics, logs and traces, what is told of them, and what watches the nodes. */
export function addObservability(layer: Layer, { namespaces, settings }: ObservabilityProps): PrometheusStack {
  const inputs = observabilityInputs(layer);
  const sizes = SIZES[settings.profile];
  const { monitoring: namespace, nodeAgents } = namespaces;

  const stack = addPrometheus(layer, namespaces, inputs, sizes);
  const loki = new Loki(layer, "loki", {
    namespace,
    ...sizes.loki,
    values: { singleBinary: { resources: sizes.loki.resources } },
  });
  const jaeger = new Jaeger(layer, "jaeger", { namespace, ...sizes.jaeger });
  const collector = new OpenTelemetryCollector(layer, "opentelemetry_collector", {
    namespace,
    jaeger,
    ...sizes.collector,
  });
  const alloy = new Alloy(layer, "alloy", { namespace: nodeAgents, loki, gatewayNamespace: NAMESPACES.apiGateway });
  const falco = new Falco(layer, "falco", { namespace: nodeAgents });

  stack.grafana.allowTo(loki, { port: loki.port });
  stack.grafana.allowTo(jaeger, { port: jaeger.queryPort });

  const monitors = new Monitors(layer, "platform_monitors", {
    prometheus: stack.prometheus,
    namespace,
    dependsOn: [stack.delivered],
  });
  for (const { metrics } of [loki, collector, alloy, falco]) {
    monitors.scrape(metrics);
  }
  for (const { name, rules } of alertGroups()) {
    monitors.alert(name, rules);
  }

  const readme = observabilityReadme({
    namespace: namespace.name,
    nodeAgents: nodeAgents.name,
    metricsGib: sizes.prometheus.volumeGib,
    logDays: sizes.loki.retentionDays,
    traceDays: sizes.jaeger.retentionDays,
    sampledPercent: sizes.collector.sampledPercent,
  });
  for (const section of readme) {
    layer.addReadmeSection(section);
  }
  addOutputs(layer, namespace.name);
  return stack;
}

/** The groups of `alerts.yaml`. */
export function alertGroups(): readonly { readonly name: string; readonly rules: readonly AlertRule[] }[] {
  return (parse(readProjectFile(`${FOLDER}/alerts.yaml`)) as { groups: { name: string; rules: AlertRule[] }[] }).groups;
}

function addPrometheus(
  layer: Layer,
  { monitoring: namespace, nodeAgents }: FoundationNamespaces,
  inputs: ObservabilityInputs,
  { prometheus }: Sizes,
): PrometheusStack {
  const grafanaAdmin = new GeneratedSecret(layer, "grafana_admin", {
    namespace,
    generate: { "admin-password": { length: 32 } },
    values: { "admin-user": "admin" },
    revision: inputs.grafanaPasswordRevision,
    afterRotation: `Grafana keeps nothing of its own, so a restart is enough: \`kubectl --namespace ${namespace.name} rollout restart deployment/kube-prometheus-stack-grafana\`.`,
  });
  // A key has a value even while nobody is told by it: an empty Secret could not be mounted before it is filled.
  const orNone = (variable: TerraformVariable) => Fn.coalesce([variable.stringValue, "none"]) as string;
  const receiverSecret = new GeneratedSecret(layer, "alertmanager_receivers", {
    namespace,
    values: {
      [RECEIVER_KEYS.slackWebhookUrl]: orNone(inputs.slackWebhookUrl),
      [RECEIVER_KEYS.pagerDutyRoutingKey]: orNone(inputs.pagerDutyRoutingKey),
      [RECEIVER_KEYS.smtpPassword]: orNone(inputs.smtpPassword),
    },
    revision: inputs.alertSecretsRevision,
    afterRotation:
      "Do so as well when one of the three is enabled for the first time. Alertmanager reads them from files, which follow the Secret within about a minute: nothing has to be restarted.",
  });
  const receivers: AlertReceivers = {
    slack: { enabled: inputs.slackEnabled, channel: inputs.slackChannel.stringValue },
    email: {
      enabled: inputs.emailEnabled,
      to: Fn.join(", ", inputs.emailTo.listValue),
      from: inputs.emailFrom.stringValue,
      host: inputs.smtpHost.stringValue,
      username: inputs.smtpUsername.stringValue,
    },
    pagerDuty: { enabled: inputs.pagerDutyEnabled },
    heartbeat: { enabled: inputs.heartbeatEnabled, url: inputs.heartbeatUrl.stringValue },
  };
  return new PrometheusStack(layer, "prometheus_stack", {
    namespace,
    nodeExporterNamespace: nodeAgents,
    grafanaAdmin,
    dashboards: Object.fromEntries(DASHBOARDS.map((file) => [file, readProjectFile(`${FOLDER}/dashboards/${file}`)])),
    commonAlerts: false,
    alertmanager: { receivers, secret: receiverSecret },
    values: {
      prometheus: {
        prometheusSpec: {
          retentionSize: prometheus.retentionSize,
          resources: prometheus.resources,
          storageSpec: volume(prometheus.volumeGib),
        },
      },
    },
  });
}

function addOutputs(layer: Layer, namespace: string): void {
  const forward = (service: string, ports: string) =>
    `kubectl --namespace ${namespace} port-forward service/${service} ${ports}`;
  const output = (name: string, description: string, value: string) =>
    new TerraformOutput(layer, name, { description, value });
  output(
    "grafana_command",
    "Makes Grafana http://localhost:3000 until it is stopped; the user is admin.",
    forward("kube-prometheus-stack-grafana", "3000:80"),
  );
  output(
    "grafana_password_command",
    "Prints the password of Grafana's admin.",
    `kubectl --namespace ${namespace} get secret grafana-admin --output jsonpath='{.data.admin-password}' | base64 --decode`,
  );
  output(
    "prometheus_command",
    "Makes Prometheus http://localhost:9090 until it is stopped.",
    forward("kube-prometheus-stack-prometheus", "9090:9090"),
  );
  output(
    "alertmanager_command",
    "Makes Alertmanager, with its silences, http://localhost:9093 until it is stopped.",
    forward("kube-prometheus-stack-alertmanager", "9093:9093"),
  );
  output(
    "jaeger_command",
    "Makes Jaeger http://localhost:16686 until it is stopped.",
    forward("jaeger", "16686:16686"),
  );
}
