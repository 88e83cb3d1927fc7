import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { Traefik, type TraefikProps } from "../../../constructs/gateway/traefik";
import { type Layer } from "../../../constructs/core/layer";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

type More = Partial<Omit<TraefikProps, "namespace">>;

const variable = (layer: Layer, name: string, type: string) =>
  new TerraformVariable(layer, name, { type, description: name });

const build = (more: (layer: Layer, cluster: ReturnType<typeof testCluster>) => More = () => ({})) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    new Traefik(layer, "gateway", {
      namespace: testNamespace(cluster, "traefik"),
      loadBalancerBlocks: ["10.0.0.0/24"],
      ...more(layer, cluster),
    });
  });

const withCertificate = () =>
  build((layer, cluster) => {
    const when = variable(layer, "tls", "bool");
    return {
      redirectToHttps: variable(layer, "redirect", "bool"),
      certificate: {
        certManager: new CertManager(layer, "certificates", {
          namespace: testNamespace(cluster, "cert_manager", { when }),
        }),
        when,
        email: variable(layer, "email", "string").stringValue,
        domainName: variable(layer, "name", "string").stringValue,
      },
    };
  });

const releaseOf = ({ json }: ReturnType<typeof build>) =>
  json.resource?.["helm_release"]?.["gateway"] as Record<string, unknown> & { values: string[] };

describe("Traefik", () => {
  test("GIVEN a load balancer THEN it alone may say who is asking, and it alone gets in", () => {
    const built = build();
    const { ports } = parse(releaseOf(built).values[0] ?? "") as { ports: unknown };
    expect(ports).toEqual({
      web: { proxyProtocol: { trustedIPs: ["10.0.0.0/24"] } },
      websecure: { proxyProtocol: { trustedIPs: ["10.0.0.0/24"] } },
    });
    expect(flowsOf(built.json).filter(([, pods]) => pods === "traefik/traefik")).toEqual([
      ["egress", "traefik/traefik", "10.0.0.0/16", "6443"],
      ["ingress", "traefik/traefik", "10.0.0.0/24", "8000,8443"],
    ]);
  });

  test("GIVEN neither redirect nor certificate THEN no value depends on Terraform", () => {
    expect(releaseOf(build()).values).toHaveLength(1);
  });

  test("GIVEN node ports THEN a Service has them, and leaves the load balancer's address to be seen", () => {
    const { resource } = build(() => ({ nodePorts: { http: 30080, https: 30443 } })).json;
    expect(only(resource?.["kubernetes_service_v1"])["spec"]).toEqual({
      type: "NodePort",
      external_traffic_policy: "Local",
      selector: { "app.kubernetes.io/name": "traefik" },
      port: [
        { name: "web", port: 80, target_port: "8000", node_port: 30080 },
        { name: "websecure", port: 443, target_port: "8443", node_port: 30443 },
      ],
    });
  });

  test("GIVEN a certificate THEN issuer, certificate and default store are asked for only while the input is true", () => {
    const release = releaseOf(withCertificate());
    const expression = release.values[1] ?? "";
    expect(expression).toMatch(/^\$\{yamlencode\(.*\)\}$/);
    expect(expression).toContain('"extraObjects" = slice([{');
    expect(expression).toContain("], 0, var.tls ? 3 : 0)");
    expect(expression.match(/"kind" = "(\w+)", "metadata"/g)).toEqual([
      '"kind" = "Issuer", "metadata"',
      '"kind" = "Certificate", "metadata"',
      '"kind" = "TLSStore", "metadata"',
    ]);
    expect(expression).toContain('"email" = var.email');
    expect(expression).toContain('"dnsNames" = [var.name]');
    // A node port for who answers the authority would be one more than the quota has.
    expect(expression).toContain('"ingress" = {"ingressClassName" = "traefik", "serviceType" = "ClusterIP"}');
    expect(release["depends_on"]).toContain("helm_release.certificates");
  });

  test("GIVEN a redirect THEN it is there only while its input is true", () => {
    expect(releaseOf(withCertificate()).values[1]).toContain(
      '"entryPoint" = var.redirect ? {"to" = "websecure", "scheme" = "https", "permanent" = true} : null',
    );
  });

  test("GIVEN a certificate without a name THEN the plan fails and says so", () => {
    expect(releaseOf(withCertificate())["lifecycle"]).toEqual({
      precondition: [
        {
          condition: "${(!var.tls || (length(var.name) >= 1))}",
          error_message:
            "tls needs domain_name, an input of the earlier layer: Let's Encrypt gives certificates for names.",
        },
      ],
    });
  });

  test("GIVEN a certificate THEN Traefik reaches the pods that answer Let's Encrypt, only while the input is true", () => {
    const { json } = withCertificate();
    const solver = "traefik/true";
    expect(flowsOf(json).filter(([, pods, peer]) => pods === solver || peer === solver)).toEqual([
      ["egress", "traefik/traefik", solver, "8089"],
      ["ingress", solver, "traefik/traefik", "8089"],
    ]);
    const policies = json.resource?.["kubernetes_network_policy_v1"] ?? {};
    expect(policies["gateway_acme_solver_from_traefik"]?.["count"]).toBe("${var.tls ? 1 : 0}");
    expect(policies["gateway_gateway_to_acme_solver"]?.["count"]).toBe("${var.tls ? 1 : 0}");
  });

  test("GIVEN protection THEN each request goes through it, after Traefik is there", () => {
    const built = build(() => ({ protection: { requestsPerSecond: 20, burst: 40, maximumBodyMib: 2 } }));
    const { ports } = parse(releaseOf(built).values[0] ?? "") as { ports: { websecure: unknown } };
    expect(ports.websecure).toMatchObject({
      http: {
        middlewares: ["security-headers", "rate-limit", "body-limit"].map((name) => `traefik-${name}@kubernetescrd`),
      },
    });
    const middlewares = built.json.resource?.["helm_release"]?.["gateway_middlewares"] as unknown as {
      values: string[];
      depends_on: string[];
    };
    expect(middlewares.depends_on).toContain("helm_release.gateway");
    expect(middlewares.values).toHaveLength(1);
    const { manifests } = parse(middlewares.values[0] ?? "") as { manifests: Record<string, { spec: unknown }> };
    expect(Object.fromEntries(Object.entries(manifests).map(([name, { spec }]) => [name, spec]))).toEqual({
      "Middleware/security-headers": {
        headers: {
          stsSeconds: 31536000,
          contentTypeNosniff: true,
          frameDeny: true,
          referrerPolicy: "strict-origin-when-cross-origin",
          customResponseHeaders: { Server: "", "X-Powered-By": "" },
        },
      },
      "Middleware/rate-limit": { rateLimit: { average: 20, burst: 40 } },
      "Middleware/body-limit": { buffering: { maxRequestBodyBytes: 2097152, memRequestBodyBytes: 1048576 } },
    });
  });

  test("GIVEN proxies in front THEN they are believed, limits are for who is behind them, and nobody else need be answered", () => {
    const proxyBlocks = ["192.0.2.0/24"];
    const limits = { requestsPerSecond: 20, burst: 40, maximumBodyMib: 2 };
    const built = build(() => ({ protection: { ...limits, proxyBlocks, onlyProxies: true } }));
    const { ports } = parse(releaseOf(built).values[0] ?? "") as { ports: Record<string, unknown> };
    expect(ports).toMatchObject({
      web: { forwardedHeaders: { trustedIPs: proxyBlocks } },
      websecure: {
        forwardedHeaders: { trustedIPs: proxyBlocks },
        http: { middlewares: expect.arrayContaining(["traefik-only-proxies@kubernetescrd"]) as unknown },
      },
    });
    const release = built.json.resource?.["helm_release"]?.["gateway_middlewares"] as unknown as { values: string[] };
    expect(parse(release.values[0] ?? "")).toMatchObject({
      manifests: {
        "Middleware/only-proxies": { spec: { ipAllowList: { sourceRange: proxyBlocks } } },
        "Middleware/rate-limit": {
          spec: { rateLimit: { sourceCriterion: { ipStrategy: { excludedIPs: proxyBlocks } } } },
        },
      },
    });
  });

  test("GIVEN proxies that others may go around THEN limits are for who connects: past a proxy all would share one", () => {
    const limits = { requestsPerSecond: 20, burst: 40, maximumBodyMib: 2 };
    const built = build(() => ({ protection: { ...limits, proxyBlocks: ["192.0.2.0/24"] } }));
    const release = built.json.resource?.["helm_release"]?.["gateway_middlewares"] as unknown as { values: string[] };
    const { manifests } = parse(release.values[0] ?? "") as { manifests: Record<string, { spec: unknown }> };
    expect(manifests["Middleware/rate-limit"]?.spec).toEqual({ rateLimit: { average: 20, burst: 40 } });
    expect(manifests).not.toHaveProperty(["Middleware/only-proxies"]);
  });

  test("GIVEN Coraza THEN its rules block, not only look", () => {
    const limits = { requestsPerSecond: 20, burst: 40, maximumBodyMib: 2 };
    const built = build(() => ({ protection: { ...limits, coraza: true } }));
    const release = built.json.resource?.["helm_release"]?.["gateway_middlewares"] as unknown as { values: string[] };
    expect(parse(release.values[0] ?? "")).toMatchObject({
      manifests: {
        "Middleware/coraza": {
          spec: {
            plugin: {
              coraza: {
                directives: [
                  "Include @recommended-conf",
                  "Include @crs-setup-conf",
                  "Include @owasp_crs/*.conf",
                  "SecRuleEngine On",
                ],
              },
            },
          },
        },
      },
    });
  });

  test("GIVEN replicas and a collector of traces THEN the values say so, and the flow is allowed", () => {
    const built = build((_, cluster) => ({
      replicas: 2,
      tracing: {
        collector: new Pods(cluster, "collector", {
          namespace: testNamespace(cluster, "monitoring"),
          labels: { app: "collector" },
        }),
        host: "collector.monitoring",
        port: 4317,
        sampleRate: 0.5,
      },
    }));
    expect(parse(releaseOf(built).values[0] ?? "")).toMatchObject({
      deployment: { replicas: 2 },
      tracing: {
        sampleRate: 0.5,
        otlp: { enabled: true, grpc: { enabled: true, endpoint: "collector.monitoring:4317", insecure: true } },
      },
    });
    expect(flowsOf(built.json)).toContainEqual(["egress", "traefik/traefik", "monitoring/collector", "4317"]);
  });

  test("GIVEN ports that are forwarded without PROXY protocol THEN nobody is believed about who is asking", () => {
    const { ports } = parse(releaseOf(build(() => ({ proxyProtocol: false }))).values[0] ?? "") as { ports: unknown };
    expect(ports).toEqual({ web: {}, websecure: {} });
  });

  test("GIVEN an address to publish THEN Ingresses say that they are reached by it, which Argo CD waits for", () => {
    const values = (more: More) => parse(releaseOf(build(() => more)).values[0] ?? "") as { providers?: unknown };
    expect(values({ publishedAddress: "172.30.0.20" }).providers).toMatchObject({
      kubernetesIngress: { ingressEndpoint: { ip: "172.30.0.20" }, publishedService: { enabled: false } },
    });
    expect(values({}).providers).not.toHaveProperty("kubernetesIngress.ingressEndpoint");
  });

  test("GIVEN another way of delivery THEN that makes what others depend on", () => {
    const names: string[] = [];
    const built = build(() => ({
      delivery: (scope, { name }) => {
        names.push(name);
        return new TerraformData(scope, "Resource");
      },
    }));
    expect(names).toEqual(["traefik"]);
    expect(built.json.resource?.["helm_release"]).toBeUndefined();
    expect(built.json.resource).toHaveProperty("terraform_data.gateway");
  });

  test("fails with every limit and rate that is out of range", () => {
    const collector = undefined as unknown as Pods;
    expect(() =>
      build(() => ({
        protection: { requestsPerSecond: 0, burst: 1.5, maximumBodyMib: -1, onlyProxies: true },
        tracing: { collector, host: "h", port: 1, sampleRate: 2 },
      })),
    ).toThrow(
      [
        "test/gateway: 5 problems",
        "  - protection.requestsPerSecond is 0: use a whole number from 1 on",
        "  - protection.burst is 1.5: use a whole number from 1 on",
        "  - protection.maximumBodyMib is -1: use a whole number from 1 on",
        "  - protection.onlyProxies is true without proxyBlocks, so nobody would be answered: give the proxies' blocks",
        "  - tracing.sampleRate is 2: use a share from 0 to 1",
      ].join("\n"),
    );
  });

  test("fails when nobody could reach it", () => {
    expect(() => build(() => ({ loadBalancerBlocks: [] }))).toThrow(
      "test/gateway: loadBalancerBlocks is empty, so nobody could reach it: give the block of the load balancer's addresses",
    );
  });
});
