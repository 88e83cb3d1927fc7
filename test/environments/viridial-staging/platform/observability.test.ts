import { parse } from "yaml";
import { type Layer } from "../../../../constructs/core/layer";
import { type Namespace } from "../../../../constructs/cluster/namespace";
import { PODS } from "../../../../environments/viridial-staging/names";
import {
  addObservability,
  alertGroups,
  DASHBOARDS,
} from "../../../../environments/viridial-staging/platform/observability";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../../environments/viridial-staging/settings";
import { flowsOf, testCluster, testNamespace } from "../../../support/cluster";
import { jsonOf, testEnvironment, testLayer } from "../../../support/layers";
import { refusal } from "../../../support/inputs";
import { describeWithTerraform } from "../../../support/terraform";

function build(settings: ViridialSettings = SETTINGS) {
  const layer = testLayer(testEnvironment("viridial-staging"), "viridial-staging-platform");
  const cluster = testCluster(layer, { nodeCount: 4, node: { cpuMillis: 4000, memoryMib: 16384 } });
  const namespace = (id: string, name: string): Namespace => testNamespace(cluster, id, { name });
  const stack = addObservability(layer, {
    cluster,
    namespaces: {
      staging: namespace("staging", "viridial-staging"),
      production: namespace("production", "viridial-production"),
      monitoring: namespace("monitoring", "viridial-monitoring"),
      data: namespace("data", "viridial-data"),
      nodeAgents: namespace("node_agents", "viridial-node-agents"),
    },
    settings,
  });
  return { layer, stack, json: jsonOf(layer) };
}

const staging = build();
const { json, layer } = staging;

const releaseOf = (name: string, built = staging) =>
  Object.values(built.json.resource?.["helm_release"] ?? {}).find((each) => each["name"] === name) as {
    values: string[];
    depends_on: string[];
    namespace: string;
  };
const valuesOf = (name: string, built = staging) =>
  parse(releaseOf(name, built).values[0] ?? "") as Record<string, Record<string, Record<string, unknown>>>;

/** What the pods of two namespaces request, on so many nodes. */
function requested(of: Layer, nodes: number) {
  const rows = of.capacity?.().rows ?? [];
  return rows
    .filter(({ namespace }) => namespace === "viridial-monitoring" || namespace === "viridial-node-agents")
    .reduce(
      (sum, { cpuMillis, memoryMib, replicas, namespace }) => {
        const share = namespace === "viridial-node-agents" ? nodes / replicas : 1;
        return { cpuMillis: sum.cpuMillis + cpuMillis * share, memoryMib: sum.memoryMib + memoryMib * share };
      },
      { cpuMillis: 0, memoryMib: 0 },
    );
}

describe("the observation of viridial-staging", () => {
  test("THEN the charts have the versions that were looked up, each in its namespace", () => {
    const releases = Object.values(json.resource?.["helm_release"] ?? {}).map(({ name, version, namespace }) => [
      name,
      version,
      namespace,
    ]);
    expect(releases.sort()).toEqual([
      ["alloy", "1.11.1", "viridial-node-agents"],
      ["falco", "9.1.0", "viridial-node-agents"],
      ["jaeger", "4.11.1", "viridial-monitoring"],
      ["kube-prometheus-stack", "88.5.3", "viridial-monitoring"],
      ["loki", "18.11.0", "viridial-monitoring"],
      ["opentelemetry-collector", "0.170.0", "viridial-monitoring"],
      ["platform-monitors", undefined, "viridial-monitoring"],
    ]);
  });

  test("THEN Prometheus reads every 15 seconds, keeps 30 days and less than its volume, and takes all monitors and rules", () => {
    const { prometheusSpec } = valuesOf("kube-prometheus-stack")["prometheus"] as Record<
      string,
      Record<string, unknown>
    >;
    expect(prometheusSpec).toMatchObject({
      scrapeInterval: "15s",
      retention: "30d",
      retentionSize: "17GB",
      serviceMonitorSelectorNilUsesHelmValues: false,
      podMonitorSelectorNilUsesHelmValues: false,
      ruleSelectorNilUsesHelmValues: false,
      serviceMonitorNamespaceSelector: {},
      podMonitorNamespaceSelector: {},
      ruleNamespaceSelector: {},
      storageSpec: { volumeClaimTemplate: { spec: { resources: { requests: { storage: "20Gi" } } } } },
    });
    expect(valuesOf("kube-prometheus-stack")["additionalPrometheusRulesMap"]).toBeUndefined();
  });

  test.each([
    ["staging", SETTINGS, { traces: 100, replicas: 1, logs: "20Gi" }],
    ["production", PRODUCTION, { traces: 10, replicas: 2, logs: "100Gi" }],
  ] as const)("GIVEN the profile %s THEN traces, replicas and volumes are of its size", (_, settings, size) => {
    const built = build(settings);
    const collector = valuesOf("opentelemetry-collector", built);
    expect(collector["alternateConfig"]?.["processors"]?.["probabilistic_sampler"]).toEqual({
      sampling_percentage: size.traces,
    });
    expect(collector["replicaCount"]).toBe(size.replicas);
    expect(valuesOf("loki", built)["singleBinary"]?.["persistence"]).toEqual({ size: size.logs });
    expect(built.layer.readmeSections.map(({ body }) => body).join()).toContain(`keeps ${size.traces} % of`);
  });

  test("THEN staging requests no more than its share of the two workers", () => {
    const { cpuMillis, memoryMib } = requested(layer, 2);
    expect(cpuMillis).toBeLessThanOrEqual(1100);
    expect(memoryMib).toBeLessThanOrEqual(3000);
  });

  test("THEN the flows are exactly those that are drawn", () => {
    const [prometheus, grafana, alertmanager, loki, jaeger, collector] = [
      "prometheus",
      "grafana",
      "alertmanager",
      "loki",
      "jaeger",
      "opentelemetry-collector",
    ].map((name) => `viridial-monitoring/${name}`) as [string, string, string, string, string, string];
    const agent = (name: string) => `viridial-node-agents/${name}`;
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    const inside = [
      [prometheus, "viridial-monitoring/kube-state-metrics", "8080"],
      [prometheus, agent("prometheus-node-exporter"), "9100"],
      [prometheus, alertmanager, "9093,8080"],
      [prometheus, loki, "3100"],
      [prometheus, collector, "8888"],
      [prometheus, agent("alloy"), "12345"],
      [prometheus, agent("falco"), "8765"],
      [grafana, prometheus, "9090"],
      [grafana, alertmanager, "9093"],
      [grafana, loki, "3100"],
      [grafana, jaeger, "16686"],
      [agent("alloy"), loki, "3100"],
      [collector, jaeger, "4317"],
      [loki, loki, "9095,7946"],
    ] as const;
    const expected = [
      ...inside.flatMap(([from, to, port]) => [
        ["egress", from, to, port],
        ["ingress", to, from, port],
      ]),
      ...["443", "443", "443", "587"].map((port) => ["egress", alertmanager, internet, port]),
      ["egress", prometheus, "10.0.0.0/16", "10250"],
      ...[
        prometheus,
        "viridial-monitoring/kube-prometheus-stack-operator",
        "viridial-monitoring/kube-state-metrics",
        agent("alloy"),
      ].map((pods) => ["egress", pods, "10.0.0.0/16", "6443"]),
    ];
    expect(flowsOf(json).filter(([, , peer]) => peer !== "kube-system/kube-dns")).toEqual(
      expected.sort((a, b) => (a.join() < b.join() ? -1 : 1)),
    );
  });

  test("THEN later layers find Prometheus and the collector by the labels that they have", () => {
    const { prometheus } = staging.stack;
    expect({ namespace: prometheus.namespace.name, labels: prometheus.labels }).toEqual(PODS.prometheus);
    expect(PODS.openTelemetryCollector).toEqual({
      namespace: releaseOf("opentelemetry-collector").namespace,
      labels: { "app.kubernetes.io/name": "opentelemetry-collector" },
    });
  });

  test("THEN the rules of the file and what Prometheus reads follow the operator that knows their kinds", () => {
    const { manifests } = valuesOf("platform-monitors") as unknown as {
      manifests: Record<string, { kind: string; metadata: { name: string } }>;
    };
    expect(Object.values(manifests).map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      "PodMonitor/loki",
      "PodMonitor/opentelemetry-collector",
      "PodMonitor/alloy",
      "PodMonitor/falco",
      ...alertGroups().map(({ name }) => `PrometheusRule/${name}`),
    ]);
    expect(releaseOf("platform-monitors").depends_on).toContain("helm_release.prometheus_stack");
  });

  test("THEN Grafana has the dashboards, and its templates reach it as they are", () => {
    const data = json.resource?.["kubernetes_config_map_v1"]?.["prometheus_stack_dashboards"]?.["data"] as object;
    expect(Object.keys(data)).toEqual(DASHBOARDS);
    // Terraform takes two dollar signs before a brace as one, and so Grafana gets the two that it wants.
    expect(releaseOf("kube-prometheus-stack").values[0]).toContain("url: $$${__value.raw}");
  });

  test("THEN secrets are ephemeral inputs that reach a Secret by a write-only attribute, and no value", () => {
    const secrets = Object.entries(json.variable ?? {}).filter(([, { sensitive }]) => sensitive);
    expect(secrets.map(([name, { ephemeral, default: none }]) => [name, ephemeral, none])).toEqual([
      ["alert_slack_webhook_url", true, null],
      ["alert_pagerduty_routing_key", true, null],
      ["alert_smtp_password", true, null],
    ]);
    const { data_wo: data } = json.resource?.["kubernetes_secret_v1"]?.["alertmanager_receivers"] as {
      data_wo: object;
    };
    expect(data).toEqual({
      "slack-webhook-url": '${coalesce(var.alert_slack_webhook_url, "none")}',
      "pagerduty-routing-key": '${coalesce(var.alert_pagerduty_routing_key, "none")}',
      "smtp-password": '${coalesce(var.alert_smtp_password, "none")}',
    });
    const elsewhere = JSON.stringify({
      ...json,
      variable: {},
      resource: { ...json.resource, kubernetes_secret_v1: {} },
    });
    for (const [name] of secrets) {
      expect(elsewhere).not.toContain(`var.${name}`);
    }
  });

  test("THEN nothing of it is reached from outside", () => {
    expect(layer.openPorts).toEqual([]);
    expect(json.resource?.["kubernetes_ingress_v1"]).toBeUndefined();
    expect(JSON.stringify(json.resource)).not.toMatch(/NodePort|"LoadBalancer"|hostNetwork: true/);
  });

  test("THEN the outputs open a way to each by its Service", () => {
    const outputs = json.output as unknown as Record<string, { value: string }>;
    expect(Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]))).toMatchObject({
      grafana_command:
        "kubectl --namespace viridial-monitoring port-forward service/kube-prometheus-stack-grafana 3000:80",
      prometheus_command:
        "kubectl --namespace viridial-monitoring port-forward service/kube-prometheus-stack-prometheus 9090:9090",
      alertmanager_command:
        "kubectl --namespace viridial-monitoring port-forward service/kube-prometheus-stack-alertmanager 9093:9093",
      jaeger_command: "kubectl --namespace viridial-monitoring port-forward service/jaeger 16686:16686",
    });
  });

  test("THEN the README says how an alert reaches somebody, and how logs and traces are found", () => {
    const titles = layer.readmeSections.map(({ title }) => title);
    expect(titles).toEqual([
      "Rotating the Secret grafana-admin",
      "Rotating the Secret alertmanager-receivers",
      "Grafana and Prometheus",
      "Logs",
      "Traces",
      "How an alert reaches somebody",
      "Falco",
    ]);
  });
});

describeWithTerraform("the inputs of the observation", () => {
  const email = {
    alert_email_enabled: true,
    alert_email_to: ["ops@example.com"],
    alert_email_from: "alerts@example.com",
    alert_smtp_host: "smtp.example.com",
    alert_smtp_username: "alerts",
    alert_smtp_password: "secret",
  };

  test.each([
    ["nothing", {}],
    ["Slack", { alert_slack_enabled: true, alert_slack_webhook_url: "https://hooks.example.com/1" }],
    ["PagerDuty", { alert_pagerduty_enabled: true, alert_pagerduty_routing_key: "0123456789abcdef" }],
    ["e-mail", email],
    ["a heartbeat", { alert_heartbeat_enabled: true, alert_heartbeat_url: "https://heartbeat.example.com/1" }],
  ])("GIVEN %s THEN it is accepted", (_, values) => {
    expect(refusal(json, values)).toBe("");
  });

  test.each([
    [{ alert_slack_enabled: true }, "alert_slack_enabled needs alert_slack_webhook_url."],
    [{ alert_slack_channel: "alerts" }, 'alert_slack_channel takes the name of a channel with its "#"'],
    [{ alert_pagerduty_enabled: true }, "alert_pagerduty_enabled needs alert_pagerduty_routing_key."],
    [{ ...email, alert_email_to: [] }, "alert_email_enabled needs alert_email_to."],
    [{ ...email, alert_email_to: ["ops"] }, 'has an entry that is not an e-mail address such as "ops@example.com".'],
    [{ ...email, alert_email_from: "" }, "alert_email_enabled needs alert_email_from."],
    [
      { ...email, alert_email_from: "alerts" },
      'alert_email_from takes an e-mail address such as "alerts@example.com".',
    ],
    [{ ...email, alert_smtp_host: "" }, "alert_email_enabled needs alert_smtp_host."],
    [{ ...email, alert_smtp_host: "smtp.example.com:25" }, "alert_smtp_host takes a host name without a port"],
    [{ ...email, alert_smtp_username: "" }, "alert_email_enabled needs alert_smtp_username."],
    [{ ...email, alert_smtp_password: null }, "alert_email_enabled needs alert_smtp_password."],
    [{ alert_heartbeat_enabled: true }, "alert_heartbeat_enabled needs alert_heartbeat_url."],
    [{ alert_heartbeat_url: "http://heartbeat.example.com" }, "alert_heartbeat_url takes an address that begins with"],
    [{ alert_secrets_revision: 0 }, "alert_secrets_revision takes a whole number from 1 on."],
    [{ grafana_password_revision: 1.5 }, "grafana_password_revision takes a whole number from 1 on."],
  ])("fails for %j", (values, message) => {
    expect(refusal(json, values)).toContain(message);
  });
});
