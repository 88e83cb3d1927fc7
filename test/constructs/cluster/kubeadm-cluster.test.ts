import { TerraformCount } from "cdktf";
import { KubeadmCluster, type KubeadmClusterProps } from "../../../constructs/cluster/kubeadm-cluster";
import { HetznerFirewall } from "../../../constructs/network/hetzner-firewall";
import { HetznerNetwork } from "../../../constructs/network/hetzner-network";
import { synthesizeLayer } from "../../support/construct";

function build(props: Partial<KubeadmClusterProps> = {}) {
  let cluster: KubeadmCluster | undefined;
  const { json, layer } = synthesizeLayer((scope) => {
    const network = new HetznerNetwork(scope, "network", {
      name: "app",
      cidrBlock: "10.40.0.0/16",
      deleteProtection: false,
    });
    cluster = new KubeadmCluster(scope, "cluster", {
      name: "app",
      release: { kubernetes: "1.36.3", containerd: "2.3" },
      controlPlaneServerType: "cpx22",
      workerServerType: "cpx32",
      location: "nbg1",
      network,
      firewall: new HetznerFirewall(scope, "firewall", { name: "app" }),
      workers: TerraformCount.of(3),
      sshPublicKey: "ssh-ed25519 AAAA ops",
      controlPlaneIps: ["10.40.0.250"],
      apiLoadBalancerIp: "10.40.0.252",
      bootstrapTokenGeneration: 2,
      keptSnapshots: 8,
      backups: false,
      protection: true,
      ...props,
    });
    cluster.waitUntilReady();
  });
  return { json, layer, cluster: cluster as KubeadmCluster };
}

const CONTROL_PLANES = ["10.40.0.250", "10.40.0.249", "10.40.0.248"];

describe("KubeadmCluster", () => {
  const { json, layer } = build();
  const resource = json.resource ?? {};

  test("THEN one server is the control plane, at the address that stays, and the others are workers", () => {
    expect(resource["hcloud_server"]?.["cluster_control_plane"]).toMatchObject({
      name: "app-control-plane",
      server_type: "cpx22",
      public_net: [{ ipv4: "${hcloud_primary_ip.cluster_api.id}", ipv4_enabled: true, ipv6_enabled: false }],
      network: [{ ip: "10.40.0.250" }],
    });
    expect(resource["hcloud_server"]?.["cluster_worker"]).toMatchObject({
      name: "app-worker-${(count.index + 1)}",
      server_type: "cpx32",
      count: 3,
    });
    expect(Object.keys(resource["hcloud_server"] ?? {})).toEqual(["cluster_control_plane", "cluster_worker"]);
    expect(resource).not.toHaveProperty("hcloud_load_balancer");
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

describe("KubeadmCluster with three control planes", () => {
  const { json, layer, cluster } = build({ controlPlaneIps: CONTROL_PLANES });
  const resource = json.resource ?? {};
  const userData = (name: string) => String(json.locals?.[`cluster_${name}_user_data`]);

  test("THEN they keep to themselves, unless workloads are asked for", () => {
    const open = build({ controlPlaneIps: CONTROL_PLANES, workloadsOnControlPlanes: true });
    for (const name of ["control_plane", "control_plane_2", "control_plane_3"]) {
      expect(userData(name)).not.toContain("taints:");
      expect(String(open.json.locals?.[`cluster_${name}_user_data`])).toContain("taints: []");
    }
    expect(String(open.json.locals?.["cluster_worker_user_data"])).not.toContain("taints:");
    expect(open.cluster.controlPlaneTargets.map(({ id }) => id)).toEqual([
      "control_plane",
      "control_plane_2",
      "control_plane_3",
    ]);
  });

  test("THEN the first keeps its address in Terraform and the API's public one, and the others have their own", () => {
    const servers = resource["hcloud_server"] ?? {};
    expect(
      Object.entries(servers).map(([address, { name, server_type: type, network }]) => [
        address,
        name,
        type,
        (network as { ip?: string }[])[0]?.ip,
      ]),
    ).toEqual([
      ["cluster_control_plane", "app-control-plane", "cpx22", "10.40.0.250"],
      ["cluster_control_plane_2", "app-control-plane-2", "cpx22", "10.40.0.249"],
      ["cluster_control_plane_3", "app-control-plane-3", "cpx22", "10.40.0.248"],
      ["cluster_worker", "app-worker-${(count.index + 1)}", "cpx32", undefined],
    ]);
    expect(servers["cluster_control_plane"]).toMatchObject({
      public_net: [{ ipv4: "${hcloud_primary_ip.cluster_api.id}" }],
    });
    expect(servers["cluster_control_plane_2"]).toMatchObject({ public_net: [{ ipv4_enabled: true }] });
    expect(cluster.controlPlaneAddresses).toHaveLength(3);
  });

  test("THEN one makes the cluster, and nodes are led to the load balancer", () => {
    expect(userData("control_plane")).toContain("/etc/kubeadm-node/init.yaml");
    expect(userData("control_plane_2")).not.toContain("/etc/kubeadm-node/init.yaml");
    expect(userData("control_plane_3")).toBe(userData("control_plane_2"));
    for (const name of ["control_plane", "control_plane_2", "worker"]) {
      expect(userData(name)).toContain("API_PRIVATE_IP='10.40.0.252'");
    }
  });

  test("THEN the load balancer forwards to all of them and has no public interface before it listens", () => {
    expect(resource["hcloud_load_balancer_network"]).toEqual({
      cluster_api_load_balancer_network: {
        load_balancer_id: "${hcloud_load_balancer.cluster_api_load_balancer.id}",
        network_id: "${hcloud_network.network.id}",
        ip: "10.40.0.252",
        enable_public_interface: false,
        depends_on: ["hcloud_network_subnet.network_servers"],
      },
    });
    expect(resource["hcloud_load_balancer_service"]?.["cluster_api_load_balancer_api"]).toMatchObject({
      listen_port: 6443,
      destination_port: 6443,
      proxyprotocol: false,
      depends_on: ["hcloud_load_balancer_network.cluster_api_load_balancer_network"],
    });
    expect(
      Object.values(resource["hcloud_load_balancer_target"] ?? {}).map((each) => [
        each["server_id"],
        each["use_private_ip"],
      ]),
    ).toEqual([
      ["${hcloud_server.cluster_control_plane.id}", true],
      ["${hcloud_server.cluster_control_plane_2.id}", true],
      ["${hcloud_server.cluster_control_plane_3.id}", true],
    ]);
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN the keys in the user data of each are said to be in the state", () => {
    expect(layer.stateSecrets.map(({ what }) => what)).toContain(
      "`hcloud_server.cluster_control_plane`, `hcloud_server.cluster_control_plane_2`, `hcloud_server.cluster_control_plane_3`: `user_data`",
    );
  });
});

test.each([[[]], [["10.40.0.250", "10.40.0.249"]]])("fails for control planes at %p", (controlPlaneIps) => {
  expect(() => build({ controlPlaneIps })).toThrow(
    `test/cluster: controlPlaneIps has ${controlPlaneIps.length} addresses; one or three are accepted`,
  );
});
