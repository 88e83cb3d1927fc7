import { parse } from "yaml";
import { Pods } from "../../../../constructs/cluster/network-policy";
import { type Layer, type TerraformJson } from "../../../../constructs/core/layer";
import { type PrometheusStack } from "../../../../constructs/observability/prometheus-stack";
import { viridialCapacity } from "../../../../environments/viridial-staging/capacity";
import { connectCluster } from "../../../../environments/viridial-staging/cluster-access";
import { PODS } from "../../../../environments/viridial-staging/names";
import { addNamespaces } from "../../../../environments/viridial-staging/platform/foundation-namespaces";
import { addGateway } from "../../../../environments/viridial-staging/platform/gateway";
import {
  checkViridialSettings,
  PRODUCTION,
  SETTINGS,
  type ViridialSettings,
} from "../../../../environments/viridial-staging/settings";
import { flowsOf } from "../../../support/cluster";
import { refusal } from "../../../support/inputs";
import { jsonOf, testEnvironment, testLayer } from "../../../support/layers";
import { describeWithTerraform } from "../../../support/terraform";

/** The gateway alone, in a layer of the environment whose values files it uses. */
function build(more: Partial<ViridialSettings> = {}): { layer: Layer; json: TerraformJson } {
  const settings = { ...SETTINGS, ...more };
  const environment = testEnvironment("viridial-staging");
  const clusterLayer = testLayer(environment, "viridial-staging-cluster");
  const layer = testLayer(environment, "viridial-staging-platform");
  const cluster = connectCluster(layer, { clusterLayer, capacity: viridialCapacity(settings), settings });
  const namespaces = addNamespaces(layer, cluster, settings.profile);
  const prometheus = new Pods(layer, "prometheus", {
    namespace: namespaces.monitoring,
    labels: PODS.prometheus.labels,
  });
  const [delivered] = namespaces.monitoring.present;
  addGateway(layer, {
    cluster,
    earlier: layer.read(clusterLayer),
    namespaces,
    settings,
    monitoring: { prometheus, delivered } as unknown as PrometheusStack,
  });
  return { layer, json: jsonOf(layer) };
}

type Release = Record<string, unknown> & { values: string[] };

const staging = build();
const release = (name: string, { json } = staging) => json.resource?.["helm_release"]?.[name] as unknown as Release;
const valuesOf = (name: string, built = staging) =>
  parse(release(name, built).values[0] ?? "") as Record<string, never>;
const flows = flowsOf(staging.json);

/** Flows from and to pods of a name, without those that every namespace has and those of webhooks. */
const flowsWith = (pods: string) =>
  flows.filter(([, of, peer]) => of === pods || peer === pods).map(([direction, ...flow]) => [direction, ...flow]);

describe("The gateway of viridial-staging-platform", () => {
  test("THEN Traefik trusts the load balancer's own address, on fixed ports of the nodes", () => {
    const address = "data.terraform_remote_state.viridial_staging_cluster.outputs.load_balancer_private_ip";
    expect(release("traefik").values[1]).toContain(`"proxyProtocol" = {"trustedIPs" = [format("%s/32", ${address})]}`);
    expect(staging.json.resource?.["kubernetes_service_v1"]?.["traefik_nodes"]).toMatchObject({
      spec: {
        type: "NodePort",
        external_traffic_policy: "Local",
        port: [{ node_port: 30080 }, { node_port: 30443 }],
      },
    });
  });

  test("THEN two replicas of Traefik are on different nodes, also after a rolling update", () => {
    expect(valuesOf("traefik")).toMatchObject({
      deployment: { replicas: 2 },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "DoNotSchedule",
          matchLabelKeys: ["pod-template-hash"],
        },
      ],
      updateStrategy: { rollingUpdate: { maxSurge: "100%" } },
    });
  });

  test("THEN HTTP is sent to HTTPS below every route's own priority, and what names no entry point is on HTTPS only", () => {
    const { ports } = valuesOf("traefik") as unknown as { ports: { web: object; websecure: object } };
    expect(ports.web).toMatchObject({
      http: { redirections: { entryPoint: { to: "websecure", scheme: "https", permanent: true, priority: 10 } } },
    });
    expect(ports.web).not.toHaveProperty("asDefault");
    expect(ports.websecure).toMatchObject({ asDefault: true, http: { underscoreHeadersStrategy: "delete" } });
  });

  test("THEN TLS is 1.2 at least, for names with a certificate only, which no other namespace can change", () => {
    expect(valuesOf("traefik")).toMatchObject({
      tlsOptions: { default: { minVersion: "VersionTLS12", sniStrict: true } },
      tlsStore: { default: { certificates: [{ secretName: "gateway-tls" }] } },
      providers: { kubernetesCRD: { allowCrossNamespace: false, defaultTLSResourcesNamespace: "traefik" } },
      core: { strictTLSOptions: true },
    });
    expect(release("acme_issuers_gateway").values[0]).toContain("secretName: gateway-tls");
  });

  test("THEN its log is JSON without queries, and without headers but the browser's name", () => {
    expect(valuesOf("traefik")).toMatchObject({
      accessLog: {
        enabled: true,
        format: "json",
        fields: { headers: { names: { "User-Agent": "keep" } }, queryParameters: { defaultMode: "drop" } },
      },
    });
  });

  test("THEN every request goes through headers and limits, and nobody is believed about who is asking", () => {
    expect(valuesOf("traefik")).toMatchObject({
      ports: {
        websecure: {
          http: {
            middlewares: [
              "traefik-security-headers@kubernetescrd",
              "traefik-rate-limit@kubernetescrd",
              "traefik-body-limit@kubernetescrd",
            ],
          },
        },
      },
    });
    expect(release("traefik").values[1]).toContain(
      '"forwardedHeaders" = {"trustedIPs" = var.trusted_proxy_cidr_blocks}',
    );
    const { manifests } = parse(release("traefik_middlewares").values[0] ?? "") as {
      manifests: Record<string, { spec: unknown }>;
    };
    expect(manifests["Middleware/body-limit"]?.spec).toEqual({
      buffering: { maxRequestBodyBytes: 10485760, memRequestBodyBytes: 1048576 },
    });
    expect(manifests["Middleware/rate-limit"]?.spec).toEqual({ rateLimit: { average: 50, burst: 100 } });
  });

  test("THEN the way is load balancer, Traefik, Kong: nobody else reaches Kong's proxy, and nobody its admin API", () => {
    expect(flows.filter(([direction, pods]) => direction === "ingress" && pods === "kong/kong")).toEqual([
      ["ingress", "kong/kong", "10.244.128.0/24", "8080"],
      ["ingress", "kong/kong", "10.40.0.0/16", "8080"],
      ["ingress", "kong/kong", "traefik/traefik", "8000"],
      ["ingress", "kong/kong", "viridial-monitoring/prometheus", "10255"],
      ["ingress", "kong/kong", "viridial-monitoring/prometheus", "8100"],
    ]);
    const [load, ...others] = flows.filter(
      ([direction, pods]) => direction === "ingress" && pods === "traefik/traefik",
    );
    expect(load?.slice(2)).toEqual([expect.stringContaining('format("%s/32"'), "8000,8443"]);
    expect(others).toEqual([["ingress", "traefik/traefik", "viridial-monitoring/prometheus", "9100"]]);
  });

  test("THEN both send traces to the collector, each as it can, all of them: the collector takes its share", () => {
    const collector = "viridial-monitoring/opentelemetry-collector";
    expect(flowsWith(collector)).toEqual([
      ["egress", "kong/kong", collector, "4318"],
      ["egress", "traefik/traefik", collector, "4317"],
      ["ingress", collector, "kong/kong", "4318"],
      ["ingress", collector, "traefik/traefik", "4317"],
    ]);
    for (const built of [staging, build(PRODUCTION)]) {
      expect(valuesOf("traefik", built)).toMatchObject({ tracing: { sampleRate: 1 } });
      expect(release("kong_plugins", built).values[0]).toContain("sampling_rate: 1\n");
    }
  });

  test("GIVEN production THEN Kong has two replicas and a disruption budget, Traefik three", () => {
    const production = build(PRODUCTION);
    expect(valuesOf("kong", production)).toMatchObject({
      replicaCount: 2,
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
    });
    expect(valuesOf("traefik", production)).toMatchObject({ deployment: { replicas: 3 } });
    expect(valuesOf("kong")).toMatchObject({ replicaCount: 1 });
    expect(valuesOf("kong")).not.toHaveProperty("podDisruptionBudget");
  });

  test("THEN the API has api. before the environment's name, and its certificate is for both and what ops add", () => {
    expect(release("kong_route").values[1]).toContain(
      '"match" = format("Host(`%s`)", join(".", ["api", var.domain_name]))',
    );
    expect(release("acme_issuers_gateway").values[1]).toContain(
      '"dnsNames" = distinct(concat([var.domain_name, join(".", ["api", var.domain_name])], var.certificate_names))',
    );
  });

  test("THEN Cloudflare's token is ephemeral, and in a Secret only where names are proven by DNS", () => {
    expect(staging.json.variable?.["cloudflare_api_token"]).toMatchObject({
      sensitive: true,
      ephemeral: true,
      default: null,
    });
    const secret = staging.json.resource?.["kubernetes_secret_v1"]?.["acme_issuers_cloudflare_api_token"];
    expect(secret).toMatchObject({
      count: "${var.dns01_enabled ? 1 : 0}",
      data_wo: { token: "${var.cloudflare_api_token}" },
      data_wo_revision: "${var.cloudflare_api_token_revision}",
    });
    expect(JSON.stringify(staging.json).split("var.cloudflare_api_token}").length - 1).toBe(1);
  });

  test("THEN it fits its share of the nodes: 1000 MiB and 500 m", () => {
    const own = (staging.layer.capacity?.().rows ?? []).filter(({ namespace }) =>
      ["traefik", "kong", "cert-manager", "linkerd", "linkerd-cni"].includes(namespace),
    );
    const sum = (key: "cpuMillis" | "memoryMib") => own.reduce((total, row) => total + row[key], 0);
    expect([sum("cpuMillis"), sum("memoryMib")]).toEqual([260, 832]);
    expect(staging.layer.node.findAll().flatMap(({ node }) => node.validate())).toEqual([]);
  });

  test("THEN nothing of it is open by itself: the ports of the world are the earlier layer's", () => {
    expect(staging.layer.openPorts).toEqual([]);
  });

  test("THEN nothing of Linkerd is there unless ops ask for it, and its trust anchor is named as a secret of the state", () => {
    const mesh = Object.entries(staging.json.resource ?? {}).flatMap(([type, blocks]) =>
      Object.entries(blocks)
        .filter(([name]) => /^(mesh|linkerd)/.test(name))
        .map(([name, { count }]) => [`${type}.${name}`, count]),
    );
    expect(mesh.length).toBeGreaterThan(20);
    expect(mesh.filter(([, count]) => count !== "${var.linkerd_enabled ? 1 : 0}")).toEqual([]);
    expect(staging.layer.stateSecrets.map(({ what }) => what)).toContain(
      "`tls_private_key.mesh_trust_anchor.private_key_pem`",
    );
  });

  test("THEN later layers are told the names and the issuer", () => {
    const outputs = Object.entries(staging.json.output ?? {}) as unknown as [string, { value: string }][];
    expect(Object.fromEntries(outputs.map(([name, { value }]) => [name, value]))).toEqual({
      domain_name: "${var.domain_name}",
      api_host: '${join(".", ["api", var.domain_name])}',
      certificate_issuer: "${var.certificate_issuer}",
    });
  });

  test("THEN the README has a section for each thing that ops have to know", () => {
    expect(staging.layer.readmeSections.map(({ title }) => title)).toEqual([
      "Names and certificates",
      "The way of a request",
      "Web application firewall",
      "Linkerd",
    ]);
  });
});

describe("The setting waf", () => {
  const middlewares = (waf: ViridialSettings["waf"]) => {
    const values = valuesOf("traefik", build({ waf })) as unknown as {
      ports: { websecure: { http: { middlewares: string[] } } };
    };
    return values.ports.websecure.http.middlewares.map((name) => name.replace(/^traefik-|@kubernetescrd$/g, ""));
  };
  const readme = (waf: ViridialSettings["waf"]) =>
    build({ waf }).layer.readmeSections.find(({ title }) => title === "Web application firewall")?.body;

  test("GIVEN none THEN nothing looks into requests, and the README says so", () => {
    expect(middlewares("none")).toEqual(["security-headers", "rate-limit", "body-limit"]);
    expect(valuesOf("traefik")).not.toHaveProperty("experimental");
    expect(readme("none")).toMatch(/^No web application firewall/);
  });

  test("GIVEN coraza THEN it is the last to look, its plugin has to be there, and Traefik may fetch it and has the memory", () => {
    expect(middlewares("coraza")).toEqual(["security-headers", "rate-limit", "body-limit", "coraza"]);
    const built = build({ waf: "coraza" });
    expect(valuesOf("traefik", built)).toMatchObject({
      experimental: {
        abortOnPluginFailure: true,
        plugins: {
          coraza: { moduleName: "github.com/jcchavezs/coraza-http-wasm-traefik", version: "v0.3.0" },
        },
      },
      resources: { requests: { memory: "256Mi" } },
    });
    const internet = ([, pods, peer, ports]: readonly string[]) =>
      pods === "traefik/traefik" && peer?.startsWith("0.0.0.0/0 ") && ports === "443";
    expect(flowsOf(built.json).filter(internet)).toHaveLength(1);
    expect(flows.filter(internet)).toEqual([]);
    expect(readme("coraza")).toMatch(/^Coraza/);
  });

  test("GIVEN cloudflare THEN Traefik answers nobody else", () => {
    expect(middlewares("cloudflare")).toEqual(["only-proxies", "security-headers", "rate-limit", "body-limit"]);
    expect(release("traefik_middlewares", build({ waf: "cloudflare" })).values[1]).toContain(
      '"ipAllowList" = {"sourceRange" = var.trusted_proxy_cidr_blocks}',
    );
    expect(readme("cloudflare")).toMatch(/^Cloudflare/);
  });
});

test("fails when the setting waf names something else", () => {
  const settings = { ...SETTINGS, waf: "modsecurity" } as unknown as ViridialSettings;
  expect(() => checkViridialSettings(settings)).toThrow(/waf .*"none"\|"coraza"\|"cloudflare"/);
});

describeWithTerraform("The gateway's inputs", () => {
  const { variable } = staging.json;
  const names = [
    "domain_name",
    "certificate_issuer",
    "certificate_names",
    "acme_email",
    "dns01_enabled",
    "cloudflare_api_token",
    "cloudflare_api_token_revision",
    "trusted_proxy_cidr_blocks",
    "linkerd_enabled",
  ];
  const only = (json: TerraformJson): TerraformJson => ({
    variable: Object.fromEntries(Object.entries(json.variable ?? {}).filter(([name]) => names.includes(name))),
  });
  const refused = (values: Readonly<Record<string, unknown>>, json = staging.json) => refusal(only(json), values);

  test("GIVEN nothing THEN their defaults are accepted", () => {
    expect(names.filter((name) => !variable?.[name])).toEqual([]);
    expect(refused({})).toBe("");
  });

  test.each<[Record<string, unknown>]>([
    [{ domain_name: "viridial.com", certificate_issuer: "letsencrypt-production", acme_email: "ops@viridial.com" }],
    [{ certificate_names: ["shop.viridial.com"] }],
    [{ certificate_names: ["*.viridial.com"], dns01_enabled: true, cloudflare_api_token: "not-a-secret" }],
    [{ trusted_proxy_cidr_blocks: ["173.245.48.0/20", "2400:cb00::/32"] }],
  ])("GIVEN %j THEN it is accepted", (values) => {
    expect(refused(values)).toBe("");
  });

  test.each<[string, Record<string, unknown>]>([
    ["domain_name takes a host name", { domain_name: "https://viridial.com" }],
    ["certificate_issuer takes letsencrypt-staging or letsencrypt-production", { certificate_issuer: "zerossl" }],
    ["certificate_names takes host names", { certificate_names: ["Shop.viridial.com"] }],
    [
      "certificate_names takes host names",
      { certificate_names: ["shop.*.com"], dns01_enabled: true, cloudflare_api_token: "x" },
    ],
    ["certificate_names has a wildcard", { certificate_names: ["*.viridial.com"] }],
    ["acme_email takes an e-mail address", { acme_email: "ops" }],
    ["dns01_enabled needs cloudflare_api_token", { dns01_enabled: true }],
    ["cloudflare_api_token_revision takes a whole number", { cloudflare_api_token_revision: 0 }],
    ["cloudflare_api_token_revision takes a whole number", { cloudflare_api_token_revision: 1.5 }],
    ["trusted_proxy_cidr_blocks takes CIDR blocks", { trusted_proxy_cidr_blocks: ["173.245.48.1"] }],
    ["trusted_proxy_cidr_blocks has a block wider than /8", { trusted_proxy_cidr_blocks: ["0.0.0.0/0"] }],
  ])("fails with: %s", (message, values) => {
    expect(refused(values)).toContain(message);
  });

  test("fails where Cloudflare is the firewall and none of its blocks is given", () => {
    const { json } = build({ waf: "cloudflare" });
    expect(refused({}, json)).toContain("trusted_proxy_cidr_blocks is empty, so nobody would be answered");
    expect(refused({ trusted_proxy_cidr_blocks: ["173.245.48.0/20"] }, json)).toBe("");
  });
});
