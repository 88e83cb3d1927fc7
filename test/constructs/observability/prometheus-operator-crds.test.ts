import { PrometheusOperatorCrds } from "../../../constructs/observability/prometheus-operator-crds";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

test("THEN the kinds come as a chart of their own, after their namespace's guardrails", () => {
  const { json } = synthesizeLayer((layer) => {
    new PrometheusOperatorCrds(layer, "crds", { namespace: testNamespace(testCluster(layer), "monitoring") });
  });
  expect(only(json.resource?.["helm_release"])).toMatchObject({
    name: "prometheus-operator-crds",
    chart: "prometheus-operator-crds",
    repository: "https://prometheus-community.github.io/helm-charts",
    version: "31.0.1",
    depends_on: ["kubernetes_network_policy_v1.monitoring_default_deny", "kubernetes_limit_range_v1.monitoring_limits"],
  });
});
