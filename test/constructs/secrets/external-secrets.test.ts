import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Monitors } from "../../../constructs/observability/monitors";
import { ExternalSecrets } from "../../../constructs/secrets/external-secrets";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("ExternalSecrets", () => {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const monitoring = testNamespace(cluster, "monitoring");
    const prometheus = new Pods(layer, "prometheus", { namespace: monitoring, labels: { app: "prometheus" } });
    new ExternalSecrets(layer, "operator", {
      namespace: testNamespace(cluster, "external_secrets"),
      dependsOn: monitoring.present,
    }).monitor(new Monitors(layer, "monitors", { prometheus, namespace: monitoring }));
  });
  const releases = json.resource?.["helm_release"] ?? {};
  const valuesOf = (name: string) => parse((releases[name]?.["values"] as string[])[0] ?? "") as unknown;

  test("GIVEN cert-manager THEN its issuer is there before it, and the webhook's certificate is its", () => {
    expect(valuesOf("operator_issuer")).toMatchObject({
      manifests: { "Issuer/external-secrets": { spec: { selfSigned: {} } } },
    });
    expect(releases["operator_issuer"]?.["depends_on"]).toContain("kubernetes_namespace_v1.monitoring");
    expect(releases["operator"]).toMatchObject({ chart: "external-secrets", version: "2.9.0", wait: true });
    expect(releases["operator"]?.["depends_on"]).toContain("helm_release.operator_issuer");
    expect(valuesOf("operator")).toMatchObject({
      webhook: { certManager: { enabled: true, cert: { issuerRef: { kind: "Issuer", name: "external-secrets" } } } },
      certController: { create: false },
    });
  });

  test("THEN there is no kind with which a namespace could read for another", () => {
    expect(valuesOf("operator")).toMatchObject({
      crds: { createClusterSecretStore: false, createClusterExternalSecret: false, createClusterGenerator: false },
      processClusterStore: false,
      processClusterExternalSecret: false,
    });
  });

  test("THEN both parts use the API, which calls the webhook, and Prometheus reads the operator", () => {
    const flows = flowsOf(json).filter(([, pods]) => pods.startsWith("external-secrets/external"));
    const of = (part: string) => `external-secrets/external-secrets${part}`;
    expect(flows).toEqual([
      ["egress", of(""), "10.0.0.0/16", "6443"],
      ["egress", of("-webhook"), "10.0.0.0/16", "6443"],
      ["ingress", of(""), "monitoring/prometheus", "8080"],
      ["ingress", of("-webhook"), "10.0.0.0/16", "10250"],
      ["ingress", of("-webhook"), "10.42.0.0/32", "10250"],
      ["ingress", of("-webhook"), "10.42.1.0/32", "10250"],
    ]);
    expect(valuesOf("monitors")).toMatchObject({
      manifests: {
        "PrometheusRule/external-secrets": { spec: { groups: [{ rules: [{ alert: "ExternalSecretNotReady" }] }] } },
      },
    });
  });
});
