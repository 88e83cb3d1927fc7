import { TerraformIterator, type TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { portProblems } from "../core/problems";

export interface FirewallProps {
  /** Name of the security group. */
  readonly name: string;
  /** One sentence: whose traffic it filters. AWS cannot change it later. */
  readonly description: string;
  readonly vpcId: string;
}

/** A TCP port and what listens there. */
export interface ListeningPort {
  /** 1 to 65535. */
  readonly port: number;
  /** For the rule's description and the layer's README, such as "SSH". */
  readonly purpose: string;
}

/**
 * A security group that lets everything out and nothing in, until {@link allowFromWorld} or {@link allowFrom} is called.
 *
 * Each rule is a resource of its own, so a plan shows which one changes. Each call also lists the port in the layer's
 * README.
 */
export class Firewall extends Construct {
  readonly securityGroupId: string;
  private readonly ports = new Set<number>();

  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const group = new SecurityGroup(this, "Resource", {
      name: props.name,
      description: props.description,
      vpcId: props.vpcId,
      tags: { Name: props.name },
    });
    this.securityGroupId = group.id;
    new VpcSecurityGroupEgressRule(this, "to_anywhere", {
      securityGroupId: group.id,
      description: "Packages, container images and AWS APIs",
      ipProtocol: "-1",
      cidrIpv4: "0.0.0.0/0",
    });
  }

  /**
   * Opens a port to the world.
   *
   * @throws SocleError when the port is out of range or open already
   */
  allowFromWorld(id: string, listening: ListeningPort): void {
    this.check(listening);
    new VpcSecurityGroupIngressRule(this, id, {
      ...this.rule(listening),
      description: `${listening.purpose} from anywhere`,
      cidrIpv4: "0.0.0.0/0",
    });
    Layer.of(this).addOpenPort({ ...listening, protocol: "tcp", from: "world" });
  }

  /**
   * Opens a port to the IPv4 CIDR blocks of an input: one rule for each block.
   *
   * @param blocks an input of type `list(string)`
   * @throws SocleError when the port is out of range or open already
   */
  allowFrom(blocks: TerraformVariable, id: string, listening: ListeningPort): void {
    this.check(listening);
    const iterator = TerraformIterator.fromList(blocks.listValue);
    new VpcSecurityGroupIngressRule(this, id, {
      ...this.rule(listening),
      forEach: iterator,
      description: `${listening.purpose} from ${blocks.friendlyUniqueId}`,
      cidrIpv4: iterator.value as string,
    });
    Layer.of(this).addOpenPort({ ...listening, protocol: "tcp", from: blocks.friendlyUniqueId });
  }

  private rule({ port }: ListeningPort) {
    return { securityGroupId: this.securityGroupId, ipProtocol: "tcp", fromPort: port, toPort: port };
  }

  private check({ port }: ListeningPort): void {
    const problems = [
      ...portProblems(port),
      ...(this.ports.has(port) ? [`port ${port} is open already: one call for each port`] : []),
    ];
    SocleError.throwIfAny(this.node.path, problems);
    this.ports.add(port);
  }
}
