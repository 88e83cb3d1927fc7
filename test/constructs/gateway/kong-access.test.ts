import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { readProjectFile } from "../../../constructs/core/files";
import { type Layer } from "../../../constructs/core/layer";
import { API_PLUGINS, KongAccess, type KongAccessProps } from "../../../constructs/gateway/kong-access";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const TENANT = "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735";

function build(use: (access: KongAccess, layer: Layer) => void = () => {}, more: Partial<KongAccessProps> = {}) {
  const problems: string[] = [];
  const built = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const pods = (id: string) =>
      new Pods(layer, id, { namespace: testNamespace(cluster, `of-${id}`), labels: { app: id } });
    const access = new KongAccess(layer, "access", {
      namespace: testNamespace(cluster),
      kong: pods("kong"),
      host: "api.example.com",
      issuer: { name: "https://api.example.com/identity", publicKey: "PEM" },
      tenant: { header: "X-Tenant-ID", claim: "tenant_id" },
      corsOrigins: ["https://example.com"],
      requestsPerMinute: 100,
      counters: {
        pods: pods("valkey"),
        host: "valkey.data",
        port: 6379,
        password: { namespace: "kong", secretName: "rate-limit", key: "password" },
      },
      ...more,
    });
    use(access, layer);
    problems.push(...access.node.validate());
  });
  return { ...built, problems };
}

interface KongObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly plugin?: string;
  readonly config?: Record<string, unknown>;
}
function objectsOf({ json }: ReturnType<typeof build>): Record<string, KongObject> {
  const [values] = only(json.resource?.["helm_release"])["values"] as string[];
  return (parse(values ?? "") as { manifests: Record<string, KongObject> }).manifests;
}

const ingress = (layer: Layer, id: string, plugins: string | undefined, ingressClassName = "kong") =>
  new IngressV1(layer, id, {
    metadata: { name: id, ...(plugins === undefined ? {} : { annotations: { "konghq.com/plugins": plugins } }) },
    spec: { ingressClassName },
  });

describe("KongAccess", () => {
  const objects = objectsOf(build());
  const configs = Object.fromEntries(
    Object.values(objects)
      .filter(({ kind }) => kind === "KongPlugin")
      .map(({ metadata, plugin, config }) => [metadata.name, [plugin, config]]),
  );

  test("THEN a token is taken from its header only, verified with its issuer's key, and good for an hour at most", () => {
    expect(configs[API_PLUGINS.jwt]).toEqual([
      "jwt",
      {
        key_claim_name: "iss",
        claims_to_verify: ["exp"],
        maximum_expiration: 3600,
        header_names: ["authorization"],
        uri_param_names: [],
        cookie_names: [],
      },
    ]);
    expect(only(build().json.resource?.["kubernetes_secret_v1"])).toMatchObject({
      metadata: { name: "api-issuer", namespace: "apps", labels: { "konghq.com/credential": "jwt" } },
      data: { algorithm: "RS256", key: "https://api.example.com/identity", rsa_public_key: "PEM" },
    });
    expect(objects["KongConsumer/api-issuer"]).toMatchObject({ username: "api-issuer", credentials: ["api-issuer"] });
  });

  test("THEN a key is taken from its header only, and no service sees it; nobody is anonymous", () => {
    expect(configs[API_PLUGINS.keyAuth]).toEqual([
      "key-auth",
      {
        key_names: ["X-API-Key"],
        key_in_header: true,
        key_in_query: false,
        key_in_body: false,
        hide_credentials: true,
      },
    ]);
    expect(JSON.stringify(objects)).not.toContain("anonymous");
  });

  test("THEN who has no tenant is refused, and a tenant is counted by the header that the plugin sets, in one store", () => {
    expect(configs[API_PLUGINS.tenant]).toEqual([
      "tenant",
      { header_name: "X-Tenant-ID", claim: "tenant_id", required: true },
    ]);
    expect(objects["KongClusterPlugin/tenant-rate-limit"]).toEqual({
      apiVersion: "configuration.konghq.com/v1",
      kind: "KongClusterPlugin",
      metadata: {
        name: "tenant-rate-limit",
        // On every route, as one plugin: Kong counts by the route that a plugin belongs to.
        labels: { global: "true" },
        annotations: { "kubernetes.io/ingress.class": "kong" },
      },
      plugin: "rate-limiting",
      config: {
        minute: 100,
        limit_by: "header",
        header_name: "X-Tenant-ID",
        policy: "redis",
        redis: { host: "valkey.data", port: 6379, timeout: 500 },
        fault_tolerant: true,
        hide_client_headers: false,
      },
      configPatches: [
        {
          path: "/redis/password",
          valueFrom: { secretKeyRef: { namespace: "kong", name: "rate-limit", key: "password" } },
        },
      ],
    });
  });

  test("THEN the plugin that sets the tenant runs after those that verify, and before the one that counts", () => {
    // Priorities of Kong 3.9: kong/plugins/<name>/handler.lua.
    const priority = /PRIORITY = (\d+)/.exec(
      readProjectFile("constructs/gateway/kong/plugins/tenant/handler.lua"),
    )?.[1];
    const order = {
      cors: 2000,
      jwt: 1450,
      "key-auth": 1250,
      tenant: Number(priority),
      "rate-limiting": 910,
      transform: 801,
    };
    expect(Object.keys(order).sort((a, b) => order[b as "jwt"] - order[a as "jwt"])).toEqual([
      "cors",
      "jwt",
      "key-auth",
      "tenant",
      "rate-limiting",
      "transform",
    ]);
  });

  test("THEN browsers of named origins are answered, without cookies", () => {
    expect(configs[API_PLUGINS.cors]).toEqual([
      "cors",
      expect.objectContaining({ credentials: false, preflight_continue: false, max_age: 3600 }),
    ]);
    const [, interpolated] = only(build().json.resource?.["helm_release"])["values"] as string[];
    expect(interpolated).toContain('"origins" = distinct(["https://example.com"])');
  });

  test("THEN headers that could mislead a service, or tell what it runs on, are dropped", () => {
    expect([configs[API_PLUGINS.request], configs[API_PLUGINS.response]]).toEqual([
      ["request-transformer", { remove: { headers: ["Cookie", "X-Original-URL", "X-Rewrite-URL"] } }],
      [
        "response-transformer",
        {
          remove: { headers: ["Server", "X-Powered-By", "X-Application-Context"] },
          add: { headers: ["Cache-Control:private, no-store"] },
        },
      ],
    ]);
  });

  test("THEN each request is a line of JSON on standard output, without what its caller proved itself with", () => {
    expect(configs[API_PLUGINS.log]).toEqual([
      "file-log",
      {
        path: "/dev/stdout",
        custom_fields_by_lua: { "request.headers.cookie": "return nil", "request.headers.x-api-key": "return nil" },
      },
    ]);
  });

  test("THEN Kong reaches the store of the counters", () => {
    expect(flowsOf(build().json).filter(([, , peer]) => peer === "of-valkey/valkey")).toEqual([
      ["egress", "of-kong/kong", "of-valkey/valkey", "6379"],
    ]);
  });

  test("WHEN a key is allowed THEN its consumer has the tenant as a tag, since a tenant may have several", () => {
    const built = build((access) => access.allowKey({ name: "load-test", tenantId: TENANT, secretName: "key-1" }));
    expect(objectsOf(built)["KongConsumer/load-test"]).toEqual({
      apiVersion: "configuration.konghq.com/v1",
      kind: "KongConsumer",
      metadata: {
        name: "load-test",
        annotations: { "kubernetes.io/ingress.class": "kong", "konghq.com/tags": `tenant:${TENANT}` },
      },
      username: "load-test",
      credentials: ["key-1"],
    });
  });

  test("fails for a tenant that is no UUID, and for a consumer that is there already", () => {
    const key = { name: "partner", secretName: "key" };
    expect(() => build((access) => access.allowKey({ ...key, tenantId: "immo-horizon" }))).toThrow(
      'test/access: the tenant of the API consumer "partner" is "immo-horizon": use a UUID in lower case',
    );
    expect(() =>
      build((access) => {
        access.allowKey({ ...key, tenantId: TENANT });
        access.allowKey({ ...key, tenantId: TENANT });
      }),
    ).toThrow("KongConsumer/partner is there already");
  });

  test("GIVEN Ingresses with a token or a key, and a tenant, THEN all is well; so it is for those of another class", () => {
    const { problems } = build((_, layer) => {
      ingress(layer, "tokens", "api-jwt,api-tenant");
      ingress(layer, "keys", "api-cors,api-key,api-tenant");
      ingress(layer, "page", undefined, "traefik");
    });
    expect(problems).toEqual([]);
  });

  test("fails at synth for an Ingress that lets anybody in, unless it is declared to be public", () => {
    const { problems } = build((access, layer) => {
      access.allowEverybody("open");
      ingress(layer, "open", undefined);
      ingress(layer, "bare", undefined);
      ingress(layer, "without-tenant", "api-jwt,api-log");
      ingress(layer, "without-token", "api-tenant");
    });
    expect(problems).toEqual([
      'the Ingress "bare" asks for neither a token nor a key: add api-jwt or api-key',
      'the Ingress "bare" lets in who has no tenant, whom no limit is for: add api-tenant',
      'the Ingress "without-tenant" lets in who has no tenant, whom no limit is for: add api-tenant',
      'the Ingress "without-token" asks for neither a token nor a key: add api-jwt or api-key',
    ]);
  });

  test("fails for a limit of nothing", () => {
    expect(() => build(undefined, { requestsPerMinute: 0 })).toThrow(
      "test/access: requestsPerMinute is 0: use a whole number from 1 on",
    );
  });
});
