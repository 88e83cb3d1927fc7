import { ClusterCapacity, type ClusterCapacityProps } from "../../constructs/cluster/capacity";
import { KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { Namespace, type NamespaceProps } from "../../constructs/cluster/namespace";
import { k3sNetwork } from "../../constructs/cluster/network-policy";
import { type Layer, type TerraformJson } from "../../constructs/core/layer";

/** A cluster of one node with 4 CPUs and 8 GiB, less what a case says. */
export function testCluster(layer: Layer, capacity: Partial<ClusterCapacityProps> = {}): KubernetesCluster {
  return new KubernetesCluster(layer, "cluster", {
    host: "https://192.0.2.1:6443",
    caCertificate: "ca",
    clientCertificate: "certificate",
    clientKey: "key",
    network: k3sNetwork(["10.0.0.0/16"], 2),
    capacity: new ClusterCapacity({
      nodeType: "small",
      nodeCount: 1,
      node: { cpuMillis: 4000, memoryMib: 8192 },
      systemReserve: { cpuMillis: 500, memoryMib: 1024 },
      ...capacity,
    }),
  });
}

/** A namespace with room for everything. */
export function testNamespace(cluster: KubernetesCluster, id = "apps", props: Partial<NamespaceProps> = {}): Namespace {
  return new Namespace(cluster.node.scope as Layer, id, {
    cluster,
    quota: { cpuMillis: 4000, memoryMib: 8192, pods: 20 },
    ...props,
  });
}

/** One flow that the NetworkPolicies of a layer allow, such as `["egress", "apps/web", "vault/vault", "8200"]`. */
export type Flow = readonly [direction: "ingress" | "egress", pods: string, peer: string, ports: string];

interface Selector {
  readonly match_labels?: Record<string, string>;
}
interface Peer {
  readonly pod_selector?: Selector;
  readonly namespace_selector?: Selector;
  readonly ip_block?: { cidr: string; except?: string[] };
}
interface Rule {
  readonly from?: Peer[];
  readonly to?: Peer[];
  readonly ports: { port: string; protocol: string }[];
}

/** Every flow that a layer's NetworkPolicies allow, as the JSON says it, in alphabetical order. */
export function flowsOf(json: TerraformJson): Flow[] {
  const policies = Object.values(json.resource?.["kubernetes_network_policy_v1"] ?? {}) as unknown as {
    metadata: { namespace: string };
    spec: { pod_selector: Selector; ingress?: Rule[]; egress?: Rule[] };
  }[];
  const labels = ({ match_labels: all = {} }: Selector) => Object.values(all).join("+") || "*";
  return policies
    .flatMap(({ metadata, spec }) =>
      (["ingress", "egress"] as const).flatMap((direction) =>
        (spec[direction] ?? []).flatMap((rule) =>
          ((direction === "ingress" ? rule.from : rule.to) ?? []).map((peer): Flow => {
            const namespace = Object.values(peer.namespace_selector?.match_labels ?? {}).join();
            const other = peer.ip_block
              ? [peer.ip_block.cidr, ...(peer.ip_block.except ?? []).map((block) => `-${block}`)].join(" ")
              : `${namespace}/${labels(peer.pod_selector ?? {})}`;
            const ports = rule.ports.map(({ port, protocol }) => (protocol === "TCP" ? port : `${port}/${protocol}`));
            return [direction, `${metadata.namespace}/${labels(spec.pod_selector)}`, other, ports.join(",")];
          }),
        ),
      ),
    )
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
}
