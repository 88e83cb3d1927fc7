import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { AcmeIssuers, type AcmeIssuersProps } from "../../../constructs/gateway/acme-issuers";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { type Layer } from "../../../constructs/core/layer";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

const variable = (layer: Layer, name: string, type: string) =>
  new TerraformVariable(layer, name, { type, description: name });

type More = Partial<Omit<AcmeIssuersProps, "certManager">>;

const build = (
  more: (layer: Layer) => More = () => ({}),
  use: (issuers: AcmeIssuers, layer: Layer) => void = () => {},
) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const certManager = new CertManager(layer, "certificates", { namespace: testNamespace(cluster, "cert_manager") });
    use(new AcmeIssuers(layer, "issuers", { certManager, email: "ops@example.com", ...more(layer) }), layer);
  });

const withCloudflare = () =>
  build((layer) => ({
    cloudflare: {
      when: variable(layer, "dns01", "bool"),
      apiToken: variable(layer, "token", "string"),
      apiTokenRevision: variable(layer, "revision", "number"),
    },
  }));

type Release = { values: string[]; depends_on: string[]; namespace: string };

const releaseOf = ({ json }: ReturnType<typeof build>, name = "issuers") =>
  json.resource?.["helm_release"]?.[name] as unknown as Release;

describe("AcmeIssuers", () => {
  test("THEN there are two issuers for every namespace, after cert-manager, each with an account of its own", () => {
    const release = releaseOf(build());
    expect(release.depends_on).toContain("helm_release.certificates");
    const { manifests } = parse(release.values[0] ?? "") as {
      manifests: Record<string, { spec: { acme: Record<string, unknown> } }>;
    };
    expect(
      Object.entries(manifests).map(([name, { spec }]) => [
        name,
        spec.acme["server"],
        spec.acme["privateKeySecretRef"],
      ]),
    ).toEqual([
      [
        "ClusterIssuer/letsencrypt-staging",
        "https://acme-staging-v02.api.letsencrypt.org/directory",
        { name: "letsencrypt-staging-account" },
      ],
      [
        "ClusterIssuer/letsencrypt-production",
        "https://acme-v02.api.letsencrypt.org/directory",
        { name: "letsencrypt-production-account" },
      ],
    ]);
    expect(manifests["ClusterIssuer/letsencrypt-production"]?.spec.acme["email"]).toBe("ops@example.com");
  });

  test("THEN names are proven over HTTP, where nothing but the answer is", () => {
    const built = build();
    const { manifests } = parse(releaseOf(built).values[0] ?? "") as {
      manifests: Record<string, { spec: { acme: { solvers: unknown } } }>;
    };
    for (const { spec } of Object.values(manifests)) {
      expect(spec.acme.solvers).toEqual([
        {
          http01: {
            ingress: {
              ingressClassName: "traefik",
              serviceType: "ClusterIP",
              ingressTemplate: {
                metadata: { annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "web" } },
              },
            },
          },
        },
      ]);
    }
    expect(built.json.resource?.["kubernetes_secret_v1"]).toBeUndefined();
  });

  test("GIVEN Cloudflare THEN names are proven by its DNS while the input is true, with a token that no state has", () => {
    const built = withCloudflare();
    const release = releaseOf(built);
    expect(release.values[1]).toContain(
      '"solvers" = jsondecode(var.dns01 ? jsonencode([{"dns01" = {"cloudflare" = {"apiTokenSecretRef" = {"name" = "cloudflare-api-token", "key" = "token"}}}}]) : jsonencode([{"http01" = ',
    );
    expect(release.depends_on).toContain("kubernetes_secret_v1.issuers_cloudflare_api_token");
    expect(built.json.resource?.["kubernetes_secret_v1"]?.["issuers_cloudflare_api_token"]).toEqual({
      count: "${var.dns01 ? 1 : 0}",
      metadata: { name: "cloudflare-api-token", namespace: "cert-manager" },
      type: "Opaque",
      data_wo: { token: "${var.token}" },
      data_wo_revision: "${var.revision}",
      depends_on: ["kubernetes_namespace_v1.cert_manager"],
    });
  });

  test("GIVEN a certificate THEN it is asked for in its namespace, after the issuers, with a new key each time", () => {
    const built = build(undefined, (issuers, layer) =>
      issuers.issue("web_shop", {
        namespace: testNamespace(testClusterOf(layer), "shop"),
        secretName: "shop-tls",
        dnsNames: ["shop.example.com"],
        issuer: "letsencrypt-staging",
      }),
    );
    const release = releaseOf(built, "issuers_web_shop");
    expect(release.namespace).toBe("shop");
    expect(release.depends_on).toContain("helm_release.issuers");
    expect(parse(release.values[0] ?? "")).toEqual({
      manifests: {
        "Certificate/web-shop": {
          apiVersion: "cert-manager.io/v1",
          kind: "Certificate",
          metadata: { name: "web-shop" },
          spec: {
            secretName: "shop-tls",
            dnsNames: ["shop.example.com"],
            issuerRef: { kind: "ClusterIssuer", name: "letsencrypt-staging" },
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          },
        },
      },
    });
  });

  test("fails when a certificate is for no name", () => {
    expect(() =>
      build(undefined, (issuers, layer) =>
        issuers.issue("empty", {
          namespace: testNamespace(testClusterOf(layer), "shop"),
          secretName: "shop-tls",
          dnsNames: [],
          issuer: "letsencrypt-staging",
        }),
      ),
    ).toThrow('test/issuers: the certificate "empty" has no dnsNames');
  });
});

/** The cluster that the layer has already. */
function testClusterOf(layer: Layer) {
  return layer.node.findChild("cluster") as ReturnType<typeof testCluster>;
}
