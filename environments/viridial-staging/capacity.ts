import { type CapacityNodes, ClusterCapacity } from "../../constructs/cluster/capacity";
import { KUBEADM_RESERVE } from "../../constructs/cluster/kubeadm-user-data";
import { HETZNER_SERVER_TYPES, type HetznerServerType } from "../../constructs/compute/hetzner-server";
import { type ViridialSettings } from "./settings";

/** Type of the workers where ops do not say otherwise; they may take a larger one, never a smaller. */
export const WORKER_TYPE = "cpx32";

/**
 * Whether control planes take pods like workers: three do. What has three replicas needs three nodes to outlive the loss of
 * one, and beside three control planes a cluster of five nodes has two workers.
 */
export function controlPlanesRunWorkloads({ controlPlanes }: ViridialSettings): boolean {
  return controlPlanes > 1;
}

/** Type of the control planes where ops do not say otherwise. */
export function controlPlaneType(settings: ViridialSettings): string {
  return controlPlanesRunWorkloads(settings) ? WORKER_TYPE : "cpx22";
}

/**
 * What all layers of the environment put onto its nodes. A single control plane takes pods of every node, and those of the
 * foundation that hold the cloud's token or approve certificates.
 */
export function viridialCapacity(settings: ViridialSettings): ClusterCapacity {
  const { workerCount, controlPlanes } = settings;
  const onControlPlanes = (name: string, cpuMillis: number, memoryMib: number) => ({
    name,
    namespace: "kube-system",
    cpuMillis,
    memoryMib,
    replicas: controlPlanes,
    onControlPlanes: true,
  });
  return new ClusterCapacity({
    ...(controlPlanesRunWorkloads(settings)
      ? nodesOf(WORKER_TYPE, workerCount + controlPlanes)
      : {
          ...nodesOf(WORKER_TYPE, workerCount),
          controlPlanes: nodesOf(controlPlaneType(settings), controlPlanes),
        }),
    builtIn: [
      // CoreDNS, as kubeadm's manifest requests it.
      { name: "coredns", namespace: "kube-system", cpuMillis: 100, memoryMib: 70, replicas: 2 },
      // CPU as kubeadm's manifests request it; of memory they request next to none, so this is what they take.
      onControlPlanes("kube-apiserver", 250, 768),
      onControlPlanes("etcd", 100, 256),
      onControlPlanes("kube-controller-manager", 200, 128),
      onControlPlanes("kube-scheduler", 100, 64),
    ],
  });
}

function nodesOf(type: string, nodeCount: number): CapacityNodes {
  const { vcpus, memoryGib } = HETZNER_SERVER_TYPES[type] as HetznerServerType;
  return {
    nodeType: `${type} with ${vcpus} vCPU and ${memoryGib} GB`,
    nodeCount,
    node: { cpuMillis: vcpus * 1000, memoryMib: memoryGib * 1024 },
    systemReserve: KUBEADM_RESERVE,
  };
}
