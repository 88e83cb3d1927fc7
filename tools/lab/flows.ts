import { LabError } from "./lab-error";

/** Labels that pods have. */
type Labels = Readonly<Record<string, string>>;

/** Pods of one kind, as policies select them. */
export interface PodKind {
  readonly namespace: string;
  readonly labels: Labels;
}

/** That pods of one kind reach ports of others, or of something outside the cluster's pods. */
export interface Flow {
  /** Such as `agents/agent`. */
  readonly from: string;
  /** Such as `mcp/mcp-query`, `gitlab` or `internet`. */
  readonly to: string;
  /** Such as `8080` or `53/UDP`, in the order of their numbers. */
  readonly ports: readonly string[];
}

interface Selector {
  readonly match_labels?: Labels;
}
interface Peer {
  readonly namespace_selector?: Selector;
  readonly pod_selector?: Selector;
  readonly ip_block?: { readonly cidr: string };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: string; readonly protocol?: string }[];
}
interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly pod_selector: Selector;
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/** A layer as Terraform reads it, as far as it matters here. */
export interface PolicyLayer {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One direction of one policy to one peer. */
interface Allowed {
  readonly pods: PodKind;
  readonly peer: PodKind | string;
  readonly ports: readonly string[];
}

/** Namespaces with data, and those of language models: who reaches them is shown first. */
export const QUARANTINED = [
  "minio",
  "trino",
  "mlflow",
  "kafka",
  "llm",
  "vector-store",
  "mcp",
  "agents",
  "training",
] as const;

const NAMESPACE_LABEL = "kubernetes.io/metadata.name";
const POLICY = "kubernetes_network_policy_v1";

/**
 * Who reaches whom, by the NetworkPolicies of all layers together, as if every component were chosen at once. A flow between
 * pods is there when both sides allow it; a namespace without a default deny of its own stops nobody.
 *
 * Every kind of pods that a policy names is looked at. DNS, which everybody reaches, is left out.
 *
 * @param layers what synth wrote for each
 */
export function reachability(layers: readonly PolicyLayer[]): Flow[] {
  const policies = layers.flatMap(({ resource }) => Object.values(resource?.[POLICY] ?? {}) as readonly Policy[]);
  const guarded = new Set(
    policies.filter(({ spec }) => isEveryPod(spec.pod_selector)).map(({ metadata }) => metadata.namespace),
  );
  const rules = (direction: "ingress" | "egress") =>
    policies.filter(({ spec }) => !isEveryPod(spec.pod_selector)).flatMap((policy) => allowedBy(policy, direction));
  const [ingress, egress] = [rules("ingress"), rules("egress")];
  const kinds = distinct(
    [...ingress, ...egress].flatMap(({ pods, peer }) => (typeof peer === "string" ? [pods] : [pods, peer])),
  );

  const flows: Flow[] = [];
  for (const from of kinds) {
    const out = egress.filter(({ pods }) => isAmong(from, pods));
    for (const to of kinds) {
      const sent = portsTo(out, to);
      const taken = guarded.has(to.namespace)
        ? portsTo(
            ingress.filter(({ pods }) => isAmong(to, pods)).map((each) => ({ ...each, pods: to })),
            from,
          )
        : sent;
      add(flows, from, nameOf(to), guarded.has(from.namespace) ? sent.filter((port) => taken.includes(port)) : taken);
    }
    for (const outside of new Set(out.flatMap(({ peer }) => (typeof peer === "string" ? [peer] : [])))) {
      add(
        flows,
        from,
        outside,
        out.filter(({ peer }) => peer === outside).flatMap(({ ports }) => ports),
      );
    }
  }
  return flows.sort((a, b) => order(`${a.from} ${a.to}`, `${b.from} ${b.to}`));
}

/** Flows as tables for people: a matrix of namespaces, and each flow. */
export function flowsDocument(flows: readonly Flow[], guarded: readonly string[]): string {
  const spaceOf = (name: string) => name.split("/")[0] as string;
  const outside = [...new Set(flows.map(({ to }) => to).filter((to) => !to.includes("/")))].sort(order);
  const columns = [...guarded, ...outside];
  const rows = [...new Set(flows.map(({ from }) => spaceOf(from)))].sort(order);
  const cell = (row: string, column: string) => {
    const ports = flows
      .filter(({ from, to }) => spaceOf(from) === row && spaceOf(to) === column)
      .flatMap((flow) => flow.ports);
    return sorted(ports).join(" ") || "·";
  };
  return [
    "## Namespaces",
    "",
    ...table(
      ["from \\ to", ...columns],
      rows.map((row) => [row, ...columns.map((column) => cell(row, column))]),
    ),
    "",
    "## Pods",
    "",
    ...table(
      ["from", "to", "ports"],
      flows.map(({ from, to, ports }) => [from, to, ports.join(", ")]),
    ),
  ].join("\n");
}

const BEGIN = "<!-- flows: tools/lab/flows-cli.ts -->";
const END = "<!-- /flows -->";

/**
 * A document with these tables between its markers.
 *
 * @throws LabError when it has no markers
 */
export function withFlows(document: string, tables: string): string {
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new LabError(`The document has no ${BEGIN} with ${END} after it: say where the flows belong.`);
  }
  return `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`;
}

function allowedBy({ metadata, spec }: Policy, direction: "ingress" | "egress"): Allowed[] {
  const pods = { namespace: metadata.namespace, labels: spec.pod_selector.match_labels ?? {} };
  return (spec[direction] ?? []).flatMap((rule) =>
    ((direction === "ingress" ? rule.from : rule.to) ?? []).map((peer) => ({
      pods,
      peer: peer.ip_block ? outsideOf(metadata.name, peer.ip_block.cidr) : kindOf(peer, metadata.namespace),
      ports: (rule.ports ?? []).map(({ port, protocol = "TCP" }) =>
        protocol === "TCP" ? port : `${port}/${protocol}`,
      ),
    })),
  );
}

/** What is outside is called as the policy calls it: `<pods>-to-<name>`, `<pods>-from-<name>`. */
function outsideOf(policy: string, cidr: string): string {
  const name = policy.replace(/^.*-(?:to|from)-/, "");
  return cidr === "0.0.0.0/0" ? `internet (${name})` : name;
}

function kindOf({ namespace_selector: namespace, pod_selector: pods }: Peer, own: string): PodKind {
  return { namespace: namespace?.match_labels?.[NAMESPACE_LABEL] ?? own, labels: pods?.match_labels ?? {} };
}

function isEveryPod({ match_labels: labels = {} }: Selector): boolean {
  return Object.keys(labels).length === 0;
}

/** Whether pods of one kind are all among those of another: they have its labels, and maybe more. */
function isAmong(pods: PodKind, others: PodKind): boolean {
  return (
    pods.namespace === others.namespace &&
    Object.entries(others.labels).every(([name, value]) => pods.labels[name] === value)
  );
}

function portsTo(rules: readonly Allowed[], pods: PodKind): string[] {
  return rules.flatMap(({ peer, ports }) => (typeof peer !== "string" && isAmong(pods, peer) ? ports : []));
}

function add(flows: Flow[], from: PodKind, to: string, ports: readonly string[]): void {
  if (ports.length > 0) {
    flows.push({ from: nameOf(from), to, ports: sorted(ports) });
  }
}

function nameOf(kind: PodKind): string {
  const kept = sortedLabels(kind)
    // Marks without a meaning of their own are called by their names.
    .map(([name, value]) => (value === "true" ? (name.split("/").at(-1) as string) : value));
  return `${kind.namespace}/${[...new Set(kept)].join("+") || "*"}`;
}

function distinct(kinds: readonly PodKind[]): PodKind[] {
  return [...new Map(kinds.map((kind) => [JSON.stringify([kind.namespace, sortedLabels(kind)]), kind])).values()];
}

function sortedLabels({ labels }: PodKind): readonly (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => order(a, b));
}

function sorted(ports: readonly string[]): string[] {
  return [...new Set(ports)].sort((a, b) => parseInt(a, 10) - parseInt(b, 10) || order(a, b));
}

/** By their bytes, in every locale alike. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A table of Markdown, as Prettier writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column] ?? "")].map((cell) => cell.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
