import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { Namespace, type NamespaceProps } from "../../../constructs/cluster/namespace";
import { type Layer } from "../../../constructs/core/layer";
import { NAMESPACES, SERVICES_NAMESPACE } from "../names";
import { type Profile } from "../settings";

/** Namespaces that several parts and layers share; what belongs to one component has its own. */
export interface FoundationNamespaces {
  readonly staging: Namespace;
  readonly production: Namespace;
  readonly monitoring: Namespace;
  readonly data: Namespace;
  /** For what needs the nodes' file systems to observe them. */
  readonly nodeAgents: Namespace;
}

type Quota = NamespaceProps["quota"];

/** What all pods of a namespace may request together, the room of a rolling update included. */
const QUOTAS: Readonly<Record<Profile, Readonly<Record<"services" | "monitoring" | "data" | "nodeAgents", Quota>>>> = {
  staging: {
    services: { cpuMillis: 1500, memoryMib: 4096, pods: 40 },
    monitoring: { cpuMillis: 1600, memoryMib: 4608, pods: 40 },
    data: { cpuMillis: 2400, memoryMib: 6656, pods: 50 },
    nodeAgents: { cpuMillis: 1200, memoryMib: 2560, pods: 30 },
  },
  production: {
    services: { cpuMillis: 4000, memoryMib: 10240, pods: 80 },
    monitoring: { cpuMillis: 3000, memoryMib: 10240, pods: 60 },
    data: { cpuMillis: 5000, memoryMib: 16384, pods: 80 },
    nodeAgents: { cpuMillis: 2500, memoryMib: 5120, pods: 60 },
  },
};

/** In the services' namespace of the profile that this cluster is not: nothing runs there. */
const NOTHING: Quota = { cpuMillis: 0, memoryMib: 0, pods: 0 };

/** The namespaces of services, data and observation, with their guardrails. */
export function addNamespaces(layer: Layer, cluster: KubernetesCluster, profile: Profile): FoundationNamespaces {
  const quotas = QUOTAS[profile];
  const make = (id: string, name: string, quota: Quota, more: Partial<NamespaceProps> = {}) =>
    new Namespace(layer, id, { cluster, name, quota, ...more });
  const services = (name: string) => (SERVICES_NAMESPACE[profile] === name ? quotas.services : NOTHING);
  return {
    staging: make("staging", NAMESPACES.staging, services(NAMESPACES.staging)),
    production: make("production", NAMESPACES.production, services(NAMESPACES.production)),
    monitoring: make("monitoring", NAMESPACES.monitoring, quotas.monitoring),
    data: make("data", NAMESPACES.data, quotas.data, { holdsData: true }),
    nodeAgents: make("node_agents", NAMESPACES.nodeAgents, quotas.nodeAgents, {
      podSecurity: {
        level: "privileged",
        reason:
          "Node exporter, Alloy and Falco mount file systems of their node, and Falco loads a probe into its kernel, to observe it.",
      },
    }),
  };
}
