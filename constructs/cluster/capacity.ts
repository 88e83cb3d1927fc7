import { type CapacityEntry } from "../core/layer";
import { SocleError } from "../core/error";

/** What pods ask of the scheduler. */
export interface Requests {
  /** Thousandths of a CPU. */
  readonly cpuMillis: number;
  readonly memoryMib: number;
}

/** Pods of one kind that a cluster runs. */
export interface PodDemand extends Requests {
  /** What a person calls them, such as `kube-prometheus-stack/grafana`. */
  readonly name: string;
  readonly namespace: string;
  /** How many there are at most, or one on each node (a DaemonSet). */
  readonly replicas: number | "perNode";
}

export interface ClusterCapacityProps {
  /** What a node is, for people, such as `VM.Standard.A1.Flex, 2 OCPU, 12 GiB`. */
  readonly nodeType: string;
  readonly nodeCount: number;
  /** What one node has. */
  readonly node: Requests;
  /** What the operating system, the kubelet and (where it runs on the same nodes) the control plane take of each node. */
  readonly systemReserve: Requests;
  /** Pods that the distribution brings, such as CoreDNS. @default - none */
  readonly builtIn?: readonly PodDemand[];
}

/**
 * Whether what is deployed fits the nodes: requests, added up over every layer that delivers to the cluster.
 *
 * A replica that does not fit stays `Pending`, and Terraform waits for it until its timeout: better to hear of it at
 * synth. Only requests are added up, since only they are what the scheduler goes by; limits may exceed the node.
 */
export class ClusterCapacity {
  private readonly demands: PodDemand[];

  /** @throws SocleError when a number is not positive, or the reserve alone is more than a node has */
  constructor(private readonly props: ClusterCapacityProps) {
    const { nodeCount, node, systemReserve } = props;
    const problems = [
      ...(Number.isInteger(nodeCount) && nodeCount >= 1
        ? []
        : [`nodeCount is ${nodeCount}: use a whole number from 1 on`]),
      ...(systemReserve.cpuMillis < node.cpuMillis
        ? []
        : [
            `the system reserve of ${systemReserve.cpuMillis} m CPU leaves nothing of the ${node.cpuMillis} m of a node`,
          ]),
      ...(systemReserve.memoryMib < node.memoryMib
        ? []
        : [
            `the system reserve of ${systemReserve.memoryMib} MiB leaves nothing of the ${node.memoryMib} MiB of a node`,
          ]),
    ];
    SocleError.throwIfAny(`capacity of ${props.nodeType}`, problems);
    this.demands = [...(props.builtIn ?? [])];
  }

  /** Counts pods that run in the cluster. Called by the constructs that deliver them. */
  add(demand: PodDemand): void {
    this.demands.push(demand);
  }

  /** What runs in one namespace, all its replicas together. */
  requestedIn(namespace: string): Requests & { readonly pods: number } {
    const rows = this.demands.filter((demand) => demand.namespace === namespace);
    return {
      cpuMillis: sum(rows.map((row) => row.cpuMillis * this.countOf(row))),
      memoryMib: sum(rows.map((row) => row.memoryMib * this.countOf(row))),
      pods: sum(rows.map((row) => this.countOf(row))),
    };
  }

  /** The table for `socle.json`: every row, and what is requested and available in all. */
  get entry(): CapacityEntry {
    const { nodeType, nodeCount, node, systemReserve } = this.props;
    const rows = [
      {
        name: "system reserve",
        namespace: "(nodes)",
        replicas: nodeCount,
        cpuMillis: systemReserve.cpuMillis * nodeCount,
        memoryMib: systemReserve.memoryMib * nodeCount,
      },
      ...this.demands.map((demand) => ({
        name: demand.name,
        namespace: demand.namespace,
        replicas: this.countOf(demand),
        cpuMillis: demand.cpuMillis * this.countOf(demand),
        memoryMib: demand.memoryMib * this.countOf(demand),
      })),
    ];
    return {
      nodeType,
      nodeCount,
      available: { cpuMillis: node.cpuMillis * nodeCount, memoryMib: node.memoryMib * nodeCount },
      requested: { cpuMillis: sum(rows.map((row) => row.cpuMillis)), memoryMib: sum(rows.map((row) => row.memoryMib)) },
      rows,
    };
  }

  /** What does not fit, a sentence each with the largest consumers; empty when everything does. */
  problems(): string[] {
    const { available, requested, rows, nodeCount, nodeType } = this.entry;
    const where = `${nodeCount} × ${nodeType}`;
    const over = (resource: keyof Requests, unit: string): string[] => {
      const largest = [...rows].sort((a, b) => b[resource] - a[resource]).slice(0, 3);
      return requested[resource] <= available[resource]
        ? []
        : [
            `${requested[resource]} ${unit} are requested, ${where} have ${available[resource]} ${unit}; the largest are ` +
              largest.map((row) => `${row.name} (${row[resource]} ${unit})`).join(", "),
          ];
    };
    const free = {
      cpuMillis: this.props.node.cpuMillis - this.props.systemReserve.cpuMillis,
      memoryMib: this.props.node.memoryMib - this.props.systemReserve.memoryMib,
    };
    const tooLarge = this.demands
      .filter(({ cpuMillis, memoryMib }) => cpuMillis > free.cpuMillis || memoryMib > free.memoryMib)
      .map(
        ({ name, cpuMillis, memoryMib }) =>
          `a pod of ${name} requests ${cpuMillis} m CPU and ${memoryMib} MiB; a node has ${free.cpuMillis} m and ${free.memoryMib} MiB beside its system`,
      );
    return [...over("cpuMillis", "m CPU"), ...over("memoryMib", "MiB"), ...tooLarge];
  }

  private countOf({ replicas }: PodDemand): number {
    return replicas === "perNode" ? this.props.nodeCount : replicas;
  }
}

/**
 * A CPU quantity in thousandths, such as 100 for `"100m"` and 500 for `0.5`; undefined when it is none.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function cpuMillis(quantity: unknown): number | undefined {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(quantity)) ?? [];
  return number === undefined ? undefined : Math.ceil(Number(number) * (milli ? 1 : 1000));
}

/** A memory quantity in MiB, such as 128 for `"128Mi"` and 1024 for `"1Gi"`; undefined when it is none. */
export function memoryMib(quantity: unknown): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G|)$/.exec(String(quantity)) ?? [];
  const bytes: Readonly<Record<string, number>> = {
    "": 1,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
  };
  return number === undefined ? undefined : Math.ceil((Number(number) * (bytes[unit ?? ""] as number)) / 2 ** 20);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
