import { parse } from "yaml";
import { TerraformVariable } from "cdktf";
import { ConditionalNamespace, ExistingNamespace } from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { readDashboard } from "../../../constructs/observability/dashboards";
import { type Alert, Monitors } from "../../../constructs/observability/monitors";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const ALERT: Alert = {
  alert: "QueueFull",
  expr: "queue_messages > 100",
  for: "5m",
  labels: { severity: "warning" },
  annotations: { summary: "{{ $labels.queue }} holds {{ $value }}", description: "Its consumer is slow." },
};

const build = (use: (monitors: Monitors, queue: Pods) => void) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const apps = testNamespace(cluster, "apps");
    const prometheus = new Pods(layer, "prometheus", {
      namespace: testNamespace(cluster, "monitoring"),
      labels: { app: "prometheus" },
    });
    use(
      new Monitors(layer, "app_monitors", { prometheus, namespace: apps }),
      new Pods(layer, "queue", { namespace: apps, labels: { app: "queue" } }),
    );
  });

const releaseOf = (built: ReturnType<typeof build>) => only(built.json.resource?.["helm_release"]);
const objectsOf = (built: ReturnType<typeof build>) => {
  const [values] = releaseOf(built)["values"] as string[];
  return Object.values((parse(values ?? "") as { manifests: Record<string, unknown> }).manifests);
};

describe("Monitors", () => {
  test("GIVEN pods THEN a PodMonitor names their port and path, and the flow from Prometheus is allowed on both sides", () => {
    const built = build((monitors, pods) => monitors.scrape({ pods, portName: "metrics", port: 9100 }));
    expect(objectsOf(built)).toEqual([
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PodMonitor",
        metadata: { name: "queue" },
        spec: {
          namespaceSelector: { matchNames: ["apps"] },
          selector: { matchLabels: { app: "queue" } },
          podMetricsEndpoints: [{ port: "metrics", path: "/metrics" }],
        },
      },
    ]);
    expect(flowsOf(built.json).filter(([, , , ports]) => ports === "9100")).toEqual([
      ["egress", "monitoring/prometheus", "apps/queue", "9100"],
      ["ingress", "apps/queue", "monitoring/prometheus", "9100"],
    ]);
  });

  test("GIVEN another path and parameters THEN Prometheus asks for these", () => {
    const built = build((monitors, pods) =>
      monitors.scrape({
        pods,
        portName: "http",
        port: 8200,
        path: "/v1/sys/metrics",
        params: { format: ["prometheus"] },
      }),
    );
    expect(objectsOf(built)).toMatchObject([
      {
        spec: {
          podMetricsEndpoints: [{ port: "http", path: "/v1/sys/metrics", params: { format: ["prometheus"] } }],
        },
      },
    ]);
  });

  test("GIVEN rules THEN a PrometheusRule has them in their order, templates untouched", () => {
    const recording = { record: "queue:messages:max", expr: "max by (queue) (queue_messages)" };
    const built = build((monitors) => monitors.alert("queues", [recording, ALERT]));
    expect(objectsOf(built)).toEqual([
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: { name: "queues" },
        spec: { groups: [{ name: "queues", rules: [recording, ALERT] }] },
      },
    ]);
  });

  test("THEN all is one release in the namespace, which follows the operator when it is of the same layer", () => {
    const built = build((monitors) => monitors.alert("queues", [ALERT]));
    expect(releaseOf(built)).toMatchObject({ name: "app-monitors", namespace: "apps" });
    const after = synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      const namespace = testNamespace(cluster, "monitoring");
      const prometheus = new Pods(layer, "prometheus", { namespace, labels: { app: "prometheus" } });
      const dependsOn = testNamespace(cluster, "operator").present;
      new Monitors(layer, "all", { prometheus, namespace, name: "monitors", dependsOn }).alert("queues", [ALERT]);
    });
    expect(releaseOf(after)["name"]).toBe("monitors");
    expect(releaseOf(after)["depends_on"]).toContain("kubernetes_namespace_v1.operator");
  });

  test("fails for malformed names, empty expressions and groups, and an alert that is there already, with all of them", () => {
    expect(() =>
      build((monitors) => {
        monitors.alert("first", [ALERT]);
        monitors.alert("Second Group", [
          ALERT,
          { ...ALERT, alert: "queue-full", expr: " " },
          { record: "messages", expr: "queue_messages" },
        ]);
      }),
    ).toThrow(
      [
        "test/app_monitors: 5 problems",
        '  - the group "Second Group" is not made of lower-case words joined by "-"',
        '  - the alert "QueueFull" is there already: who silences one would silence both',
        '  - the alert "queue-full" is not named in CamelCase, such as "NodeMemory"',
        '  - "queue-full" has no expression',
        '  - the recording "messages" is not named level:metric:operation, such as "tenant:api_requests:rate5m"',
      ].join("\n"),
    );
    expect(() => build((monitors) => monitors.alert("empty", []))).toThrow(
      'test/app_monitors: the group "empty" has no rule',
    );
  });

  test("fails for pods that are read already", () => {
    expect(() =>
      build((monitors, pods) => {
        monitors.scrape({ pods, portName: "metrics", port: 9100 });
        monitors.scrape({ pods, portName: "admin", port: 9101 });
      }),
    ).toThrow("test/app_monitors/Default: PodMonitor/queue is there already: give each object once");
  });

  test("GIVEN a user, labels to keep, metrics to leave out and another name THEN the PodMonitor says so", () => {
    const built = build((monitors, pods) =>
      monitors.scrape({
        pods,
        portName: "http",
        port: 8080,
        name: "trino",
        user: { secretName: "trino-metrics", key: "username" },
        honorLabels: true,
        drop: "io_.*",
      }),
    );
    expect(objectsOf(built)).toMatchObject([
      {
        metadata: { name: "trino" },
        spec: {
          podMetricsEndpoints: [
            {
              port: "http",
              path: "/metrics",
              basicAuth: { username: { name: "trino-metrics", key: "username" } },
              honorLabels: true,
              metricRelabelings: [{ sourceLabels: ["__name__"], regex: "io_.*", action: "drop" }],
            },
          ],
        },
      },
    ]);
  });

  test("GIVEN pods that no policy guards, or on the node's network, THEN only Prometheus gets one", () => {
    const guarded = (guardedBy: "nothing" | "node") =>
      flowsOf(
        build((monitors, pods) => monitors.scrape({ pods, portName: "metrics", port: 9153, guardedBy })).json,
      ).filter(([, , , ports]) => ports === "9153");
    expect(guarded("nothing")).toEqual([["egress", "monitoring/prometheus", "apps/queue", "9153"]]);
    expect(guarded("node")).toEqual([["egress", "monitoring/prometheus", "10.0.0.0/16", "9153"]]);
  });

  test("GIVEN a dashboard THEN it comes as a ConfigMap, as Grafana reads it", () => {
    const json = readDashboard("airflow");
    const built = build((monitors) => monitors.dashboard(json));
    const [values] = releaseOf(built)["values"] as string[];
    // What Terraform would take for its own is escaped.
    expect(values).toContain("$${datasource}");
    expect(values?.replaceAll("$${", "")).not.toContain("${");
    expect(objectsOf(built)).toMatchObject([
      { kind: "ConfigMap", metadata: { name: "dashboard-airflow", labels: { grafana_dashboard: "1" } } },
    ]);
  });

  test("fails for a dashboard that is there already", () => {
    expect(() =>
      build((monitors) => {
        monitors.dashboard(readDashboard("gpu"));
        monitors.dashboard(readDashboard("gpu"));
      }),
    ).toThrow("ConfigMap/dashboard-gpu is there already");
  });

  test("GIVEN a runbook and a namespace under a condition THEN alerts lead to their section, and all come and go", () => {
    const built = synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      const namespace = testNamespace(cluster, "monitoring");
      const when = new TerraformVariable(layer, "chosen", { type: "bool", description: "Whether" });
      const monitors = new Monitors(layer, "app_monitors", {
        prometheus: new Pods(layer, "prometheus", { namespace, labels: { app: "prometheus" } }),
        namespace: new ConditionalNamespace(new ExistingNamespace(cluster, "monitoring"), when),
        runbook: "docs/runbooks/alerts.md",
      });
      const own = { ...ALERT, alert: "QueueLost", annotations: { ...ALERT.annotations, runbook: "docs/lost.md" } };
      monitors.alert("queues", [ALERT, own, { record: "queue:messages:max", expr: "max(queue_messages)" }]);
    });
    expect(releaseOf(built)["count"]).toBe("${var.chosen ? 1 : 0}");
    const [rule] = objectsOf(built) as { spec: { groups: { rules: { annotations?: { runbook?: string } }[] }[] } }[];
    expect(rule?.spec.groups[0]?.rules.map(({ annotations }) => annotations?.runbook)).toEqual([
      "docs/runbooks/alerts.md#queuefull",
      "docs/lost.md",
      undefined,
    ]);
  });
});
