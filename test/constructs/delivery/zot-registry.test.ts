import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { ZotRegistry } from "../../../constructs/delivery/zot-registry";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { testRevision } from "../../support/single-sign-on";

const { json } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer);
  const namespace = testNamespace(cluster, "images");
  const zot = new ZotRegistry(layer, "zot", {
    namespace,
    delivery: helmRelease,
    host: "zot.test",
    gate: new BasicAuthGate(layer, "gate", {
      namespace,
      user: "lab",
      passwordRevision: testRevision(layer),
      what: "zot",
    }),
  });
  zot.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
});
const { known, version } = releaseOf(json, "zot");

describe("ZotRegistry", () => {
  test("THEN it keeps images on a volume, and has none of the chart's passwords", () => {
    expect(version).toBe("0.1.122");
    expect(known).toMatchObject({
      persistence: true,
      pvc: { create: true, storage: "10Gi" },
      service: { type: "ClusterIP" },
    });
    expect(known["mountSecret"]).toBeUndefined();
    expect(JSON.parse((known["configFiles"] as Record<string, string>)["config.json"] ?? "")).toMatchObject({
      storage: { rootDirectory: "/var/lib/registry" },
      http: { port: "5000" },
    });
  });

  test("THEN people come through the gate, and only who is allowed reaches it", () => {
    expect(known["ingress"]).toMatchObject({
      enabled: true,
      annotations: { "traefik.ingress.kubernetes.io/router.middlewares": "images-gate@kubernetescrd" },
      hosts: [{ host: "zot.test", paths: [{ path: "/" }] }],
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "images/zot")).toEqual([
      ["ingress", "images/zot", "apps/client", "5000"],
    ]);
  });
});
