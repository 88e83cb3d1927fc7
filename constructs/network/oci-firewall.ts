import { TerraformIterator, type TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { CoreNetworkSecurityGroup } from "@cdktf/provider-oci/lib/core-network-security-group";
import { CoreNetworkSecurityGroupSecurityRule } from "@cdktf/provider-oci/lib/core-network-security-group-security-rule";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { portProblems } from "../core/problems";
import { type ListeningPort } from "./firewall";

export interface OciFirewallProps {
  /** Display name of the network security group. */
  readonly name: string;
  readonly compartmentId: string;
  readonly vcnId: string;
}

/**
 * Protocols by number, as OCI wants them.
 *
 * @see https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml
 */
const PROTOCOL = { icmp: "1", tcp: "6" };

/**
 * A network security group: lets nothing in and nothing out until one of its verbs is called.
 *
 * Each rule is a resource of its own and stateful, so answers need none. A port that something outside the layer can
 * reach is listed in the layer's README by the call that opens it.
 */
export class OciFirewall extends Construct {
  readonly securityGroupId: string;
  private readonly name: string;
  private readonly ports = new Map<number, string[]>();

  constructor(scope: Construct, id: string, props: OciFirewallProps) {
    super(scope, id);
    this.name = props.name;
    this.securityGroupId = new CoreNetworkSecurityGroup(this, "Resource", {
      compartmentId: props.compartmentId,
      vcnId: props.vcnId,
      displayName: props.name,
    }).id;
  }

  /**
   * Opens a port to the world.
   *
   * @throws SocleError when the port is out of range or open already
   */
  allowFromWorld(id: string, listening: ListeningPort): void {
    this.check(listening, "the world");
    this.ingress(id, listening, "anywhere", { source: "0.0.0.0/0", sourceType: "CIDR_BLOCK" });
    Layer.of(this).addOpenPort({ ...listening, protocol: "tcp", from: "world" });
  }

  /**
   * Opens a port to the IPv4 CIDR blocks of an input: one rule for each block.
   *
   * @param blocks an input of type `list(string)`
   * @throws SocleError when the port is out of range or open already
   */
  allowFrom(blocks: TerraformVariable, id: string, listening: ListeningPort): void {
    this.check(listening, blocks.friendlyUniqueId);
    const iterator = TerraformIterator.fromList(blocks.listValue);
    this.ingress(id, listening, blocks.friendlyUniqueId, {
      forEach: iterator,
      source: iterator.value as string,
      sourceType: "CIDR_BLOCK",
    });
    Layer.of(this).addOpenPort({ ...listening, protocol: "tcp", from: blocks.friendlyUniqueId });
  }

  /**
   * Opens a port to the members of another group, and lets those reach it: the two rules of one connection.
   *
   * @throws SocleError when the port is out of range, open already, or the group is this one ({@link allowWithin})
   */
  allowFromGroup(other: OciFirewall, id: string, listening: ListeningPort): void {
    if (other === this) {
      throw new SocleError(this.node.path, [`is asked to let itself in: allowWithin() is for that`]);
    }
    this.check(listening, other.name);
    this.ingress(id, listening, other.name, {
      source: other.securityGroupId,
      sourceType: "NETWORK_SECURITY_GROUP",
    });
    new CoreNetworkSecurityGroupSecurityRule(other, `to_${this.node.id}_${id}`, {
      networkSecurityGroupId: other.securityGroupId,
      description: `${listening.purpose} of ${this.name}`,
      direction: "EGRESS",
      protocol: PROTOCOL.tcp,
      destination: this.securityGroupId,
      destinationType: "NETWORK_SECURITY_GROUP",
      tcpOptions: { destinationPortRange: { min: listening.port, max: listening.port } },
    });
  }

  /** Lets the members of this group reach each other on every port and protocol. */
  allowWithin(purpose: string): void {
    new CoreNetworkSecurityGroupSecurityRule(this, "within", {
      networkSecurityGroupId: this.securityGroupId,
      description: purpose,
      direction: "INGRESS",
      protocol: "all",
      source: this.securityGroupId,
      sourceType: "NETWORK_SECURITY_GROUP",
    });
  }

  /** Lets the members of this group reach anything. */
  allowToAnywhere(purpose: string): void {
    new CoreNetworkSecurityGroupSecurityRule(this, "to_anywhere", {
      networkSecurityGroupId: this.securityGroupId,
      description: purpose,
      direction: "EGRESS",
      protocol: "all",
      destination: "0.0.0.0/0",
      destinationType: "CIDR_BLOCK",
    });
  }

  /**
   * Takes "fragmentation needed" (ICMP 3/4) from anywhere. Interfaces in a VCN send frames of 9000 bytes; without this
   * answer a connection to the Internet hangs with its first large packet. It opens no port.
   *
   * @see https://docs.oracle.com/en-us/iaas/Content/Network/Troubleshoot/connectionhang.htm
   */
  allowPathMtuDiscovery(): void {
    new CoreNetworkSecurityGroupSecurityRule(this, "path_mtu", {
      networkSecurityGroupId: this.securityGroupId,
      description: "Path MTU discovery from anywhere",
      direction: "INGRESS",
      protocol: PROTOCOL.icmp,
      source: "0.0.0.0/0",
      sourceType: "CIDR_BLOCK",
      icmpOptions: { type: 3, code: 4 },
    });
  }

  private ingress(
    id: string,
    { port, purpose }: ListeningPort,
    from: string,
    source: { source: string; sourceType: string; forEach?: TerraformIterator },
  ): void {
    new CoreNetworkSecurityGroupSecurityRule(this, id, {
      ...source,
      networkSecurityGroupId: this.securityGroupId,
      description: `${purpose} from ${from}`,
      direction: "INGRESS",
      protocol: PROTOCOL.tcp,
      tcpOptions: { destinationPortRange: { min: port, max: port } },
    });
  }

  /** A port may be open to several, once to each; what is open to the world needs no other rule. */
  private check({ port }: ListeningPort, from: string): void {
    const open = this.ports.get(port) ?? [];
    SocleError.throwIfAny(this.node.path, [
      ...portProblems(port),
      ...(open.includes(from) || open.includes("the world") || (from === "the world" && open.length > 0)
        ? [`port ${port} is open to ${open.join(" and ")} already: one call for each port and source`]
        : []),
    ]);
    this.ports.set(port, [...open, from]);
  }
}
