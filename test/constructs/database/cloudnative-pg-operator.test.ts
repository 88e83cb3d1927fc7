import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { CloudNativePgOperator } from "../../../constructs/database/cloudnative-pg-operator";
import { Monitors } from "../../../constructs/observability/monitors";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("CloudNativePgOperator", () => {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const monitoring = testNamespace(cluster, "monitoring");
    const prometheus = new Pods(layer, "prometheus", { namespace: monitoring, labels: { app: "prometheus" } });
    new CloudNativePgOperator(layer, "cloudnative_pg", {
      namespace: testNamespace(cluster, "cnpg_system"),
      dependsOn: monitoring.present,
    }).monitor(new Monitors(layer, "monitors", { prometheus, namespace: monitoring }));
  });
  const releases = json.resource?.["helm_release"] ?? {};

  test("GIVEN cert-manager THEN the operator comes first, and the plugin for backups after both, beside it", () => {
    expect(releases["cloudnative_pg"]).toMatchObject({
      chart: "cloudnative-pg",
      version: "0.29.0",
      namespace: "cnpg-system",
      repository: "https://cloudnative-pg.github.io/charts",
    });
    expect(releases["cloudnative_pg_plugin"]).toMatchObject({
      chart: "plugin-barman-cloud",
      version: "0.7.0",
      namespace: "cnpg-system",
    });
    expect(releases["cloudnative_pg_plugin"]?.["depends_on"]).toEqual(
      expect.arrayContaining(["helm_release.cloudnative_pg", "kubernetes_namespace_v1.monitoring"]),
    );
  });

  test("THEN the operator asks the plugin, both use the API, and the API calls the operator's webhook", () => {
    const flows = flowsOf(json).filter(
      ([, pods, peer]) => pods.startsWith("cnpg-system/") && !peer.includes("kube-dns"),
    );
    expect(flows).toEqual([
      ["egress", "cnpg-system/cloudnative-pg", "10.0.0.0/16", "6443"],
      ["egress", "cnpg-system/cloudnative-pg", "cnpg-system/plugin-barman-cloud", "9090"],
      ["egress", "cnpg-system/plugin-barman-cloud", "10.0.0.0/16", "6443"],
      ["ingress", "cnpg-system/cloudnative-pg", "10.0.0.0/16", "9443"],
      ["ingress", "cnpg-system/cloudnative-pg", "10.42.0.0/32", "9443"],
      ["ingress", "cnpg-system/cloudnative-pg", "10.42.1.0/32", "9443"],
      ["ingress", "cnpg-system/cloudnative-pg", "monitoring/prometheus", "8080"],
      ["ingress", "cnpg-system/plugin-barman-cloud", "cnpg-system/cloudnative-pg", "9090"],
    ]);
    const [values] = releases["monitors"]?.["values"] as string[];
    expect(parse(values ?? "")).toMatchObject({
      manifests: { "PodMonitor/cloudnative-pg": { spec: { podMetricsEndpoints: [{ port: "metrics" }] } } },
    });
  });
});
