import { Construct } from "constructs";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { SocleError } from "../core/error";
import { KUBEADM_POD_CIDR, KUBEADM_SERVICE_CIDR } from "./kubeadm-blocks";
import { type Condition, countOf, type INamespace } from "./namespace";

/** Where the parts of a cluster are on the network, for policies that cannot select pods. */
export interface ClusterNetwork {
  /** IPv4 blocks of the nodes' own addresses. */
  readonly nodeCidrBlocks: readonly string[];
  readonly podCidrBlock: string;
  readonly serviceCidrBlock: string;
  /** Port on which the API server listens on its node: policies see it, not the 443 of its Service. */
  readonly apiServerPort: number;
  /** IPv4 blocks from which the API server calls webhooks. */
  readonly apiServerSourceBlocks: readonly string[];
}

/** Where pods and services of K3s get their addresses from: its defaults. @see https://docs.k3s.io/cli/server */
const K3S_BLOCKS = { pods: "10.42.0.0/16", services: "10.43.0.0/16" };

/**
 * The network of K3s with its defaults (Flannel, and kube-router for policies).
 *
 * The API server is a process of the node, not a pod: to a pod of another node it comes from that node's Flannel
 * address, the first of its /24 in the pod block, in the order in which nodes joined. To pods of its own node traffic is
 * always let in.
 *
 * @param nodeCidrBlocks blocks of the nodes' own addresses
 * @param maximumNodes how many nodes may ever join: so many /24 blocks are handed out
 * @see https://docs.k3s.io/networking/basic-network-options
 */
export function k3sNetwork(nodeCidrBlocks: readonly string[], maximumNodes: number): ClusterNetwork {
  return {
    nodeCidrBlocks,
    podCidrBlock: K3S_BLOCKS.pods,
    serviceCidrBlock: K3S_BLOCKS.services,
    apiServerPort: 6443,
    apiServerSourceBlocks: [
      ...nodeCidrBlocks,
      ...Array.from({ length: maximumNodes }, (_, index) => `10.42.${index}.0/32`),
    ],
  };
}

/** Blocks of a K3s cluster with Calico instead of Flannel, as {@link CALICO_BLOCKS}. */
export const K3S_CALICO_BLOCKS = { pods: "10.42.0.0/17", tunnels: "10.42.128.0/24" };

/**
 * The network of K3s with Cilium instead of Flannel, tunnels between the nodes, and `policyCIDRMatchMode: [nodes]`:
 * without that, no block matches a node.
 *
 * To a pod of another node the API server comes from an address that Cilium gave to its node, somewhere in the pod block.
 * So that block is among those it comes from; no pod gets in by it, since Cilium never matches pods by address.
 *
 * @param nodeCidrBlocks blocks of the nodes' own addresses
 * @see https://docs.cilium.io/en/stable/security/policy/language/ (CIDR-based; selecting nodes with CIDR)
 */
export function k3sCiliumNetwork(nodeCidrBlocks: readonly string[]): ClusterNetwork {
  return {
    nodeCidrBlocks,
    podCidrBlock: K3S_BLOCKS.pods,
    serviceCidrBlock: K3S_BLOCKS.services,
    apiServerPort: 6443,
    apiServerSourceBlocks: [...nodeCidrBlocks, K3S_BLOCKS.pods],
  };
}

/**
 * The network of K3s with Calico (VXLAN) instead of Flannel; see {@link kubeadmNetwork} for the tunnels' block.
 *
 * @param nodeCidrBlocks blocks of the nodes' own addresses
 */
export function k3sCalicoNetwork(nodeCidrBlocks: readonly string[]): ClusterNetwork {
  return {
    nodeCidrBlocks,
    podCidrBlock: K3S_BLOCKS.pods,
    serviceCidrBlock: K3S_BLOCKS.services,
    apiServerPort: 6443,
    apiServerSourceBlocks: [...nodeCidrBlocks, K3S_CALICO_BLOCKS.tunnels],
  };
}

/** Blocks of a kubeadm cluster with Calico: where pods get their addresses from, and where nodes' tunnels do. */
export const CALICO_BLOCKS = { pods: "10.244.0.0/17", tunnels: "10.244.128.0/24" };

/**
 * The network of a kubeadm cluster with Calico (VXLAN).
 *
 * The API server is a process of a control plane: to a pod of another node it comes from its node's tunnel address. Those
 * have a block of their own, so that policies can name it.
 *
 * @param nodeCidrBlocks blocks of the nodes' own addresses
 * @see https://docs.tigera.io/calico/latest/reference/resources/ippool (`allowedUses`)
 */
export function kubeadmNetwork(nodeCidrBlocks: readonly string[]): ClusterNetwork {
  return {
    nodeCidrBlocks,
    podCidrBlock: KUBEADM_POD_CIDR,
    serviceCidrBlock: KUBEADM_SERVICE_CIDR,
    apiServerPort: 6443,
    apiServerSourceBlocks: [...nodeCidrBlocks, CALICO_BLOCKS.tunnels],
  };
}

/** A port that a flow goes to. */
export interface Port {
  /** Port of the pod, 1 to 65535: policies see it, not that of the Service in front. */
  readonly port: number;
  /** @default "TCP" */
  readonly protocol?: "TCP" | "UDP";
}

/** Whatever has pods: a component's, a workload, a Job. */
export interface Connectable {
  readonly pods: Pods;
}

export interface PodsProps {
  readonly namespace: INamespace;
  /** Labels that these pods have, and no others in the namespace. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names the policies. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Flows are allowed only while this holds. @default - as long as the namespace's own condition */
  readonly when?: Condition;
}

/**
 * Blocks that an address of the internet is never in: private ones (RFC 1918), shared (RFC 6598), loopback, and
 * link-local, where clouds answer with the node's credentials (169.254.169.254).
 */
const NOT_INTERNET = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
];

/** The cloud's metadata service, which knows the node's credentials. */
const METADATA_BLOCK = "169.254.169.254/32";

/**
 * Pods that flows go to and come from. Its namespace denies everything; each verb allows one flow, with a NetworkPolicy
 * on each side that is in the cluster, named after the two: `<to>-from-<from>` and `<from>-to-<to>`.
 */
export class Pods extends Construct implements Connectable {
  readonly pods = this;
  readonly name: string;
  readonly namespace: INamespace;
  readonly labels: Readonly<Record<string, string>>;
  private readonly whens: readonly (Condition | undefined)[];

  /** @throws SocleError when there is no label: that would select every pod of the namespace */
  constructor(scope: Construct, id: string, props: PodsProps) {
    super(scope, id);
    this.name = props.name ?? id.replaceAll("_", "-");
    this.namespace = props.namespace;
    this.labels = props.labels;
    this.whens = [props.namespace.when, props.when];
    SocleError.throwIfAny(
      this.node.path,
      Object.keys(props.labels).length > 0
        ? []
        : [`labels are empty, which selects every pod in "${props.namespace.name}": give at least one`],
    );
  }

  /**
   * Lets other pods reach ports of these.
   *
   * @throws SocleError when a port is out of range, none is given, or the two are connected already
   */
  allowFrom(source: Connectable, ...ports: readonly Port[]): void {
    const { pods } = source;
    this.policy("Ingress", `from_${pods.name}`, [pods.asPeer()], ports, pods.whens);
    pods.policy("Egress", `to_${this.name}`, [this.asPeer()], ports, this.whens);
  }

  /** Lets these pods reach ports of others: {@link allowFrom} seen from the other side. */
  allowTo(target: Connectable, ...ports: readonly Port[]): void {
    target.pods.allowFrom(this, ...ports);
  }

  /**
   * Lets these pods reach ports of pods whose namespace denies nothing, such as those of `kube-system`. Only this side gets a
   * policy: one on the other would shut out everybody else.
   */
  allowToUnguarded(target: Connectable, ...ports: readonly Port[]): void {
    this.policy("Egress", `to_${target.pods.name}`, [target.pods.asPeer()], ports, target.pods.whens);
  }

  /**
   * Lets addresses outside the cluster's pods reach ports of these.
   *
   * @param name what the addresses are, such as `load-balancer`
   */
  allowFromBlocks(name: string, blocks: readonly string[], ...ports: readonly Port[]): void {
    this.policy(
      "Ingress",
      `from_${name}`,
      blocks.map((cidr) => ({ ipBlock: { cidr } })),
      ports,
    );
  }

  /**
   * Lets these pods reach ports of addresses outside the cluster's pods.
   *
   * @param name what the addresses are, such as `database`
   */
  allowToBlocks(name: string, blocks: readonly string[], ...ports: readonly Port[]): void {
    this.policy(
      "Egress",
      `to_${name}`,
      blocks.map((cidr) => ({ ipBlock: { cidr } })),
      ports,
    );
  }

  /** Lets these pods reach ports anywhere on the internet: not in private networks, and not the cloud's metadata. */
  allowToInternet(name: string, ...ports: readonly Port[]): void {
    this.policy("Egress", `to_${name}`, [{ ipBlock: { cidr: "0.0.0.0/0", except: NOT_INTERNET } }], ports);
  }

  /**
   * Lets these pods reach ports of a service that is outside the cluster, on the internet or in the private network,
   * at an address that only DNS knows: not in the cluster, and not the cloud's metadata.
   */
  allowToOutside(name: string, ...ports: readonly Port[]): void {
    const { podCidrBlock, serviceCidrBlock } = this.namespace.cluster.network;
    const except = [podCidrBlock, serviceCidrBlock, "169.254.0.0/16"];
    this.policy("Egress", `to_${name}`, [{ ipBlock: { cidr: "0.0.0.0/0", except } }], ports);
  }

  /** Lets these pods reach ports of the nodes themselves, such as the kubelet's. */
  allowToNodes(...ports: readonly Port[]): void {
    this.allowToBlocks("nodes", this.namespace.cluster.network.nodeCidrBlocks, ...ports);
  }

  /** Lets these pods take the node's identity from the cloud's metadata service: whoever runs in them can act as it. */
  allowToMetadata(): void {
    this.allowToBlocks("metadata", [METADATA_BLOCK], { port: 80 });
  }

  /** Lets these pods use the Kubernetes API. What they may do there is up to RBAC. */
  allowToApiServer(): void {
    const { nodeCidrBlocks, apiServerPort } = this.namespace.cluster.network;
    this.allowToBlocks("api-server", nodeCidrBlocks, { port: apiServerPort });
  }

  /** Lets the API server call webhooks of these pods. */
  allowFromApiServer(...ports: readonly Port[]): void {
    this.allowFromBlocks("api-server", this.namespace.cluster.network.apiServerSourceBlocks, ...ports);
  }

  private asPeer(): Peer {
    return {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": this.namespace.name } },
      podSelector: { matchLabels: this.labels },
    };
  }

  private policy(
    direction: "Ingress" | "Egress",
    id: string,
    peers: readonly Peer[],
    ports: readonly Port[],
    whens: readonly (Condition | undefined)[] = [],
  ): void {
    const name = `${this.name}-${id.replaceAll("_", "-")}`;
    const childId = id.replaceAll("-", "_");
    SocleError.throwIfAny(this.node.path, [
      ...(ports.length > 0 ? [] : [`the flow "${name}" has no port: name at least one`]),
      ...(peers.length > 0 ? [] : [`the flow "${name}" has no address block: that would allow every address`]),
      ...ports
        .filter(({ port }) => !(Number.isInteger(port) && port >= 1 && port <= 65535))
        .map(({ port }) => `the flow "${name}" has port ${port}, which is not between 1 and 65535`),
      ...(this.node.tryFindChild(childId)
        ? [`the flow "${name}" is allowed already: give all its ports in one call`]
        : []),
    ]);
    const rule = { ports: ports.map(({ port, protocol }) => ({ port: String(port), protocol: protocol ?? "TCP" })) };
    new NetworkPolicyV1(this, childId, {
      ...countOf(...this.whens, ...whens),
      metadata: { name, namespace: this.namespace.name },
      spec: {
        podSelector: { matchLabels: this.labels },
        policyTypes: [direction],
        ...(direction === "Ingress"
          ? { ingress: [{ from: [...peers], ...rule }] }
          : { egress: [{ to: [...peers], ...rule }] }),
      },
      dependsOn: [...this.namespace.present],
    });
  }
}

interface Peer {
  readonly namespaceSelector?: { readonly matchLabels: Record<string, string> };
  readonly podSelector?: { readonly matchLabels: Record<string, string> };
  readonly ipBlock?: { readonly cidr: string; readonly except?: string[] };
}
