import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { type ComponentRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Workload } from "../../../constructs/cluster/workload";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { PrometheusStack } from "../../../constructs/observability/prometheus-stack";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { describeWithProgram } from "../../support/programs";

const FOLDER = path.resolve(__dirname, "../../../constructs/observability/prometheus-stack");

const build = (metricsPath: string | undefined = "/metrics") =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "monitoring");
    const stack = new PrometheusStack(layer, "stack", {
      namespace,
      nodeExporterNamespace: testNamespace(cluster, "nodes"),
      grafanaAdmin: new GeneratedSecret(layer, "grafana_admin", {
        namespace,
        generate: { "admin-password": { length: 32 } },
        values: { "admin-user": "admin" },
        revision: new TerraformVariable(layer, "revision", { type: "number", description: "Revision" }),
        afterRotation: "Done.",
      }),
    });
    const apps = testNamespace(cluster, "apps");
    stack.scrape(
      new Workload(layer, "api", {
        namespace: apps,
        image: "registry.example.com/api:1",
        port: 8000,
        resources: { cpuMillis: 1, memoryMib: 1 },
        minimumReplicas: 1,
        maximumReplicas: 1,
        healthPath: "/",
        ...(metricsPath ? { metricsPath } : {}),
      }),
    );
    const queue = new Pods(layer, "queue", { namespace: apps, labels: { app: "queue" } });
    stack.scrapePods({ pods: queue, portName: "metrics", port: 9100 });
  });

describe("PrometheusStack", () => {
  const { json } = build();
  const release = only(json.resource?.["helm_release"]) as { values: string[]; depends_on: string[] };
  const values = parse(release.values[0] ?? "") as Record<string, Record<string, unknown>>;

  test("WHEN a workload and pods are scraped THEN a ServiceMonitor and a PodMonitor say where", () => {
    expect(values["prometheus"]).toMatchObject({
      additionalServiceMonitors: [
        {
          name: "api",
          namespaceSelector: { matchNames: ["apps"] },
          selector: { matchLabels: { "app.kubernetes.io/name": "api" } },
          endpoints: [{ port: "http", path: "/metrics" }],
        },
      ],
      additionalPodMonitors: [
        {
          name: "queue",
          namespaceSelector: { matchNames: ["apps"] },
          selector: { matchLabels: { app: "queue" } },
          podMetricsEndpoints: [{ port: "metrics" }],
        },
      ],
    });
  });

  test("THEN Prometheus reaches what it reads, Grafana reaches Prometheus, and nobody else reaches either", () => {
    const monitoring = flowsOf(json).filter(([, , peer]) => peer !== "kube-system/kube-dns");
    expect(monitoring).toEqual([
      ["egress", "monitoring/grafana", "monitoring/prometheus", "9090"],
      ["egress", "monitoring/kube-prometheus-stack-operator", "10.0.0.0/16", "6443"],
      ["egress", "monitoring/kube-state-metrics", "10.0.0.0/16", "6443"],
      ["egress", "monitoring/prometheus", "10.0.0.0/16", "10250"],
      ["egress", "monitoring/prometheus", "10.0.0.0/16", "6443"],
      ["egress", "monitoring/prometheus", "apps/api", "8000"],
      ["egress", "monitoring/prometheus", "apps/queue", "9100"],
      ["egress", "monitoring/prometheus", "monitoring/kube-state-metrics", "8080"],
      ["egress", "monitoring/prometheus", "nodes/prometheus-node-exporter", "9100"],
      ["ingress", "apps/api", "monitoring/prometheus", "8000"],
      ["ingress", "apps/queue", "monitoring/prometheus", "9100"],
      ["ingress", "monitoring/kube-state-metrics", "monitoring/prometheus", "8080"],
      ["ingress", "monitoring/prometheus", "monitoring/grafana", "9090"],
      ["ingress", "nodes/prometheus-node-exporter", "monitoring/prometheus", "9100"],
    ]);
  });

  test("THEN Grafana's admin comes from the Secret, which is there before, and the node exporter has its namespace", () => {
    expect(values["grafana"]?.["admin"]).toEqual({
      existingSecret: "grafana-admin",
      userKey: "admin-user",
      passwordKey: "admin-password",
    });
    expect(release.depends_on).toEqual(
      expect.arrayContaining(["kubernetes_secret_v1.grafana_admin", "kubernetes_config_map_v1.stack_dashboards"]),
    );
    expect(values["prometheus-node-exporter"]?.["namespaceOverride"]).toBe("nodes");
    expect(release.depends_on).toContain("kubernetes_network_policy_v1.nodes_default_deny");
  });

  test("THEN the dashboard asks the data source that the values define, for requests, CPU and memory", () => {
    const data = only(json.resource?.["kubernetes_config_map_v1"])["data"] as Record<string, string>;
    const dashboard = JSON.parse(data["web.json"] ?? "") as {
      panels: { title: string; datasource: { uid: string }; targets: { expr: string }[] }[];
    };
    const uids = (values["grafana"]?.["datasources"] as Record<string, { datasources: { uid: string }[] }>)[
      "datasources.yaml"
    ]?.datasources.map(({ uid }) => uid);
    expect(uids).toEqual(["prometheus"]);
    expect(new Set(dashboard.panels.map(({ datasource }) => datasource.uid))).toEqual(new Set(uids));
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join("\n");
    for (const metric of [
      "traefik_service_requests_total",
      "container_cpu_usage_seconds_total",
      "container_memory_working_set_bytes",
    ]) {
      expect(expressions).toContain(metric);
    }
  });

  test("THEN the alerts of the file are the release's, their templates untouched", () => {
    const file = parse(fs.readFileSync(path.join(FOLDER, "alerts.yaml"), "utf8")) as unknown;
    expect(values["additionalPrometheusRulesMap"]).toEqual({ socle: file });
  });

  test("GIVEN a sidecar, overlays and another delivery THEN dashboards are found, and the chart is told all of it", () => {
    const releases: ComponentRelease[] = [];
    const resources = new Map<string, string>();
    const overlay = { when: { booleanValue: true as never }, values: { grafana: { replicas: 2 } } };
    const { json } = synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      const namespace = testNamespace(cluster, "monitoring");
      const before = new TerraformData(layer, "before", {});
      resources.set(before.fqn, "before");
      new PrometheusStack(layer, "stack", {
        namespace,
        nodeExporterNamespace: testNamespace(cluster, "nodes"),
        grafanaAdmin: new GeneratedSecret(layer, "grafana_admin", {
          namespace,
          generate: { "admin-password": { length: 32 } },
          values: { "admin-user": "admin" },
          revision: new TerraformVariable(layer, "revision", { type: "number", description: "Revision" }),
          afterRotation: "Done.",
        }),
        dashboardSidecar: true,
        values: { grafana: { sidecar: { resources: { requests: { cpu: "10m", memory: "72Mi" } } } } },
        overlays: [overlay],
        dependsOn: [before],
        delivery: (_, release) => {
          releases.push(release);
          return before;
        },
      });
    });
    const [release] = releases;
    expect(release?.overlays).toEqual([overlay]);
    expect(release?.dependsOn.map(({ fqn }) => resources.get(fqn))).toContain("before");
    expect(release?.parts().known["grafana"]).toMatchObject({
      rbac: { create: true, namespaced: true, useExistingRole: "grafana-dashboards" },
      sidecar: {
        dashboards: { enabled: true, label: "grafana_dashboard", labelValue: "1", searchNamespace: "monitoring" },
      },
    });
    expect(json.resource?.["kubernetes_config_map_v1"]).toBeUndefined();
    expect(json.resource?.["helm_release"]).toBeUndefined();
    expect(only(json.resource?.["kubernetes_role_v1"])["rule"]).toEqual([
      { api_groups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] },
    ]);
    expect(flowsOf(json)).toContainEqual(["egress", "monitoring/grafana", "10.0.0.0/16", "6443"]);
  });

  test("fails for a workload without metrics", () => {
    expect(() => build("")).toThrow('test/stack: cannot read metrics of "api", which has no metricsPath');
  });
});

describeWithProgram("promtool", "the alerts", () => {
  test("GIVEN the file WHEN Prometheus's own tool checks it THEN every rule is sound", () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", path.join(FOLDER, "alerts.yaml")], {
      encoding: "utf8",
    });
    expect({ status, output: `${stdout}${stderr}` }).toEqual({
      status: 0,
      output: expect.stringContaining("SUCCESS: 9 rules found") as string,
    });
  });
});
