import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { Traefik, type TraefikProps } from "../../../constructs/gateway/traefik";
import { type Layer } from "../../../constructs/core/layer";
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

  test("fails when nobody could reach it", () => {
    expect(() => build(() => ({ loadBalancerBlocks: [] }))).toThrow(
      "test/gateway: loadBalancerBlocks is empty, so nobody could reach it: give the block of the load balancer's addresses",
    );
  });
});
