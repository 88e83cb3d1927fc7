import { TerraformLocal, TerraformVariable } from "cdktf";
import { K3sCluster } from "../../../constructs/cluster/k3s-cluster";
import { OciBootVolumeBackups } from "../../../constructs/compute/oci-boot-volume-backups";
import { OciPlacement } from "../../../constructs/compute/oci-placement";
import { NetworkLoadBalancer } from "../../../constructs/gateway/network-load-balancer";
import { only, synthesizeLayer } from "../../support/construct";

describe("K3sCluster", () => {
  const { json, layer } = synthesizeLayer((scope) => {
    const nodes = new TerraformVariable(scope, "nodes", { type: "number", description: "Nodes" });
    const open = new TerraformVariable(scope, "open", { type: "bool", description: "Open" });
    const common = { name: "app", compartmentId: "c-1" };
    const cluster = new K3sCluster(scope, "cluster", {
      ...common,
      release: { version: "v1.36.4+k3s1", sha256: "c".repeat(64) },
      placement: new OciPlacement(scope, "placement", { ...common, tenancyId: "t-1", availabilityDomain: 1 }),
      subnetId: "s-1",
      publicAddresses: open.booleanValue,
      securityGroupId: "g-1",
      nodeCount: nodes.numberValue,
      ocpus: 1,
      memoryGib: 6,
      bootVolumeGib: 50,
      sshPublicKey: "ssh-ed25519 AAAA",
      networkCidr: "10.30.0.0/16",
      apiAddress: "192.0.2.10",
      metadataNamespaces: ["vault"],
      backups: new OciBootVolumeBackups(scope, "backups", { ...common, keptWeeks: 1 }),
    });
    const balancer = new NetworkLoadBalancer(scope, "lb", { ...common, subnetId: "s-1", securityGroupId: "g-2" });
    balancer.listen("http", { port: 80, targetPort: 30080, targets: cluster.nodeTargets });
    new TerraformLocal(scope, "ready", cluster.waitUntilReady(balancer.ready));
    new TerraformLocal(scope, "ids", cluster.nodeIds);
    new TerraformLocal(scope, "ips", cluster.nodePublicIps);
  });
  const locals = json.locals as Record<string, string>;

  test("GIVEN a number of nodes THEN one is the server and the others are agents, all of them backed up", () => {
    expect(Object.keys(json.resource?.["oci_core_instance"] ?? {})).toEqual(["cluster_server", "cluster_agent"]);
    expect(json.resource?.["oci_core_instance"]?.["cluster_server"]).not.toHaveProperty("count");
    expect(json.resource?.["oci_core_instance"]?.["cluster_agent"]).toMatchObject({ count: "${(var.nodes - 1)}" });
    expect(json.resource?.["oci_core_volume_backup_policy_assignment"]).toMatchObject({
      backups_server: { asset_id: "${oci_core_instance.cluster_server.boot_volume_id}" },
      backups_agent: {
        asset_id: "${oci_core_instance.cluster_agent[count.index].boot_volume_id}",
        count: "${(var.nodes - 1)}",
      },
    });
    expect(locals).toMatchObject({
      ids: "${concat([oci_core_instance.cluster_server.id], oci_core_instance.cluster_agent[*].id)}",
      ips: "${concat([oci_core_instance.cluster_server.public_ip], oci_core_instance.cluster_agent[*].public_ip)}",
    });
  });

  test("THEN the server gets the authorities and the passwords, an agent the token with their fingerprint", () => {
    const server = locals["cluster_server_user_data"];
    expect(server).toContain(
      "token: ${random_password.cluster_server_password.result}\n      agent-token: ${random_password.cluster_agent_password.result}\n",
    );
    expect(server).toContain("${base64encode(tls_self_signed_cert.cluster_certificates_server.cert_pem)}\n");
    expect(server).toContain("${base64encode(tls_private_key.cluster_certificates_client_key.private_key_pem)}\n");
    expect(server).toContain("tls-san:\n        - 192.0.2.10\n");

    const agent = locals["cluster_agent_user_data"];
    expect(agent).toContain("server: https://${oci_core_instance.cluster_server.private_ip}:6443\n");
    expect(agent).toContain(
      "token: K10${sha256(tls_self_signed_cert.cluster_certificates_server.cert_pem)}::node:${random_password.cluster_agent_password.result}\n",
    );
    expect(agent).not.toContain("private_key_pem");
    expect(agent).not.toContain("server_password");
  });

  test("THEN HTTP goes to every node", () => {
    expect(json.resource?.["oci_network_load_balancer_backend"]).toMatchObject({
      lb_http_server: { ip_address: "${oci_core_instance.cluster_server.private_ip}" },
      lb_http_agent: {
        ip_address: "${oci_core_instance.cluster_agent[count.index].private_ip}",
        count: "${(var.nodes - 1)}",
      },
    });
  });

  test("THEN it is ready when the API server, known by its authority, says so to the admin", () => {
    expect(only(json.data?.["http"])).toEqual({
      url: "https://192.0.2.10:6443/readyz",
      ca_cert_pem: "${tls_self_signed_cert.cluster_certificates_server.cert_pem}",
      client_cert_pem: "${tls_locally_signed_cert.cluster_certificates_admin_certificate.cert_pem}",
      client_key_pem: "${tls_private_key.cluster_certificates_admin_key.private_key_pem}",
      request_timeout_ms: 10_000,
      retry: { attempts: 60, min_delay_ms: 10_000, max_delay_ms: 10_000 },
      depends_on: ["oci_network_load_balancer_listener.lb_http"],
      lifecycle: {
        postcondition: [
          {
            condition: "${self.status_code == 200}",
            error_message:
              'The API server at https://192.0.2.10:6443 answers ${self.status_code} instead of 200: log in by SSH and read "journalctl -u k3s-node-install -u k3s".',
          },
        ],
      },
    });
    expect(locals["ready"]).toBe("data.http.cluster_ready");
  });

  test("THEN what ends up in the state is said: keys, password, user data, and the key that it was asked with", () => {
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
      "`tls_private_key.cluster_certificates_server_key.private_key_pem`",
      "`tls_private_key.cluster_certificates_client_key.private_key_pem`",
      "`tls_private_key.cluster_certificates_request_header_key.private_key_pem`",
      "`tls_private_key.cluster_certificates_admin_key.private_key_pem`",
      "`random_password.cluster_server_password.result`",
      "`random_password.cluster_agent_password.result`",
      "`oci_core_instance.cluster_server`: `metadata`",
      "`oci_core_instance.cluster_agent`: `metadata`",
      "`data.http.cluster_ready.client_key_pem`",
    ]);
  });
});
