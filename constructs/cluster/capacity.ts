import { type CapacityEntry, type NodesCapacity } from "../core/layer";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type Condition } from "./namespace";

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
  /** How many there are at most, or one on each node, control planes of their own included (a DaemonSet). */
  readonly replicas: number | "perNode";
  /** Whether they run on the control planes, where these are nodes of their own. @default false */
  readonly onControlPlanes?: boolean;
  /** They run only while this holds. @default - always */
  readonly when?: Condition;
}

/** Nodes of one type. */
export interface CapacityNodes {
  /** What a node is, for people, such as `VM.Standard.A1.Flex, 2 OCPU, 12 GiB`. */
  readonly nodeType: string;
  readonly nodeCount: number;
  /** What one node has. */
  readonly node: Requests;
  /** What the operating system, the kubelet and (where it runs on the same nodes) the control plane take of each node. */
  readonly systemReserve: Requests;
}

export interface ClusterCapacityProps extends CapacityNodes {
  /** Control planes that take no other pods than those of every node and those that say so. @default - no such nodes */
  readonly controlPlanes?: CapacityNodes;
  /** Pods that the distribution brings, such as CoreDNS. @default - none */
  readonly builtIn?: readonly PodDemand[];
  /**
   * Choices of ops that exclude each other, such as scenarios: name → whether pods under a condition run then. Each is to
   * fit by itself.
   * @default - one case, in which all pods run
   */
  readonly cases?: Readonly<Record<string, (when: Condition) => boolean>>;
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
    SocleError.throwIfAny(
      `capacity of ${props.nodeType}`,
      [props, ...(props.controlPlanes ? [props.controlPlanes] : [])].flatMap(problemsOf),
    );
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

  /** What runs under the conditions that are chosen, all replicas together. */
  requestedWhile(chosen: (when: Condition) => boolean): Requests {
    const rows = this.demands.filter(({ when }) => when !== undefined && chosen(when));
    return {
      cpuMillis: sum(rows.map((row) => row.cpuMillis * this.countOf(row))),
      memoryMib: sum(rows.map((row) => row.memoryMib * this.countOf(row))),
    };
  }

  /** What runs under no condition, and the reserve of the nodes. */
  get requestedAlways(): Requests {
    return nodesEntry(
      this.props,
      this.demands.filter(({ when }) => when === undefined),
    ).requested;
  }

  /**
   * The table for `socle.json`: every row, and what is requested and available in all; control planes apart. Where there are
   * cases, the table of each, and in the first place what runs in all of them.
   */
  get entry(): CapacityEntry {
    const { controlPlanes, cases } = this.props;
    return {
      ...nodesEntry(this.props, this.demandsOn(false, cases ? () => false : undefined)),
      ...(controlPlanes ? { controlPlanes: nodesEntry(controlPlanes, this.demandsOn(true)) } : {}),
      ...(cases
        ? {
            cases: Object.fromEntries(
              Object.entries(cases).map(([name, runs]) => [name, nodesEntry(this.props, this.demandsOn(false, runs))]),
            ),
          }
        : {}),
    };
  }

  /** What does not fit, a sentence each with the largest consumers; empty when everything does. */
  problems(): string[] {
    const { controlPlanes, cases } = this.props;
    return [
      ...(cases
        ? Object.entries(cases).flatMap(([name, runs]) =>
            shortages(this.props, this.demandsOn(false, runs)).map((problem) => `in ${name}, ${problem}`),
          )
        : shortages(this.props, this.demandsOn(false))),
      ...(controlPlanes ? shortages(controlPlanes, this.demandsOn(true)) : []),
    ];
  }

  /**
   * The pods of the control planes, or of all other nodes; where control planes are no nodes of their own, all are there.
   *
   * @param runs whether pods under a condition are among them
   */
  private demandsOn(controlPlanes: boolean, runs: (when: Condition) => boolean = () => true): PodDemand[] {
    return this.demands.filter(
      ({ replicas, onControlPlanes = false, when }) =>
        (replicas === "perNode" || !this.props.controlPlanes || onControlPlanes === controlPlanes) &&
        (when === undefined || runs(when)),
    );
  }

  private countOf({ replicas }: PodDemand): number {
    return replicas === "perNode" ? this.props.nodeCount + (this.props.controlPlanes?.nodeCount ?? 0) : replicas;
  }
}

function problemsOf({ nodeType, nodeCount, node, systemReserve }: CapacityNodes): string[] {
  return [
    ...wholeNumberProblems({ [`nodeCount of ${nodeType}`]: nodeCount }),
    ...(systemReserve.cpuMillis < node.cpuMillis
      ? []
      : [
          `the system reserve of ${systemReserve.cpuMillis} m CPU leaves nothing of the ${node.cpuMillis} m of a ${nodeType}`,
        ]),
    ...(systemReserve.memoryMib < node.memoryMib
      ? []
      : [
          `the system reserve of ${systemReserve.memoryMib} MiB leaves nothing of the ${node.memoryMib} MiB of a ${nodeType}`,
        ]),
  ];
}

/** What nodes of one type have, and what these pods ask of them. */
function nodesEntry(nodes: CapacityNodes, demands: readonly PodDemand[]): NodesCapacity {
  const { nodeType, nodeCount, node, systemReserve } = nodes;
  const row = ({ name, namespace, cpuMillis, memoryMib, replicas }: PodDemand) => {
    const count = replicas === "perNode" ? nodeCount : replicas;
    return { name, namespace, replicas: count, cpuMillis: cpuMillis * count, memoryMib: memoryMib * count };
  };
  const reserve = { name: "system reserve", namespace: "(nodes)", replicas: "perNode", ...systemReserve } as const;
  const rows = [reserve, ...demands].map(row);
  return {
    nodeType,
    nodeCount,
    available: { cpuMillis: node.cpuMillis * nodeCount, memoryMib: node.memoryMib * nodeCount },
    requested: {
      cpuMillis: sum(rows.map((each) => each.cpuMillis)),
      memoryMib: sum(rows.map((each) => each.memoryMib)),
    },
    rows,
  };
}

/** What does not fit nodes of one type, a sentence each. */
function shortages(nodes: CapacityNodes, demands: readonly PodDemand[]): string[] {
  const { available, requested, rows, nodeCount, nodeType } = nodesEntry(nodes, demands);
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
    cpuMillis: nodes.node.cpuMillis - nodes.systemReserve.cpuMillis,
    memoryMib: nodes.node.memoryMib - nodes.systemReserve.memoryMib,
  };
  const tooLarge = demands
    .filter(({ cpuMillis, memoryMib }) => cpuMillis > free.cpuMillis || memoryMib > free.memoryMib)
    .map(
      ({ name, cpuMillis, memoryMib }) =>
        `a pod of ${name} requests ${cpuMillis} m CPU and ${memoryMib} MiB; a node has ${free.cpuMillis} m and ${free.memoryMib} MiB beside its system`,
    );
  return [...over("cpuMillis", "m CPU"), ...over("memoryMib", "MiB"), ...tooLarge];
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
