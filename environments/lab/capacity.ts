import { ClusterCapacity } from "../../constructs/cluster/capacity";
import { K3S_DOCKER_RESERVE } from "../../constructs/cluster/k3s-docker-cluster";
import { type Condition } from "../../constructs/cluster/namespace";
import { isComponentCondition } from "../../constructs/delivery/component-selection";
import { SCENARIOS } from "./catalogue";
import { CONTAINER_MEMORY_MIB } from "./container-memory";
import { type LabSettings } from "./settings";

/**
 * What runs on the workstation: containers of its Docker and pods of the cluster together, by scenario. The nodes are
 * containers too, so none has a memory of its own: each counts for an equal share.
 */
export function labCapacity({ workstation, agents }: LabSettings): ClusterCapacity {
  const { server } = K3S_DOCKER_RESERVE;
  const nodeCount = 1 + agents;
  const share = (whole: number) => Math.floor(whole / nodeCount);
  const container = (name: string, memoryMib: number, cpuMillis = 0) => ({
    name,
    namespace: "(containers)",
    cpuMillis,
    memoryMib,
    replicas: 1,
  });
  return new ClusterCapacity({
    nodeType: `k3s node on a workstation that gives ${workstation.memoryMib / 1024} GiB and ${workstation.cpus} CPU in all`,
    nodeCount,
    node: { cpuMillis: share(workstation.cpus * 1000), memoryMib: share(workstation.memoryMib) },
    systemReserve: K3S_DOCKER_RESERVE.agent,
    builtIn: [
      ...Object.entries(CONTAINER_MEMORY_MIB).map(([name, memoryMib]) => container(name, memoryMib)),
      // The API server, its datastore (SQLite) and controllers: what the server's node takes beside what each does.
      container(
        "k3s server",
        server.memoryMib - K3S_DOCKER_RESERVE.agent.memoryMib,
        server.cpuMillis - K3S_DOCKER_RESERVE.agent.cpuMillis,
      ),
      // As the manifests of k3s request them; the provisioner of volumes requests nothing.
      { name: "coredns", namespace: "kube-system", cpuMillis: 100, memoryMib: 70, replicas: 1 },
      { name: "metrics-server", namespace: "kube-system", cpuMillis: 100, memoryMib: 70, replicas: 1 },
    ],
    cases: Object.fromEntries(
      Object.entries(SCENARIOS).map(([name, components]) => [
        name,
        (when: Condition) => isComponentCondition(when) && (components as readonly string[]).includes(when.component),
      ]),
    ),
  });
}
