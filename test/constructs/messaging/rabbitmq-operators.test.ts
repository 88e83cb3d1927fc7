import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { RabbitMqOperators } from "../../../constructs/messaging/rabbitmq-operators";
import { Monitors } from "../../../constructs/observability/monitors";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("RabbitMqOperators", () => {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const monitoring = testNamespace(cluster, "monitoring");
    const prometheus = new Pods(layer, "prometheus", { namespace: monitoring, labels: { app: "prometheus" } });
    new RabbitMqOperators(layer, "operators", {
      namespace: testNamespace(cluster, "rabbitmq_system"),
      dependsOn: monitoring.present,
    }).monitor(new Monitors(layer, "monitors", { prometheus, namespace: monitoring }));
  });
  const releases = json.resource?.["helm_release"] ?? {};
  const valuesOf = (name: string) => parse((releases[name]?.["values"] as string[])[0] ?? "") as unknown;

  test("GIVEN cert-manager THEN both come as one release after it, without policies and budgets of the chart", () => {
    expect(releases["operators"]).toMatchObject({
      chart: "rabbitmq-cluster-operator",
      version: "0.6.5",
      repository: "oci://registry-1.docker.io/cloudpirates",
    });
    expect(releases["operators"]?.["depends_on"]).toContain("kubernetes_namespace_v1.monitoring");
    const off = { networkPolicy: { enabled: false }, pdb: { create: false } };
    expect(valuesOf("operators")).toMatchObject({
      useCertManager: true,
      clusterOperator: off,
      msgTopologyOperator: { ...off, enabled: true, metrics: { secure: false } },
    });
  });

  test("THEN both use the API, which calls the webhook of one, and Prometheus reads both", () => {
    const flows = flowsOf(json).filter(
      ([, pods, peer]) => pods.startsWith("rabbitmq-system/") && !peer.includes("kube-dns"),
    );
    const [cluster, topology] = ["rabbitmq-system/rabbitmq-operator", "rabbitmq-system/messaging-topology-operator"];
    expect(flows).toEqual([
      ["egress", topology, "10.0.0.0/16", "6443"],
      ["egress", cluster, "10.0.0.0/16", "6443"],
      ["ingress", topology, "10.0.0.0/16", "9443"],
      ["ingress", topology, "10.42.0.0/32", "9443"],
      ["ingress", topology, "10.42.1.0/32", "9443"],
      ["ingress", topology, "monitoring/prometheus", "8080"],
      ["ingress", cluster, "monitoring/prometheus", "9782"],
    ]);
    expect(valuesOf("monitors")).toMatchObject({
      manifests: {
        "PodMonitor/cluster-operator": { spec: { podMetricsEndpoints: [{ port: "http" }] } },
        "PodMonitor/topology-operator": { spec: { podMetricsEndpoints: [{ port: "metrics" }] } },
      },
    });
  });
});
