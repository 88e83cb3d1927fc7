import { KubeadmCertificates } from "../../../constructs/cluster/kubeadm-certificates";
import { synthesizeLayer } from "../../support/construct";

describe("KubeadmCertificates", () => {
  const { json, layer } = synthesizeLayer((scope) => {
    new KubeadmCertificates(scope, "pki", { name: "app" });
  });

  test("THEN there are three authorities and the service accounts' key, each of its own", () => {
    const authorities = json.resource?.["tls_self_signed_cert"] ?? {};
    expect(Object.entries(authorities).map(([id, { subject }]) => [id, subject])).toEqual([
      ["pki_cluster", [{ common_name: "app-cluster-ca" }]],
      ["pki_front_proxy", [{ common_name: "app-front-proxy-ca" }]],
      ["pki_etcd", [{ common_name: "app-etcd-ca" }]],
    ]);
    expect(Object.keys(json.resource?.["tls_private_key"] ?? {})).toEqual([
      "pki_cluster_key",
      "pki_front_proxy_key",
      "pki_etcd_key",
      "pki_service_accounts_key",
      "pki_admin_key",
    ]);
  });

  test("THEN the cluster's authority signs the admin's certificate, for a year", () => {
    expect(json.resource?.["tls_locally_signed_cert"]?.["pki_admin_certificate"]).toMatchObject({
      ca_cert_pem: "${tls_self_signed_cert.pki_cluster.cert_pem}",
      ca_private_key_pem: "${tls_private_key.pki_cluster_key.private_key_pem}",
      validity_period_hours: 8760,
      early_renewal_hours: 720,
    });
  });

  test("THEN every private key is said to be in the state", () => {
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual(
      ["cluster", "front_proxy", "etcd", "service_accounts", "admin"].map(
        (id) => `\`tls_private_key.pki_${id}_key.private_key_pem\``,
      ),
    );
  });
});
