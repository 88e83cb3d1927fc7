import { parse } from "yaml";
import { Calico, type CalicoProps } from "../../../constructs/cluster/calico";
import { type ClusterCapacityProps } from "../../../constructs/cluster/capacity";
import { KUBEADM_POD_CIDR } from "../../../constructs/cluster/kubeadm-blocks";
import { CALICO_BLOCKS, K3S_CALICO_BLOCKS, kubeadmNetwork } from "../../../constructs/cluster/network-policy";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

function build(capacity: Partial<ClusterCapacityProps> = {}, more: Partial<CalicoProps> = {}) {
  const rows: { name: string; replicas: number }[] = [];
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer, capacity);
    new Calico(layer, "calico", {
      namespace: testNamespace(cluster, "tigera_operator", { podSecurity: { level: "privileged", reason: "Test." } }),
      nodeCidrBlock: "10.40.0.0/16",
      mtu: 1400,
      kubernetesRelease: "1.36.3",
      ...more,
    });
    rows.push(...cluster.capacity.entry.rows);
  });
  const releases = json.resource?.["helm_release"] ?? {};
  const valuesOf = (name: string) => parse((releases[name]?.["values"] as string[])[0] ?? "") as Record<string, never>;
  return { json, rows, releases, valuesOf };
}

interface Pool {
  name: string;
  cidr: string;
  allowedUses: string[];
  encapsulation: string;
  blockSize: number;
}

interface InstallationSpec {
  readonly calicoNetwork: { readonly ipPools: readonly Pool[] };
  readonly [key: string]: unknown;
}

const installation = (more: Partial<CalicoProps> = {}): InstallationSpec =>
  (build({}, more).valuesOf("calico")["manifests"] as unknown as Record<string, { spec: InstallationSpec }>)[
    "Installation/default"
  ]?.spec as InstallationSpec;

/** First and last address of a block, as numbers. */
function range(cidr: string): [number, number] {
  const [address = "", prefix] = cidr.split("/");
  const first = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return [first, first + 2 ** (32 - Number(prefix)) - 1];
}

describe("Calico", () => {
  test("THEN the operator comes first and makes its definitions, a Job waits for them, then Calico is asked for", () => {
    const { json, releases, valuesOf } = build();
    expect(releases["calico_operator"]).toMatchObject({
      chart: "tigera-operator",
      version: "v3.32.2",
      repository: "https://docs.tigera.io/calico/charts",
      namespace: "tigera-operator",
    });
    expect(valuesOf("calico_operator")).toMatchObject({ manageCRDs: true, installation: { enabled: false } });
    const job = json.resource?.["kubernetes_job_v1"]?.["calico_definitions"];
    expect(job?.["depends_on"]).toContain("helm_release.calico_operator");
    expect(JSON.stringify(job)).toContain(
      '"wait","crd/installations.operator.tigera.io","--for=condition=Established"',
    );
    expect(job?.["spec"]).toMatchObject({ template: { spec: { host_network: true } } });
    expect(releases["calico"]?.["name"]).toBe("calico");
    expect(releases["calico"]?.["depends_on"]).toContain("kubernetes_job_v1.calico_definitions");
  });

  test("THEN tunnels go between private addresses, by VXLAN alone, with the MTU that is left", () => {
    expect(installation().calicoNetwork).toMatchObject({
      bgp: "Disabled",
      linuxDataplane: "Iptables",
      mtu: 1400,
      nodeAddressAutodetectionV4: { cidrs: ["10.40.0.0/16"] },
    });
  });

  test("THEN pods and tunnels have pools of their own, apart, in the pods' block of kubeadm, and policies know the tunnels'", () => {
    const { ipPools } = installation().calicoNetwork;
    expect(
      ipPools.map(({ name, cidr, allowedUses, encapsulation }) => [name, cidr, allowedUses, encapsulation]),
    ).toEqual([
      ["workloads", CALICO_BLOCKS.pods, ["Workload"], "VXLAN"],
      ["tunnels", CALICO_BLOCKS.tunnels, ["Tunnel"], "VXLAN"],
    ]);
    const [pods = [0, 0], tunnels = [0, 0]] = ipPools.map(({ cidr }) => range(cidr));
    const all = range(KUBEADM_POD_CIDR);
    expect(pods[1]).toBeLessThan(tunnels[0]);
    expect([pods[0] >= all[0], tunnels[1] <= all[1]]).toEqual([true, true]);
    expect(kubeadmNetwork(["10.40.0.0/16"]).apiServerSourceBlocks).toEqual(["10.40.0.0/16", CALICO_BLOCKS.tunnels]);
  });

  test("GIVEN a cluster with other blocks and another label of control planes THEN the pools and the selector are those", () => {
    const { calicoNetwork, controlPlaneNodeSelector } = installation({
      blocks: K3S_CALICO_BLOCKS,
      controlPlaneLabel: "true",
    });
    expect(calicoNetwork.ipPools.map(({ name, cidr }) => [name, cidr])).toEqual([
      ["workloads", "10.42.0.0/17"],
      ["tunnels", "10.42.128.0/24"],
    ]);
    expect(controlPlaneNodeSelector).toEqual({ "node-role.kubernetes.io/control-plane": "true" });
    expect(installation()["controlPlaneNodeSelector"]).toEqual({ "node-role.kubernetes.io/control-plane": "" });
  });

  test("THEN the tunnels' pool has a block for more nodes than there will ever be", () => {
    const tunnels = installation().calicoNetwork.ipPools[1] as Pool;
    expect(2 ** (tunnels.blockSize - Number(tunnels.cidr.split("/")[1]))).toBe(64);
  });

  test("THEN what nobody uses is off: flow tools, the Calico API server, its CSI driver", () => {
    expect(build().valuesOf("calico_operator")).toMatchObject({
      apiServer: { enabled: false },
      goldmane: { enabled: false },
      whisker: { enabled: false },
    });
    expect(installation()).toMatchObject({ kubeletVolumePluginPath: "None", flexVolumePath: "None" });
  });

  test.each([
    [1, 1, 1],
    [2, 1, 2],
    [4, 1, 3],
    [6, 3, 3],
  ])(
    "GIVEN %i workers and %i control planes THEN %i typhas are counted, and one node's pod on each",
    (workers, planes, typhas) => {
      const node = { nodeType: "small", node: { cpuMillis: 4000, memoryMib: 8192 } };
      const systemReserve = { cpuMillis: 500, memoryMib: 1024 };
      const { rows } = build({
        nodeCount: workers,
        controlPlanes: { ...node, nodeCount: planes, systemReserve },
      });
      const counted = Object.fromEntries(rows.map(({ name, replicas }) => [name, replicas]));
      expect(counted).toMatchObject({ "calico-node": workers, "calico-typha": typhas });
      expect(counted).not.toHaveProperty("calico-kube-controllers");
    },
  );
});
