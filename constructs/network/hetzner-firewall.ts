import { type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { Firewall, type FirewallRule } from "@cdktf/provider-hcloud/lib/firewall";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { portProblems } from "../core/problems";
import { type ListeningPort } from "./firewall";

export interface HetznerFirewallProps {
  readonly name: string;
}

/**
 * A firewall of Hetzner's: lets nothing in from the Internet until one of its verbs is called, and everything out.
 *
 * It filters public interfaces only, and is stateful. A port that something outside the layer can reach is listed in
 * the layer's README by the call that opens it.
 *
 * @see https://docs.hetzner.com/cloud/firewalls/faq/
 */
export class HetznerFirewall extends Construct {
  readonly firewallId: number;
  private readonly firewall: Firewall;
  private readonly rules: FirewallRule[] = [];

  constructor(scope: Construct, id: string, props: HetznerFirewallProps) {
    super(scope, id);
    this.firewall = new Firewall(this, "Resource", { name: props.name });
    this.firewallId = Token.asNumber(expression(this, `${addressOf(this.firewall)}.id`));
  }

  /**
   * Opens a TCP port to the IPv4 CIDR blocks of an input.
   *
   * @param blocks an input of type `list(string)`
   * @throws SocleError when the port is out of range or open already
   */
  allowFrom(blocks: TerraformVariable, { port, purpose }: ListeningPort): void {
    SocleError.throwIfAny(this.node.path, [
      ...portProblems(port),
      ...(this.rules.some((rule) => rule.port === String(port))
        ? [`port ${port} is open already: one call for each`]
        : []),
    ]);
    this.rules.push({
      description: `${purpose} from ${blocks.friendlyUniqueId}`,
      direction: "in",
      protocol: "tcp",
      port: String(port),
      sourceIps: blocks.listValue,
    });
    this.firewall.putRule(this.rules);
    Layer.of(this).addOpenPort({ port, protocol: "tcp", from: blocks.friendlyUniqueId, purpose });
  }
}
