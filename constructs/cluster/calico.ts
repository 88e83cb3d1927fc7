import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type Requests } from "./capacity";
import { Component } from "./component";
import { KubectlWait } from "./kubectl-wait";
import { Manifests } from "./manifests";
import { type Namespace } from "./namespace";
import { CALICO_BLOCKS } from "./network-policy";

export interface CalicoProps {
  /** For the operator, with the level `privileged`: it is on its node's network. Calico's own is `calico-system`. */
  readonly namespace: Namespace;
  /** IPv4 block that the nodes' own addresses are in: tunnels go between these, and never over a public address. */
  readonly nodeCidrBlock: string;
  /** MTU of pods: that of the nodes' network, less the 50 bytes of VXLAN. */
  readonly mtu: number;
  /** Release of Kubernetes, such as `1.36.3`. */
  readonly kubernetesRelease: string;
  /** Where pods, and the nodes' ends of tunnels, get their addresses from. @default - {@link CALICO_BLOCKS}, those of kubeadm */
  readonly blocks?: { readonly pods: string; readonly tunnels: string };
  /** The value of a control plane's label `node-role.kubernetes.io/control-plane`. @default - empty, as kubeadm has it */
  readonly controlPlaneLabel?: string;
}

/** What Calico's own pods request; the operator sets nothing by itself. */
const REQUESTS = {
  node: { cpuMillis: 100, memoryMib: 160 },
  typha: { cpuMillis: 20, memoryMib: 64 },
  kubeControllers: { cpuMillis: 20, memoryMib: 64 },
} satisfies Record<string, Requests>;

/** Where the operator puts Calico's pods. */
const SYSTEM_NAMESPACE = "calico-system";

/**
 * Calico: pod network (VXLAN) and NetworkPolicies, by the Tigera operator.
 *
 * The operator makes its own custom resource definitions (`manageCRDs`): as a chart they are larger than a Secret may be,
 * which is where Helm keeps a release. So it comes first, a Job waits for the definition, and then Calico is asked for.
 * Left out: BGP (VXLAN routes), eBPF (kube-proxy stays), the flow tools Goldmane and Whisker (memory that nobody looks
 * at), and the Calico API server: NetworkPolicies are Kubernetes' own. Without that server the address pools cannot be
 * changed once they are made; their blocks are the cluster's, so they are as fixed as those.
 *
 * @see https://docs.tigera.io/calico/latest/reference/installation/api
 * @see https://github.com/tigera/docs/pull/2636 (the size of the definitions)
 */
export class Calico extends Construct {
  /** What depends on Calico having been asked for; nodes become ready some minutes later. */
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: CalicoProps) {
    super(scope, id);
    const { namespace, kubernetesRelease } = props;
    const operator = new Component(this, "operator", {
      name: "tigera-operator",
      namespace,
      repository: "https://docs.tigera.io/calico/charts",
      version: "v3.32.2",
      pods: {
        operator: { labels: { "k8s-app": "tigera-operator" }, resources: ["resources"], onControlPlanes: true },
      },
    });
    const definition = ["crd/installations.operator.tigera.io"];
    const defined = new KubectlWait(this, "definitions", {
      namespace,
      kubernetesRelease,
      conditions: [
        { of: definition, is: "create" },
        { of: definition, is: "condition=Established" },
      ],
      reads: { apiGroup: "apiextensions.k8s.io", resource: "customresourcedefinitions" },
      timeoutMinutes: 5,
      beforeNetwork: true,
      dependsOn: [operator.delivered],
    });
    this.delivered = new Manifests(this, "Default", {
      name: "calico",
      namespace,
      manifests: [
        {
          apiVersion: "operator.tigera.io/v1",
          kind: "Installation",
          metadata: { name: "default" },
          spec: installationSpec(props),
        },
      ],
      dependsOn: [defined.ready],
    }).delivered;
    this.count(namespace);
  }

  private count({ cluster: { capacity } }: Namespace): void {
    const add = (name: string, requests: Requests, more: { replicas: number | "perNode"; onControlPlanes?: boolean }) =>
      capacity.add({ name, namespace: SYSTEM_NAMESPACE, ...requests, ...more });
    add("calico-node", REQUESTS.node, { replicas: "perNode" });
    // One for each two nodes, three at most: https://github.com/tigera/operator/blob/v1.42.3/pkg/common/autoscale.go
    const nodes = capacity.entry.nodeCount + (capacity.entry.controlPlanes?.nodeCount ?? 0);
    add("calico-typha", REQUESTS.typha, { replicas: Math.min(3, Math.ceil(nodes / 2)) });
    add("calico-kube-controllers", REQUESTS.kubeControllers, { replicas: 1, onControlPlanes: true });
  }
}

function installationSpec(props: CalicoProps): object {
  const { nodeCidrBlock, mtu, blocks = CALICO_BLOCKS, controlPlaneLabel = "" } = props;
  const pool = (name: string, cidr: string, use: "Workload" | "Tunnel", more: object) => ({
    name,
    cidr,
    encapsulation: "VXLAN",
    nodeSelector: "all()",
    allowedUses: [use],
    ...more,
  });
  const resources = (name: string, { cpuMillis, memoryMib }: Requests) => ({
    spec: {
      template: {
        spec: {
          containers: [{ name, resources: { requests: { cpu: `${cpuMillis}m`, memory: `${memoryMib}Mi` } } }],
        },
      },
    },
  });
  return {
    variant: "Calico",
    cni: { type: "Calico", ipam: { type: "Calico" } },
    // No CSI driver and no FlexVolumes of Calico's: only Istio's would use them.
    kubeletVolumePluginPath: "None",
    flexVolumePath: "None",
    controlPlaneReplicas: 1,
    controlPlaneNodeSelector: { "node-role.kubernetes.io/control-plane": controlPlaneLabel },
    calicoNetwork: {
      linuxDataplane: "Iptables",
      bgp: "Disabled",
      mtu,
      nodeAddressAutodetectionV4: { cidrs: [nodeCidrBlock] },
      ipPools: [
        pool("workloads", blocks.pods, "Workload", { natOutgoing: "Enabled", blockSize: 26 }),
        // A node takes one address of a block: four each, or there would be four nodes at most.
        pool("tunnels", blocks.tunnels, "Tunnel", { natOutgoing: "Disabled", blockSize: 30 }),
      ],
    },
    calicoNodeDaemonSet: resources("calico-node", REQUESTS.node),
    typhaDeployment: resources("calico-typha", REQUESTS.typha),
    calicoKubeControllersDeployment: resources("calico-kube-controllers", REQUESTS.kubeControllers),
  };
}
