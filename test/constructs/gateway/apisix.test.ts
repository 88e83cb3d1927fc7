import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Apisix } from "../../../constructs/gateway/apisix";
import { type GatewayRoute } from "../../../constructs/gateway/gateway-route";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";

const ROUTE: GatewayRoute = { name: "search", path: "/search", host: "search.apps.svc.cluster.local", port: 9000 };

const build = (routes: readonly GatewayRoute[] = [ROUTE]) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const gateway = new Apisix(layer, "api", {
      namespace: testNamespace(cluster, "gateway"),
      delivery: helmRelease,
      host: "api.test",
      routes,
    });
    gateway.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  });

describe("Apisix", () => {
  const { json } = build();
  const { known, version } = releaseOf(json, "apisix");

  test("THEN it does what one file says: no etcd, no controller, and no admin API with its public key", () => {
    expect(version).toBe("2.14.0");
    expect(known).toMatchObject({
      etcd: { enabled: false },
      "ingress-controller": { enabled: false },
      apisix: { deployment: { mode: "standalone", role: "data_plane" }, admin: { enabled: false } },
    });
  });

  test("THEN the file leads the prefix and what is below it to the service, and counts requests", () => {
    const { apisix } = known as { apisix: { deployment: { standalone: { config: string } } } };
    expect(parse(apisix.deployment.standalone.config)).toEqual({
      routes: [
        {
          id: "search",
          uris: ["/search", "/search/*"],
          upstream: { type: "roundrobin", nodes: { "search.apps.svc.cluster.local:9000": 1 } },
        },
      ],
      global_rules: [{ id: "metrics", plugins: { prometheus: {} } }],
    });
  });

  test("THEN Traefik leads to it over HTTPS, and only who is allowed reaches it", () => {
    expect(known["ingress"]).toEqual({
      enabled: true,
      className: "traefik",
      annotations: {
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
      },
      hosts: [{ host: "api.test", paths: ["/"] }],
    });
    expect(known["service"]).toMatchObject({ type: "ClusterIP" });
    expect(flowsOf(json).filter(([, pods]) => pods === "gateway/apisix")).toEqual([
      ["ingress", "gateway/apisix", "apps/client", "9080"],
    ]);
  });

  test("fails for no route", async () => {
    expect(await messageOf(() => build([]))).toMatch(/api: routes is empty: the gateway would answer nothing$/);
  });
});
