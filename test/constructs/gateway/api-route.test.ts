import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Workload } from "../../../constructs/cluster/workload";
import { ApiRoute, type ApiRouteProps, apiServiceAnnotations } from "../../../constructs/gateway/api-route";
import { KongAccess } from "../../../constructs/gateway/kong-access";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

function build(more: Partial<ApiRouteProps> = {}) {
  const found: { healthPath?: string; problems: string[] } = { problems: [] };
  const built = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster);
    const pods = (id: string) =>
      new Pods(layer, id, { namespace: testNamespace(cluster, `of-${id}`), labels: { app: id } });
    const access = new KongAccess(layer, "access", {
      namespace,
      kong: pods("kong"),
      host: "api.example.com",
      issuer: { name: "issuer", publicKey: "PEM" },
      tenant: { header: "X-Tenant-ID", claim: "tenant_id" },
      corsOrigins: ["https://example.com"],
      requestsPerMinute: 100,
      counters: {
        pods: pods("valkey"),
        host: "valkey.data",
        port: 6379,
        password: { namespace: "kong", secretName: "rate-limit", key: "password" },
      },
    });
    const workload = new Workload(layer, "shop", {
      namespace,
      image: "registry.example.com/shop:1.0.0",
      port: 8080,
      resources: { cpuMillis: 100, memoryMib: 128 },
      minimumReplicas: 1,
      maximumReplicas: 1,
      healthPath: "/health",
    });
    const route = new ApiRoute(layer, "shop_route", {
      access,
      workload,
      prefix: "/shop",
      healthPath: "/health",
      readyPath: "/ready",
      ...more,
    });
    found.healthPath = route.healthPath;
    found.problems.push(...access.node.validate());
  });
  return { ...built, ...found };
}

const ingressOf = ({ json }: ReturnType<typeof build>, name: string) =>
  json.resource?.["kubernetes_ingress_v1"]?.[`shop_route_${name}`] as {
    metadata: { name: string; annotations: Record<string, string> };
    spec: { rule: [{ host: string; http: { path: { path: string; path_type: string }[] } }] };
  };
function objectOf({ json }: ReturnType<typeof build>, key: string): unknown {
  const [values] = only(json.resource?.["helm_release"])["values"] as string[];
  return (parse(values ?? "") as { manifests: Record<string, unknown> }).manifests[key];
}

describe("ApiRoute", () => {
  test("THEN requests below the prefix need a token and a tenant, and the service does not see the prefix", () => {
    const { metadata, spec } = ingressOf(build({ maximumBodyMegabytes: 2 }), "tokens");
    expect(metadata).toEqual({
      name: "shop",
      namespace: "apps",
      annotations: {
        "konghq.com/strip-path": "true",
        "konghq.com/plugins": "api-jwt,api-tenant,api-request,api-response,api-log,api-cors,shop-body",
      },
    });
    expect(spec).toEqual({
      ingress_class_name: "kong",
      rule: [
        {
          host: "api.example.com",
          http: {
            path: [
              {
                path: "/shop",
                path_type: "Prefix",
                backend: {
                  service: { name: "${kubernetes_service_v1.shop_service.metadata[0].name}", port: { number: 80 } },
                },
              },
            ],
          },
        },
      ],
    });
  });

  test("THEN a request with a key has a route of its own, where no token counts", () => {
    const { metadata, spec } = ingressOf(build(), "keys");
    expect(metadata).toMatchObject({
      name: "shop-api-key",
      annotations: {
        "konghq.com/strip-path": "true",
        "konghq.com/headers.x-api-key": "~*.+",
        "konghq.com/plugins": "api-key,api-tenant,api-request,api-response,api-log,api-cors",
      },
    });
    expect(spec.rule[0].http.path[0]).toMatchObject({ path: "/shop", path_type: "Prefix" });
  });

  test("THEN its health, and nothing else, is open to everybody, by GET", () => {
    const built = build();
    const { metadata, spec } = ingressOf(built, "health");
    expect(metadata.annotations).toEqual({
      "konghq.com/methods": "GET",
      "konghq.com/plugins": "shop-health,api-response",
    });
    expect(spec.rule[0].http.path[0]).toMatchObject({ path: "/shop/health", path_type: "Exact" });
    expect(objectOf(built, "KongPlugin/shop-health")).toMatchObject({
      plugin: "request-transformer",
      config: { replace: { uri: "/health" } },
    });
    expect(built.healthPath).toBe("/shop/health");
    expect(built.problems).toEqual([]);
  });

  test("GIVEN what is open THEN everybody may call it, seldom, by plain paths that the service sees", () => {
    const built = build({ open: { path: "/public", requestsPerMinute: 20 } });
    const { metadata, spec } = ingressOf(built, "open");
    expect(metadata).toMatchObject({
      name: "shop-open",
      annotations: { "konghq.com/plugins": "shop-open-limit,shop-open-path,api-response,api-log,api-cors" },
    });
    const { path, path_type: type } = spec.rule[0].http.path[0] as { path: string; path_type: string };
    expect([path, type]).toEqual(["/~/shop(?P<rest>/public(/[a-z0-9_-]+)+)$", "ImplementationSpecific"]);
    expect(objectOf(built, "KongPlugin/shop-open-path")).toMatchObject({
      plugin: "request-transformer",
      config: {
        remove: { headers: ["Cookie", "X-Original-URL", "X-Rewrite-URL"] },
        replace: { uri: '$(uri_captures["rest"])' },
      },
    });
    expect(objectOf(built, "KongPlugin/shop-open-limit")).toMatchObject({
      plugin: "rate-limiting",
      config: { minute: 20, limit_by: "ip", policy: "local" },
    });
    expect(built.problems).toEqual([]);

    const route = new RegExp(`^${path.slice(2).replace("?P<", "?<")}`);
    const seen = (asked: string) => route.exec(asked)?.groups?.["rest"];
    expect(["/shop/public/login", "/shop/public/v1/reset-password"].map(seen)).toEqual([
      "/public/login",
      "/public/v1/reset-password",
    ]);
    expect(
      [
        "/shop/public",
        "/shop/publicity/x",
        "/shop/v1/public/x",
        "/shop/public/../users",
        "/shop/public/..%2fusers",
      ].map(seen),
    ).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test("GIVEN nothing that is open THEN there is no such route", () => {
    expect(ingressOf(build(), "open")).toBeUndefined();
  });

  test("GIVEN a limit of bodies THEN it is the route's own", () => {
    expect(objectOf(build({ maximumBodyMegabytes: 2 }), "KongPlugin/shop-body")).toMatchObject({
      plugin: "request-size-limiting",
      config: { allowed_payload_size: 2, size_unit: "megabytes" },
    });
    expect(objectOf(build(), "KongPlugin/shop-body")).toBeUndefined();
  });

  test("THEN a replica that fails is left out until it is ready again, but not for what one request makes of it", () => {
    expect(objectOf(build(), "KongUpstreamPolicy/shop")).toMatchObject({
      spec: {
        algorithm: "least-connections",
        healthchecks: {
          active: {
            httpPath: "/ready",
            healthy: { interval: 10, successes: 1, httpStatuses: [200] },
            unhealthy: { interval: 5, httpFailures: 2, tcpFailures: 2, timeouts: 2 },
          },
          passive: { unhealthy: { httpFailures: 5, tcpFailures: 2, timeouts: 3, httpStatuses: [502, 503, 504] } },
        },
      },
    });
  });

  test("THEN Kong reaches the service", () => {
    expect(flowsOf(build().json).filter(([, pods]) => pods === "apps/shop")).toEqual([
      ["ingress", "apps/shop", "of-kong/kong", "8080"],
    ]);
  });

  test("THEN its Service says how long Kong waits, and by which policy it leaves replicas out", () => {
    expect(
      apiServiceAnnotations("shop", { connectMilliseconds: 2000, answerMilliseconds: 15_000, retries: 2 }),
    ).toEqual({
      "konghq.com/upstream-policy": "shop",
      "konghq.com/connect-timeout": "2000",
      "konghq.com/read-timeout": "15000",
      "konghq.com/write-timeout": "15000",
      "konghq.com/retries": "2",
    });
  });

  test("fails for paths that are none, and for a limit of nothing", () => {
    expect(() =>
      build({
        prefix: "/",
        healthPath: "health",
        readyPath: "/ready/",
        open: { path: "/.*", requestsPerMinute: 0 },
        maximumBodyMegabytes: 0.5,
      }),
    ).toThrow(
      [
        "test/shop_route: 6 problems",
        '  - prefix is "/": use a path such as /property, without "/" at its end',
        '  - healthPath is "health": use a path such as /property, without "/" at its end',
        '  - readyPath is "/ready/": use a path such as /property, without "/" at its end',
        '  - open.path is "/.*": use a path such as /property, without "/" at its end',
        "  - open.requestsPerMinute is 0: use a whole number from 1 on",
        "  - maximumBodyMegabytes is 0.5: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});
