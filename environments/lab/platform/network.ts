import { type ITerraformDependable } from "cdktf";
import { Calico } from "../../../constructs/cluster/calico";
import { Cilium } from "../../../constructs/cluster/cilium";
import { CoreDnsNames } from "../../../constructs/cluster/core-dns-names";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { ExistingNamespace, Namespace } from "../../../constructs/cluster/namespace";
import { K3S_CALICO_BLOCKS, type Pods } from "../../../constructs/cluster/network-policy";
import { NodesReady } from "../../../constructs/cluster/nodes-ready";
import { type Layer } from "../../../constructs/core/layer";
import { NAMESPACES } from "../names";
import { containerAddress, type ContainerName, CONTAINERS } from "../network";
import { kubernetesRelease, type LabSettings } from "../settings";

/** Hubble's pages, where Cilium is the pod network. */
export interface HubbleUi {
  readonly pods: Pods;
  readonly port: number;
}

/** That of a Docker network is 1500, and VXLAN takes 50. */
const CALICO_MTU = 1450;

/**
 * What nodes need to become ready, and names: the pod network, then the nodes are waited for, then all else.
 *
 * @returns undefined where there is no Hubble
 */
export function addNetwork(layer: Layer, cluster: KubernetesCluster, settings: LabSettings): HubbleUi | undefined {
  const system = new ExistingNamespace(cluster, "kube-system");
  const { delivered, hubble } =
    settings.cni === "cilium" ? addCilium(layer, system) : addCalico(layer, cluster, settings);
  const nodes = new NodesReady(layer, "nodes_ready", {
    namespace: system,
    kubernetesRelease: kubernetesRelease(settings),
    dependsOn: [delivered],
  });
  cluster.requireFirst(nodes.ready);
  new CoreDnsNames(layer, "names", {
    domain: settings.domain,
    addresses: Object.fromEntries(
      (Object.keys(CONTAINERS) as ContainerName[]).map((name) => [name, containerAddress(settings, name)]),
    ),
    service: `traefik.${NAMESPACES.traefik}.svc.cluster.local`,
  });
  return hubble;
}

interface PodNetwork {
  readonly delivered: ITerraformDependable;
  readonly hubble: HubbleUi | undefined;
}

function addCilium(layer: Layer, system: ExistingNamespace): PodNetwork {
  const cilium = new Cilium(layer, "cilium", { namespace: system });
  return { delivered: cilium.delivered, hubble: { pods: cilium.ui, port: cilium.uiPort } };
}

function addCalico(layer: Layer, cluster: KubernetesCluster, settings: LabSettings): PodNetwork {
  const calico = new Calico(layer, "calico", {
    namespace: new Namespace(layer, "calico_operator", {
      cluster,
      name: "tigera-operator",
      quota: { cpuMillis: 200, memoryMib: 512, pods: 5 },
      podSecurity: {
        level: "privileged",
        reason: "The operator is on its node's network and reads a folder of it, since it makes the network of pods.",
      },
    }),
    nodeCidrBlock: settings.networkCidrBlock,
    mtu: CALICO_MTU,
    kubernetesRelease: kubernetesRelease(settings),
    blocks: K3S_CALICO_BLOCKS,
    controlPlaneLabel: "true",
  });
  return { delivered: calico.delivered, hubble: undefined };
}
