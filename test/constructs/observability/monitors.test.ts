import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
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
});
