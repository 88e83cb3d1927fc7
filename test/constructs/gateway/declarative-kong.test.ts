import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { DeclarativeKong } from "../../../constructs/gateway/declarative-kong";
import { type GatewayRoute } from "../../../constructs/gateway/gateway-route";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";

const ROUTE: GatewayRoute = { name: "search", path: "/search", host: "search.apps.svc.cluster.local", port: 9000 };

const build = (routes: readonly GatewayRoute[] = [ROUTE]) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const gateway = new DeclarativeKong(layer, "api", {
      namespace: testNamespace(cluster, "gateway"),
      delivery: helmRelease,
      host: "api.test",
      routes,
    });
    gateway.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  });

describe("DeclarativeKong", () => {
  const { json } = build();
  const { known, version } = releaseOf(json, "kong");

  test("THEN it has no database, no ingress controller and no admin API that others reach", () => {
    expect(version).toBe("3.4.1");
    expect(known).toMatchObject({
      env: { database: "off" },
      ingressController: { enabled: false },
      admin: { enabled: false },
      manager: { enabled: false },
    });
  });

  test("THEN the file leads the prefix to the service as it is, and counts requests", () => {
    const { dblessConfig } = known as { dblessConfig: { config: string } };
    expect(parse(dblessConfig.config)).toEqual({
      _format_version: "3.0",
      services: [
        {
          name: "search",
          url: "http://search.apps.svc.cluster.local:9000",
          routes: [{ name: "search", paths: ["/search"], strip_path: false }],
        },
      ],
      plugins: [{ name: "prometheus", config: { status_code_metrics: true, latency_metrics: true } }],
    });
  });

  test("THEN Traefik leads to it over HTTPS and is believed, and only who is allowed reaches it", () => {
    expect(known["proxy"]).toMatchObject({
      type: "ClusterIP",
      ingress: {
        enabled: true,
        ingressClassName: "traefik",
        hostname: "api.test",
        annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "websecure" },
      },
    });
    expect(known["env"]).toMatchObject({ trusted_ips: "10.42.0.0/16" });
    expect(flowsOf(json).filter(([, pods]) => pods === "gateway/kong")).toEqual([
      ["ingress", "gateway/kong", "apps/client", "8000"],
    ]);
  });

  test("fails for no route", async () => {
    expect(await messageOf(() => build([]))).toMatch(/api: routes is empty: the gateway would answer nothing$/);
  });
});
