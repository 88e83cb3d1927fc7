import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { Namespace, type NamespaceProps } from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { type Layer } from "../../../constructs/core/layer";
import { NAMESPACES, PODS } from "../names";

/** The namespaces of lab-platform: there in every scenario, whatever runs in them. */
export interface PlatformNamespaces {
  readonly certManager: Namespace;
  readonly externalSecrets: Namespace;
  readonly traefik: Namespace;
  readonly monitoring: Namespace;
  readonly nodeAgents: Namespace;
}

type Quota = NamespaceProps["quota"];

/** What all pods of a namespace may request together, in any scenario, the room of a rolling update included. */
const QUOTAS: Readonly<Record<keyof PlatformNamespaces, Quota>> = {
  certManager: { cpuMillis: 200, memoryMib: 768, pods: 10 },
  externalSecrets: { cpuMillis: 150, memoryMib: 384, pods: 6 },
  traefik: { cpuMillis: 200, memoryMib: 512, pods: 6, nodePorts: 2 },
  monitoring: { cpuMillis: 3000, memoryMib: 6144, pods: 60 },
  nodeAgents: { cpuMillis: 2500, memoryMib: 5120, pods: 60 },
};

/** Makes the namespaces, and the pods in them that parts of this layer know before those who bring them. */
export function addNamespaces(layer: Layer, cluster: KubernetesCluster): PlatformNamespaces {
  const make = (id: string, key: keyof PlatformNamespaces, more: Partial<NamespaceProps> = {}) =>
    new Namespace(layer, id, { cluster, name: NAMESPACES[key], quota: QUOTAS[key], ...more });
  const namespaces = {
    certManager: make("cert_manager_namespace", "certManager"),
    externalSecrets: make("external_secrets_namespace", "externalSecrets"),
    traefik: make("traefik_namespace", "traefik"),
    monitoring: make("monitoring_namespace", "monitoring"),
    nodeAgents: make("node_agents_namespace", "nodeAgents", {
      podSecurity: {
        level: "privileged",
        reason:
          "Node exporter and Alloy mount file systems of their node to observe it, and the plugin of NVIDIA's cards a socket of the kubelet.",
      },
    }),
  };
  // As `neighbour` would make them, which takes them for an earlier layer's.
  new Pods(layer, "prometheus_pods", {
    namespace: namespaces.monitoring,
    labels: PODS.prometheus.labels,
    name: "prometheus",
  });
  new Pods(layer, "traefik_pods", { namespace: namespaces.traefik, labels: PODS.traefik.labels, name: "traefik" });
  return namespaces;
}
