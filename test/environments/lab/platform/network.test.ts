import { SETTINGS } from "../../../../environments/lab/settings";
import { builtPlatform } from "../../../support/lab-platform";
import { releaseOf } from "../../../support/helm";

const cilium = builtPlatform();
const calico = builtPlatform({ cni: "calico" });

type Blocks = Record<string, Record<string, unknown>>;
const blocks = (built: typeof cilium, type: string) => (built.json.resource?.[type] ?? {}) as Blocks;

describe("The network of lab-platform", () => {
  test.each([
    ["cilium", cilium, "helm_release.cilium"],
    ["calico", calico, "helm_release.calico"],
  ])("GIVEN %s THEN nodes are waited for after it, and every namespace comes after them", (cni, built, network) => {
    const ready = blocks(built, "kubernetes_job_v1")["nodes_ready"];
    expect(ready?.["depends_on"]).toContain(network);
    const early = Object.entries(blocks(built, "kubernetes_namespace_v1")).filter(
      ([, namespace]) => !((namespace["depends_on"] ?? []) as string[]).includes("kubernetes_job_v1.nodes_ready"),
    );
    expect(early.map(([name]) => name)).toEqual(cni === "calico" ? ["calico_operator"] : []);
  });

  test("GIVEN Cilium THEN pods have the block that K3s gives out, and Calico is not there", () => {
    expect(releaseOf(cilium.json, "cilium").known).toMatchObject({
      ipam: { operator: { clusterPoolIPv4PodCIDRList: ["10.42.0.0/16"] } },
    });
    expect(blocks(cilium, "helm_release")).not.toHaveProperty("calico");
  });

  test("GIVEN Calico THEN its pools are within that block, its operator finds K3s's server, and there is no Hubble", () => {
    const [installation] = Object.values(releaseOf(calico.json, "calico").known["manifests"] as Blocks);
    expect(installation?.["spec"]).toMatchObject({
      controlPlaneNodeSelector: { "node-role.kubernetes.io/control-plane": "true" },
      calicoNetwork: {
        mtu: 1450,
        nodeAddressAutodetectionV4: { cidrs: [SETTINGS.networkCidrBlock] },
        ipPools: [{ cidr: "10.42.0.0/17" }, { cidr: "10.42.128.0/24" }],
      },
    });
    expect(releaseOf(calico.json, "tigera-operator").known).toMatchObject({
      nodeSelector: { "node-role.kubernetes.io/control-plane": "true" },
    });
    expect(calico.json.output).not.toHaveProperty("hubble_url");
  });

  test("THEN pods find the containers by fixed addresses, and every other name of the lab at Traefik", () => {
    const { data } = blocks(cilium, "kubernetes_config_map_v1")["names"] as unknown as { data: Record<string, string> };
    const text = data["lab.local.server"] ?? "";
    expect(text.match(/172\.30\.0\.\d+ \S+/g)).toEqual([
      "172.30.0.10 postgres.lab.local",
      "172.30.0.11 vault.lab.local",
      "172.30.0.12 registry.lab.local",
      "172.30.0.13 gitlab.lab.local",
    ]);
    expect(text).toContain("rewrite name regex .* traefik.traefik.svc.cluster.local answer auto");
  });
});
