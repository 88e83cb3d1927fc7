import { TerraformCount } from "cdktf";
import { KubeadmCluster } from "../../../constructs/cluster/kubeadm-cluster";
import { HetznerFirewall } from "../../../constructs/network/hetzner-firewall";
import { HetznerNetwork } from "../../../constructs/network/hetzner-network";
import { synthesizeLayer } from "../../support/construct";

describe("KubeadmCluster", () => {
  const { json, layer } = synthesizeLayer((scope) => {
    const network = new HetznerNetwork(scope, "network", {
      name: "app",
      cidrBlock: "10.40.0.0/16",
      deleteProtection: false,
    });
    const cluster = new KubeadmCluster(scope, "cluster", {
      name: "app",
      release: { kubernetes: "1.36.3", containerd: "2.2" },
      serverType: "cpx22",
      location: "nbg1",
      network,
      firewall: new HetznerFirewall(scope, "firewall", { name: "app" }),
      workers: TerraformCount.of(3),
      sshPublicKey: "ssh-ed25519 AAAA ops",
      controlPlaneIp: network.addressAt(250),
      bootstrapTokenGeneration: 2,
      keptSnapshots: 8,
      backups: false,
      protection: true,
    });
    cluster.waitUntilReady();
  });
  const resource = json.resource ?? {};

  test("THEN one server is the control plane, at the address that stays, and the others are workers", () => {
    expect(resource["hcloud_server"]?.["cluster_control_plane"]).toMatchObject({
      name: "app-control-plane",
      public_net: [{ ipv4: "${hcloud_primary_ip.cluster_api.id}", ipv4_enabled: true, ipv6_enabled: false }],
      network: [{ ip: "10.40.0.250" }],
    });
    expect(resource["hcloud_server"]?.["cluster_worker"]).toMatchObject({
      name: "app-worker-${(count.index + 1)}",
      count: 3,
    });
    expect(resource["hcloud_placement_group"]).toEqual({ cluster_spread: { name: "app", type: "spread" } });
  });

  test("THEN what kubeadm accepts as a token is made, and made again for another generation", () => {
    const part = { special: false, upper: false, keepers: { generation: "${tostring(2)}" } };
    expect(resource["random_password"]).toEqual({
      cluster_bootstrap_token_id: { ...part, length: 6 },
      cluster_bootstrap_token_secret: { ...part, length: 16 },
    });
  });

  test("THEN Secrets are encrypted with a key of 32 bytes that every control plane is given", () => {
    expect(resource["random_bytes"]).toEqual({ cluster_secrets_key: { length: 32 } });
    expect(String(json.locals?.["cluster_control_plane_user_data"])).toContain(
      "${random_bytes.cluster_secrets_key.base64}",
    );
    expect(String(json.locals?.["cluster_worker_user_data"])).not.toContain("random_bytes");
    expect(String(json.locals?.["cluster_worker_user_data"])).not.toContain("private_key");
  });

  test("THEN every secret is said to be in the state", () => {
    expect(layer.stateSecrets.map(({ what }) => what).slice(5)).toEqual([
      "`random_password.cluster_bootstrap_token_secret.result`",
      "`random_bytes.cluster_secrets_key.base64`",
      "`hcloud_server.cluster_control_plane`: `user_data`",
      "`hcloud_server.cluster_worker`: `user_data`",
      "`data.http.cluster_ready.client_key_pem`",
    ]);
  });
});
