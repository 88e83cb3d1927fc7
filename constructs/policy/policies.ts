import { type Layer, type TerraformJson } from "../core/layer";

/**
 * A rule that holds for every layer, checked on the JSON that reviewers and ops see. Gives one sentence a violation.
 */
export type Policy = (layer: Layer, json: TerraformJson) => string[];

/**
 * A rule that holds for all layers of an environment together, checked like a {@link Policy}. Gives one sentence a
 * violation, which names the layers.
 */
export type EnvironmentPolicy = (jsons: ReadonlyMap<Layer, TerraformJson>) => string[];

/** Types that hold data which no apply can bring back. */
const STATEFUL_TYPES = [
  "aws_s3_bucket",
  "aws_ebs_volume",
  "oci_database_autonomous_database",
  // Without its key, what it encrypted is lost.
  "oci_kms_vault",
  "oci_kms_key",
  "hcloud_volume",
  "vault_mount",
  "docker_volume",
  "postgresql_database",
];

/** Types of {@link STATEFUL_TYPES} on somebody's workstation: an author may give their data up, in so many words. */
const DISPOSABLE_TYPES = ["docker_volume", "postgresql_database"];

/** Ports that a rule opens, and to whom; all ports where `from` is missing. */
interface Ingress {
  readonly sources: readonly unknown[];
  readonly from?: unknown;
  readonly to?: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/** Types that open ports, with what a block of them opens. */
const INGRESS_TYPES: Readonly<Record<string, (block: Json, json: TerraformJson) => readonly Ingress[]>> = {
  aws_vpc_security_group_ingress_rule: (block) => [
    { sources: [block["cidr_ipv4"], block["cidr_ipv6"]], from: block["from_port"], to: block["to_port"] },
  ],
  oci_core_network_security_group_security_rule: (block) => (block["direction"] === "INGRESS" ? ociIngress(block) : []),
  oci_core_default_security_list: (block) =>
    ((block["ingress_security_rules"] as Json[] | undefined) ?? []).flatMap(ociIngress),
  hcloud_firewall: (block) => ((block["rule"] as Json[] | undefined) ?? []).flatMap(hetznerIngress),
  // No firewall can be before a load balancer of Hetzner's; one without a public interface is reached from its network.
  hcloud_load_balancer_service: (block, json) =>
    isInternalLoadBalancer(json, block["load_balancer_id"])
      ? []
      : [{ sources: WORLD, from: block["listen_port"], to: block["listen_port"] }],
};

const WORLD = ["0.0.0.0/0", "::/0"];

/** Data-bearing resources carry `prevent_destroy`; on a workstation it may be false, but not missing. */
export const statefulResourcesAreKept: Policy = (_layer, json) =>
  blocksOf(json, STATEFUL_TYPES).flatMap(({ type, address, block }) => {
    const kept = (block["lifecycle"] as { prevent_destroy?: boolean } | undefined)?.prevent_destroy;
    return kept === true || (kept === false && DISPOSABLE_TYPES.includes(type))
      ? []
      : [`${address} holds data and lacks lifecycle.prevent_destroy`];
  });

/** A port that is open to the world is one that the layer declares with `addOpenPort`, so that its README lists it. */
export const worldPortsAreDeclared: Policy = (layer, json) => {
  const declared = layer.openPorts.filter(({ from }) => from === "world").map(({ port }) => port);
  return Object.entries(INGRESS_TYPES).flatMap(([type, ingressOf]) =>
    blocksOf(json, [type]).flatMap(({ address, block }) =>
      ingressOf(block, json).flatMap((ingress) => {
        const open = ingress.sources.some((source) => WORLD.includes(String(source)));
        const [from, to] = [Number(ingress.from), Number(ingress.to)];
        const ports = from === to ? `port ${from}` : `ports ${from} to ${to}`;
        return !open || (from === to && declared.includes(from))
          ? []
          : [`${address} opens ${Number.isNaN(from) ? "all ports" : ports} to the world without declaring it`];
      }),
    ),
  );
};

/**
 * An attribute that carries a secret never has a literal value: it comes from an input or an ephemeral value. Holds for
 * resources, data sources, ephemeral resources and providers, and for the blocks in them.
 */
export const secretsAreReferences: Policy = (_layer, json) => {
  const blocks = [
    ...namedBlocks("", json.resource),
    ...namedBlocks("data.", json.data),
    ...namedBlocks("ephemeral.", json.ephemeral),
    ...Object.entries(json.provider ?? {}).flatMap(([name, providers]) =>
      providers.map((block) => ({ address: `provider.${name}`, block })),
    ),
  ];
  return blocks.flatMap(({ address, block }) =>
    literalSecrets(block).map((name) => `${address}.${name} is a literal: take it from a sensitive input`),
  );
};

/**
 * A container of Docker publishes its ports on 127.0.0.1: Docker's own rules come before the host's firewall, so that any
 * other address, and none at all, opens them to the network that the machine is in.
 */
export const containersStayOnLoopback: Policy = (_layer, json) =>
  blocksOf(json, ["docker_container"]).flatMap(({ address, block }) => [
    ...((block["ports"] as { readonly ip?: string; readonly internal: number }[] | undefined) ?? [])
      .filter(({ ip }) => ip !== "127.0.0.1")
      .map(({ ip = "every address", internal }) => `${address} publishes port ${internal} on ${ip}, not 127.0.0.1`),
    ...(block["publish_all_ports"] === true ? [`${address} publishes all ports, on every address`] : []),
    ...(block["network_mode"] === "host" ? [`${address} has the host's network, and listens on every address`] : []),
  ]);

/** Every policy, in the order in which its violations are reported. */
export const POLICIES: readonly Policy[] = [
  statefulResourcesAreKept,
  worldPortsAreDeclared,
  containersStayOnLoopback,
  secretsAreReferences,
];

/**
 * A Kubernetes object and a Helm release belong to one resource, in one layer: the second of two layers that make the
 * same one would fail at apply, or, with Helm, upgrade the first one's release to a chart of its own.
 */
export const clusterObjectsAreDistinct: EnvironmentPolicy = (jsons) => {
  const owners = new Map<string, string>();
  return [...jsons].flatMap(([layer, json]) => {
    const types = Object.keys(json.resource ?? {}).filter((type) => /^(kubernetes_|helm_release$)/.test(type));
    return blocksOf(json, types).flatMap(({ type, address, block }) => {
      const { name, namespace = "" } = (type === "helm_release" ? block : (block["metadata"] ?? {})) as {
        name?: string;
        namespace?: string;
      };
      const key = `${type} ${namespace}/${name}`;
      const [owner, own] = [owners.get(key), `${address} of ${layer.node.id}`];
      owners.set(key, owner ?? own);
      return owner === undefined || name === undefined
        ? []
        : [`${own} is the same object as ${owner}: both are "${name}" in "${namespace}"`];
    });
  });
};

/** Every policy of environments, in the order in which its violations are reported. */
export const ENVIRONMENT_POLICIES: readonly EnvironmentPolicy[] = [clusterObjectsAreDistinct];

/**
 * What an ingress rule of a network security group or a security list opens. "Destination unreachable" (ICMP type 3),
 * which path MTU discovery needs from anywhere, is an answer and opens nothing.
 */
function ociIngress(rule: Json): Ingress[] {
  if (rule["protocol"] === "1" && (rule["icmp_options"] as Json | undefined)?.["type"] === 3) {
    return [];
  }
  const options = (rule["tcp_options"] ?? rule["udp_options"]) as Json | undefined;
  // A security list has the range in the options themselves, a group's rule in a block of its own.
  const range = (options?.["destination_port_range"] ?? options) as Json | undefined;
  return [{ sources: [rule["source"]], from: range?.["min"], to: range?.["max"] }];
}

/** What an inbound rule of Hetzner's firewall opens: one port, a range such as `80-85`, or `any`; ICMP has none. */
function hetznerIngress(rule: Json): Ingress[] {
  if (rule["direction"] !== "in") {
    return [];
  }
  const [from, to = from] = String(rule["port"]).split("-");
  const sources = rule["source_ips"];
  return [{ sources: Array.isArray(sources) ? sources : [sources], from, to }];
}

function isInternalLoadBalancer(json: TerraformJson, id: unknown): boolean {
  return blocksOf(json, ["hcloud_load_balancer_network"]).some(
    ({ block }) => block["load_balancer_id"] === id && block["enable_public_interface"] === false,
  );
}

function blocksOf(json: TerraformJson, types: readonly string[]) {
  return types.flatMap((type) =>
    Object.entries(json.resource?.[type] ?? {}).map(([name, block]) => ({ type, address: `${type}.${name}`, block })),
  );
}

function namedBlocks(prefix: string, types: TerraformJson["resource"]) {
  return Object.entries(types ?? {}).flatMap(([type, blocks]) =>
    Object.entries(blocks).map(([name, block]) => ({ address: `${prefix}${type}.${name}`, block })),
  );
}

/** Paths of the attributes, at any depth, that carry a secret and have a literal value. */
function literalSecrets(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, item]) => literalSecrets(item, [...path, name]));
  }
  const carriesSecret = /(^|_)(password|secret|token|private_key|wo)$/.test(path.at(-1) ?? "");
  return carriesSecret && typeof value === "string" && !value.includes("${") ? [path.join(".")] : [];
}
