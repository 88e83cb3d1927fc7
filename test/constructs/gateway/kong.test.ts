import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { readProjectFile } from "../../../constructs/core/files";
import { type Layer } from "../../../constructs/core/layer";
import { Kong, type KongProps } from "../../../constructs/gateway/kong";
import { Traefik } from "../../../constructs/gateway/traefik";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

type Cluster = ReturnType<typeof testCluster>;
type More = Partial<Omit<KongProps, "namespace">>;

const PROPS = { replicas: 1, maximumBodyMegabytes: 5, tenantHeader: "X-Tenant-ID", tenantClaim: "tenant_id" };

const build = (
  more: (cluster: Cluster) => More = () => ({}),
  use: (kong: Kong, layer: Layer, cluster: Cluster) => void = () => {},
) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    use(
      new Kong(layer, "api", { namespace: testNamespace(cluster, "kong"), ...PROPS, ...more(cluster) }),
      layer,
      cluster,
    );
  });

const collectorOf = (cluster: Cluster) =>
  new Pods(cluster, "collector", { namespace: testNamespace(cluster, "monitoring"), labels: { app: "collector" } });

type Release = Record<string, unknown> & { values: string[]; depends_on: string[] };

const releaseOf = ({ json }: ReturnType<typeof build>, name = "api") =>
  json.resource?.["helm_release"]?.[name] as unknown as Release;
const valuesOf = (built: ReturnType<typeof build>) =>
  parse(releaseOf(built).values[0] ?? "") as Record<string, unknown>;

interface Plugin {
  readonly kind: string;
  readonly metadata: unknown;
  readonly plugin: string;
  readonly config: unknown;
}
const pluginsOf = (built: ReturnType<typeof build>) =>
  Object.values(
    (parse(releaseOf(built, "api_plugins").values[0] ?? "") as { manifests: Record<string, Plugin> }).manifests,
  );

describe("Kong", () => {
  test("THEN it has no database, no admin API that others reach, and tells nobody of itself", () => {
    // Quoted, or Helm would say false to Kong.
    expect(releaseOf(build()).values[0]).toContain('database: "off"\n');
    expect(valuesOf(build())).toMatchObject({
      env: { database: "off", headers: "off", anonymous_reports: "off" },
      admin: { enabled: false },
      manager: { enabled: false },
      proxy: { type: "ClusterIP", tls: { enabled: false } },
      ingressController: { ingressClass: "kong", env: { anonymous_reports: false } },
    });
  });

  test("THEN it believes pods when they say who is asking, and Traefik alone gets to it", () => {
    const built = build(undefined, (kong, layer, cluster) =>
      kong.answerBehind(
        new Traefik(layer, "gateway", {
          namespace: testNamespace(cluster, "traefik"),
          loadBalancerBlocks: ["10.0.0.0/24"],
        }),
        new TerraformVariable(layer, "host", { type: "string", description: "Host" }).stringValue,
      ),
    );
    expect(valuesOf(built)).toMatchObject({
      env: { trusted_ips: "10.42.0.0/16", real_ip_header: "X-Forwarded-For", real_ip_recursive: "on" },
    });
    expect(flowsOf(built.json).filter(([, of, peer]) => of === "kong/kong" && !peer.startsWith("kube-system"))).toEqual(
      [
        ["egress", "kong/kong", "10.0.0.0/16", "6443"],
        ["ingress", "kong/kong", "10.0.0.0/16", "8080"],
        ["ingress", "kong/kong", "10.42.0.0/32", "8080"],
        ["ingress", "kong/kong", "10.42.1.0/32", "8080"],
        ["ingress", "kong/kong", "traefik/traefik", "8000"],
      ],
    );
    const route = releaseOf(built, "api_route");
    expect(route.depends_on).toEqual(expect.arrayContaining(["helm_release.api", "helm_release.gateway"]));
    expect(parse(route.values[0] ?? "")).toMatchObject({
      manifests: { "IngressRoute/kong": { spec: { entryPoints: ["websecure"], tls: {} } } },
    });
    expect(route.values[1]).toContain(
      '"routes" = [{"kind" = "Rule", "match" = format("Host(`%s`)", var.host), "services" = [{"name" = "kong-proxy", "port" = 80}]}]',
    );
  });

  test("GIVEN proxies in front of Traefik THEN they are believed as well", () => {
    const built = build(() => ({ proxyBlocks: ["192.0.2.0/24", "2001:db8::/32"] }));
    expect(releaseOf(built).values[1]).toBe(
      '${yamlencode({"env" = {"trusted_ips" = join(",", concat(["10.42.0.0/16"], ["192.0.2.0/24", "2001:db8::/32"]))}})}',
    );
  });

  test("THEN our own plugin comes with it: its files, in its name, and other ones restart it", () => {
    const built = build();
    expect(only(built.json.resource?.["kubernetes_config_map_v1"])).toEqual({
      metadata: { name: "kong-plugin-tenant", namespace: "kong" },
      data: Object.fromEntries(
        ["handler.lua", "schema.lua"].map((file) => [
          file,
          readProjectFile(`constructs/gateway/kong/plugins/tenant/${file}`),
        ]),
      ),
      depends_on: ["kubernetes_namespace_v1.kong"],
    });
    expect(valuesOf(built)).toMatchObject({
      plugins: { configMaps: [{ pluginName: "tenant", name: "kong-plugin-tenant" }] },
      podAnnotations: { "socle/plugin-tenant": expect.stringMatching(/^[0-9a-f]{16}$/) as string },
    });
    expect(releaseOf(built).depends_on).toContain("kubernetes_config_map_v1.api_tenant_plugin");
  });

  test("THEN these plugins are on every route, after Kong's kinds are there", () => {
    const built = build();
    expect(releaseOf(built, "api_plugins").depends_on).toContain("helm_release.api");
    const plugins = pluginsOf(built);
    expect(plugins.map(({ plugin, config }) => [plugin, config])).toEqual([
      [
        "prometheus",
        { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true, upstream_health_metrics: true },
      ],
      ["correlation-id", { header_name: "X-Request-ID", generator: "uuid", echo_downstream: true }],
      ["request-size-limiting", { allowed_payload_size: 5, size_unit: "megabytes" }],
      ["tenant", { header_name: "X-Tenant-ID", claim: "tenant_id", required: false }],
    ]);
    for (const { kind, metadata, plugin } of plugins) {
      expect([kind, metadata]).toEqual([
        "KongClusterPlugin",
        { name: plugin, labels: { global: "true" }, annotations: { "kubernetes.io/ingress.class": "kong" } },
      ]);
    }
  });

  test("GIVEN a collector of traces THEN Kong sends them over HTTP, and the flow is allowed", () => {
    const built = build((cluster) => ({
      tracing: { collector: collectorOf(cluster), host: "collector.monitoring", port: 4318, sampleRate: 0.1 },
    }));
    expect(pluginsOf(built).at(-1)).toMatchObject({
      plugin: "opentelemetry",
      config: { traces_endpoint: "http://collector.monitoring:4318/v1/traces", sampling_rate: 0.1 },
    });
    expect(flowsOf(built.json)).toContainEqual(["egress", "kong/kong", "monitoring/collector", "4318"]);
  });

  test("GIVEN one replica THEN it has no disruption budget, which the chart refuses; GIVEN two THEN it has", () => {
    expect(valuesOf(build())).not.toHaveProperty("podDisruptionBudget");
    expect(valuesOf(build(() => ({ replicas: 2 })))).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
    });
  });

  test("THEN proxy and ingress controller are counted together, for each replica", () => {
    const { layer } = build(() => ({ replicas: 2 }));
    expect(layer.capacity?.().rows.find(({ name }) => name === "kong")).toMatchObject({
      namespace: "kong",
      replicas: 2,
      cpuMillis: 240,
      memoryMib: 704,
    });
  });

  test("fails with every prop that is out of range", () => {
    expect(() =>
      build((cluster) => ({
        replicas: 0,
        maximumBodyMegabytes: 1.5,
        tracing: { collector: collectorOf(cluster), host: "h", port: 4318, sampleRate: -1 },
      })),
    ).toThrow(
      [
        "test/api: 3 problems",
        "  - replicas is 0: use a whole number from 1 on",
        "  - maximumBodyMegabytes is 1.5: use a whole number from 1 on",
        "  - tracing.sampleRate is -1: use a share from 0 to 1",
      ].join("\n"),
    );
  });
});
