import { apiHostMiddleware, tenantRoute } from "../../../constructs/tenancy/tenant-route";

const ENTRY = {
  id: "lake",
  name: "Lake",
  organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10",
  plan: "small",
  subdomain: "le-lac",
  quotas: { cpuMillis: 200, memoryMib: 256, storageGib: 5, requestsPerMinute: 30, users: 10 },
};

describe("tenantRoute", () => {
  const [limit, ingress] = tenantRoute(ENTRY, {
    domain: "example.com",
    service: { name: "api-gateway", port: 80 },
    hostMiddleware: "api-host",
    namespace: "gateway",
  });

  test("THEN the host name is the subdomain's, and leads to the API gateway over HTTPS", () => {
    expect(ingress).toMatchObject({
      kind: "Ingress",
      metadata: {
        name: "tenant-lake",
        annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "websecure" },
      },
      spec: {
        rules: [
          {
            host: "le-lac.example.com",
            http: { paths: [{ path: "/", backend: { service: { name: "api-gateway", port: { number: 80 } } } }] },
          },
        ],
      },
    });
  });

  test("THEN requests are counted by that name, before they get the API's", () => {
    expect(limit?.["spec"]).toEqual({
      rateLimit: { average: 30, period: "1m", burst: 30, sourceCriterion: { requestHost: true } },
    });
    expect(ingress?.metadata.annotations?.["traefik.ingress.kubernetes.io/router.middlewares"]).toBe(
      "gateway-tenant-lake@kubernetescrd,gateway-api-host@kubernetescrd",
    );
  });
});

describe("apiHostMiddleware", () => {
  test("THEN requests get the API's name, and no header that would say whose they are", () => {
    expect(apiHostMiddleware("api-host", "api.example.com")).toEqual({
      apiVersion: "traefik.io/v1alpha1",
      kind: "Middleware",
      metadata: { name: "api-host" },
      spec: { headers: { customRequestHeaders: { Host: "api.example.com" } } },
    });
  });
});
