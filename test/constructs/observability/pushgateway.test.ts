import { ExistingNamespace, type INamespace } from "../../../constructs/cluster/namespace";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { type Layer } from "../../../constructs/core/layer";
import { Pushgateway } from "../../../constructs/observability/pushgateway";
import { flowsOf } from "../../support/cluster";
import { only } from "../../support/construct";
import { watch } from "../../support/monitors";

/** The namespace `monitoring` of the test's cluster. */
const monitoring = (layer: Layer): INamespace =>
  new ExistingNamespace(layer.node.findChild("cluster") as KubernetesCluster, "monitoring");

describe("Pushgateway", () => {
  const watched = watch((monitors, pods, layer) => {
    const gateway = new Pushgateway(layer, "pushgateway", { namespace: monitoring(layer) });
    gateway.monitor(monitors);
    pods("jobs").allowTo(gateway, { port: gateway.port });
    expect(gateway.url).toBe("http://pushgateway.monitoring");
  });

  test("THEN it is one pod of an exact version behind a Service", () => {
    const deployment = only(watched.json.resource?.["kubernetes_deployment_v1"]);
    expect(deployment).toMatchObject({
      metadata: { name: "pushgateway", namespace: "monitoring" },
      spec: {
        replicas: 1,
        template: { spec: { container: [{ image: "quay.io/prometheus/pushgateway:v1.11.3" }] } },
      },
    });
    expect(only(watched.json.resource?.["kubernetes_service_v1"])).toMatchObject({
      spec: { port: [{ port: 80, target_port: "9091" }] },
    });
  });

  test("THEN Prometheus keeps the labels of the Job that pushed", () => {
    expect(watched.objects).toEqual([
      expect.objectContaining({
        metadata: { name: "pushgateway" },
        spec: expect.objectContaining({
          podMetricsEndpoints: [{ port: "http", path: "/metrics", honorLabels: true }],
        }) as unknown,
      }),
    ]);
  });

  test("THEN nobody reaches it but Prometheus and who was let in", () => {
    expect(flowsOf(watched.json).filter(([direction]) => direction === "ingress")).toEqual([
      ["ingress", "monitoring/pushgateway", "apps/jobs", "9091"],
      ["ingress", "monitoring/pushgateway", "monitoring/prometheus", "9091"],
    ]);
  });
});
