import { TerraformLocal } from "cdktf";
import { ClusterCertificates } from "../../../constructs/cluster/cluster-certificates";
import { synthesizeLayer } from "../../support/construct";

describe("ClusterCertificates", () => {
  const { json, layer } = synthesizeLayer((scope) => {
    const certificates = new ClusterCertificates(scope, "pki", { name: "app" });
    new TerraformLocal(scope, "kubeconfig", certificates.kubeconfig("https://192.0.2.1:6443"));
  });

  test("THEN there are three authorities of their own, ECDSA with P-256, valid for ten years", () => {
    const authority = (id: string, commonName: string) => ({
      private_key_pem: `\${tls_private_key.pki_${id}_key.private_key_pem}`,
      subject: [{ common_name: commonName }],
      is_ca_certificate: true,
      set_subject_key_id: true,
      validity_period_hours: 87_600,
      allowed_uses: ["cert_signing", "key_encipherment", "digital_signature"],
    });
    expect(json.resource?.["tls_self_signed_cert"]).toEqual({
      pki_server: authority("server", "app-server-ca"),
      pki_client: authority("client", "app-client-ca"),
      pki_request_header: authority("request_header", "app-request-header-ca"),
    });
    const key = { algorithm: "ECDSA", ecdsa_curve: "P256" };
    expect(json.resource?.["tls_private_key"]).toEqual({
      pki_server_key: key,
      pki_client_key: key,
      pki_request_header_key: key,
      pki_admin_key: key,
    });
  });

  test("THEN the admin's certificate is of the clients' authority, for a year, renewed in its last 30 days", () => {
    expect(json.resource?.["tls_cert_request"]?.["pki_admin"]).toEqual({
      private_key_pem: "${tls_private_key.pki_admin_key.private_key_pem}",
      subject: [{ common_name: "kubernetes-admin", organization: "system:masters" }],
    });
    expect(json.resource?.["tls_locally_signed_cert"]?.["pki_admin_certificate"]).toEqual({
      cert_request_pem: "${tls_cert_request.pki_admin.cert_request_pem}",
      ca_cert_pem: "${tls_self_signed_cert.pki_client.cert_pem}",
      ca_private_key_pem: "${tls_private_key.pki_client_key.private_key_pem}",
      validity_period_hours: 8760,
      early_renewal_hours: 720,
      allowed_uses: ["digital_signature", "key_encipherment", "client_auth"],
    });
  });

  test("THEN the kubeconfig trusts the servers' authority and shows the admin's certificate", () => {
    const kubeconfig = String(json.locals?.["kubeconfig"]);
    expect(kubeconfig).toContain(
      '"cluster" = {"server" = "https://192.0.2.1:6443", "certificate-authority-data" = base64encode(tls_self_signed_cert.pki_server.cert_pem)}',
    );
    expect(kubeconfig).toContain(
      '"user" = {"client-certificate-data" = base64encode(tls_locally_signed_cert.pki_admin_certificate.cert_pem), "client-key-data" = base64encode(tls_private_key.pki_admin_key.private_key_pem)}',
    );
    expect(kubeconfig).toContain('"current-context" = "app"');
  });

  test("THEN every private key is said to be in the state", () => {
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`tls_private_key.pki_server_key.private_key_pem`",
      "`tls_private_key.pki_client_key.private_key_pem`",
      "`tls_private_key.pki_request_header_key.private_key_pem`",
      "`tls_private_key.pki_admin_key.private_key_pem`",
    ]);
  });
});
