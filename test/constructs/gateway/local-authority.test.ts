import { parse } from "yaml";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { LocalAuthority } from "../../../constructs/gateway/local-authority";
import { type INamespace } from "../../../constructs/cluster/namespace";
import { type TerraformJson } from "../../../constructs/core/layer";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

const build = (use: (authority: LocalAuthority, namespace: INamespace) => void = () => {}) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const certManager = new CertManager(layer, "cert_manager", {
      namespace: testNamespace(cluster, "cert_manager_namespace", { name: "cert-manager" }),
      acme: false,
    });
    const authority = new LocalAuthority(layer, "lab_ca", { commonName: "lab", domain: "lab.local", certManager });
    use(authority, testNamespace(cluster));
  });

const objectsOf = (json: TerraformJson, release: string) =>
  (parse((json.resource?.["helm_release"]?.[release]?.["values"] as string[])[0] ?? "") as { manifests: unknown })
    .manifests;

describe("LocalAuthority", () => {
  test("THEN it is made by Terraform, for ten years, and signs certificates alone", () => {
    const { json } = build();
    expect(only(json.resource?.["tls_private_key"])).toEqual({ algorithm: "ECDSA", ecdsa_curve: "P256" });
    expect(only(json.resource?.["tls_self_signed_cert"])).toEqual({
      private_key_pem: "${tls_private_key.lab_ca_key.private_key_pem}",
      subject: [{ common_name: "lab" }],
      is_ca_certificate: true,
      set_subject_key_id: true,
      validity_period_hours: 87600,
      allowed_uses: ["cert_signing", "crl_signing", "digital_signature"],
    });
  });

  test("THEN cert-manager signs with it too, from a Secret of its own namespace, whose values are written write-only", () => {
    const { json } = build();
    expect(only(json.resource?.["kubernetes_secret_v1"])).toMatchObject({
      metadata: { name: "lab-ca", namespace: "cert-manager" },
      type: "kubernetes.io/tls",
      data_wo: {
        "tls.crt": "${tls_self_signed_cert.lab_ca.cert_pem}",
        "tls.key": "${tls_private_key.lab_ca_key.private_key_pem}",
      },
    });
    expect(objectsOf(json, "lab_ca_issuer")).toEqual({
      "ClusterIssuer/lab-ca": {
        apiVersion: "cert-manager.io/v1",
        kind: "ClusterIssuer",
        metadata: { name: "lab-ca" },
        spec: { ca: { secretName: "lab-ca" } },
      },
    });
    expect(json.resource?.["helm_release"]?.["lab_ca_issuer"]?.["depends_on"]).toEqual(
      expect.arrayContaining(["helm_release.cert_manager", "kubernetes_secret_v1.lab_ca_secret"]),
    );
  });

  test("GIVEN a certificate that Terraform signs THEN it is a server's, for a year, renewed in its last month", () => {
    const { json } = build((authority, namespace) => {
      authority.issue("web", { namespace, secretName: "web-tls", dnsNames: ["web.lab.local"] });
    });
    expect(only(json.resource?.["tls_cert_request"])).toEqual({
      private_key_pem: "${tls_private_key.lab_ca_web_key.private_key_pem}",
      dns_names: ["web.lab.local"],
      subject: [{ common_name: "web.lab.local" }],
    });
    expect(only(json.resource?.["tls_locally_signed_cert"])).toEqual({
      cert_request_pem: "${tls_cert_request.lab_ca_web_request.cert_request_pem}",
      ca_cert_pem: "${tls_self_signed_cert.lab_ca.cert_pem}",
      ca_private_key_pem: "${tls_private_key.lab_ca_key.private_key_pem}",
      validity_period_hours: 8760,
      early_renewal_hours: 720,
      allowed_uses: ["digital_signature", "server_auth"],
    });
    expect(json.resource?.["kubernetes_secret_v1"]?.["lab_ca_web_secret"]).toMatchObject({
      metadata: { name: "web-tls", namespace: "apps" },
      type: "kubernetes.io/tls",
      data_wo: { "tls.crt": "${tls_locally_signed_cert.lab_ca_web.cert_pem}" },
    });
  });

  test("GIVEN a certificate that cert-manager signs THEN it is asked for after the issuer, and its key is in no state", () => {
    const { layer, json } = build((authority, namespace) => {
      authority.request("all_names", { namespace, secretName: "all-tls", dnsNames: ["*.lab.local", "lab.local"] });
    });
    expect(objectsOf(json, "lab_ca_all_names")).toEqual({
      "Certificate/all-names": {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name: "all-names" },
        spec: {
          secretName: "all-tls",
          dnsNames: ["*.lab.local", "lab.local"],
          issuerRef: { kind: "ClusterIssuer", name: "lab-ca" },
          privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        },
      },
    });
    expect(json.resource?.["helm_release"]?.["lab_ca_all_names"]?.["depends_on"]).toContain(
      "helm_release.lab_ca_issuer",
    );
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual(["`tls_private_key.lab_ca_key.private_key_pem`"]);
  });

  test("GIVEN keys THEN the README says that each is in the state", () => {
    const { layer } = build((authority, namespace) => {
      authority.issue("web", { namespace, secretName: "web-tls", dnsNames: ["web.lab.local"] });
    });
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`tls_private_key.lab_ca_key.private_key_pem`",
      "`tls_private_key.lab_ca_web_key.private_key_pem`",
    ]);
  });

  test("fails for names that are not below the domain, all at once, and for none", async () => {
    const issue = (dnsNames: readonly string[]) =>
      messageOf(() =>
        build((authority, namespace) => {
          authority.issue("web", { namespace, secretName: "web-tls", dnsNames });
        }),
      );
    expect(await issue(["web.example.com", "web.lab.local", "evil-lab.local"])).toBe(
      [
        "test/lab_ca: 2 problems",
        '  - the certificate "web" is for "web.example.com", which is not below lab.local',
        '  - the certificate "web" is for "evil-lab.local", which is not below lab.local',
      ].join("\n"),
    );
    expect(await issue([])).toBe('test/lab_ca: the certificate "web" has no dnsNames');
    expect(
      await messageOf(() =>
        build((authority, namespace) => {
          authority.request("web", { namespace, secretName: "web-tls", dnsNames: ["example.com"] });
        }),
      ),
    ).toBe('test/lab_ca: the certificate "web" is for "example.com", which is not below lab.local');
  });
});
