import { type Layer, type TerraformJson } from "../core/layer";

/**
 * A rule that holds for every layer, checked on the JSON that reviewers and ops see. Gives one sentence a violation.
 */
export type Policy = (layer: Layer, json: TerraformJson) => string[];

/** Types that hold data which no apply can bring back. */
const STATEFUL_TYPES = ["aws_s3_bucket", "aws_ebs_volume"];

/** Types that open a port, with the attribute that says to whom. */
const INGRESS_TYPES: Readonly<Record<string, string>> = { aws_vpc_security_group_ingress_rule: "cidr_ipv4" };

const WORLD = ["0.0.0.0/0", "::/0"];

/** Data-bearing resources carry `prevent_destroy`. */
export const statefulResourcesAreKept: Policy = (_layer, json) =>
  blocksOf(json, STATEFUL_TYPES).flatMap(({ address, block }) =>
    (block["lifecycle"] as { prevent_destroy?: boolean } | undefined)?.prevent_destroy === true
      ? []
      : [`${address} holds data and lacks lifecycle.prevent_destroy`],
  );

/** A port that is open to the world is one that the layer declares with `addOpenPort`, so that its README lists it. */
export const worldPortsAreDeclared: Policy = (layer, json) => {
  const declared = layer.openPorts.filter(({ from }) => from === "world").map(({ port }) => port);
  return blocksOf(json, Object.keys(INGRESS_TYPES)).flatMap(({ type, address, block }) => {
    const open =
      WORLD.includes(String(block[INGRESS_TYPES[type] as string])) || WORLD.includes(String(block["cidr_ipv6"]));
    const [from, to] = [Number(block["from_port"]), Number(block["to_port"])];
    const ports = from === to ? `port ${from}` : `ports ${from} to ${to}`;
    return !open || (from === to && declared.includes(from))
      ? []
      : [`${address} opens ${Number.isNaN(from) ? "all ports" : ports} to the world without declaring it`];
  });
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

/** Every policy, in the order in which its violations are reported. */
export const POLICIES: readonly Policy[] = [statefulResourcesAreKept, worldPortsAreDeclared, secretsAreReferences];

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
