import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { Network } from "@cdktf/provider-hcloud/lib/network";
import { NetworkSubnet } from "@cdktf/provider-hcloud/lib/network-subnet";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";

export interface HetznerNetworkProps {
  readonly name: string;
  /** Block of the network, a private IPv4 /16; its first /24 is the subnet that servers are in. */
  readonly cidrBlock: string;
  /** Whether Hetzner refuses to delete it until this is false. */
  readonly deleteProtection: boolean;
}

/**
 * The network zone that Hetzner's European locations share.
 *
 * @see https://docs.hetzner.com/cloud/networks/faq
 */
const NETWORK_ZONE = "eu-central";

/**
 * A private network between servers and load balancers in Hetzner's European locations, with one subnet.
 *
 * Hetzner's firewalls filter public interfaces only: within this network, everything reaches everything.
 */
export class HetznerNetwork extends Construct {
  readonly cidrBlock: string;
  readonly networkId: number;
  /** What has to be there before a server can be in the network. */
  readonly ready: ITerraformDependable;
  private readonly prefix: string;

  /** @throws SocleError when the block is not a private /16 */
  constructor(scope: Construct, id: string, props: HetznerNetworkProps) {
    super(scope, id);
    SocleError.throwIfAny(
      this.node.path,
      /^(10\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/.test(props.cidrBlock)
        ? []
        : [`cidrBlock is "${props.cidrBlock}"; a private IPv4 /16 such as 10.40.0.0/16 is accepted`],
    );
    this.cidrBlock = props.cidrBlock;
    this.prefix = props.cidrBlock.replace(/\.0\.0\/16$/, "");
    const network = new Network(this, "Resource", {
      name: props.name,
      ipRange: props.cidrBlock,
      deleteProtection: props.deleteProtection,
    });
    this.networkId = Token.asNumber(expression(this, `${addressOf(network)}.id`));
    this.ready = new NetworkSubnet(this, "servers", {
      networkId: this.networkId,
      type: "cloud",
      networkZone: NETWORK_ZONE,
      ipRange: `${this.prefix}.0.0/24`,
    });
  }

  /**
   * An address of the subnet.
   *
   * @param host last number, 2 to 254: Hetzner keeps the first one for its gateway
   * @throws SocleError when it is out of range
   */
  addressAt(host: number): string {
    SocleError.throwIfAny(
      this.node.path,
      Number.isInteger(host) && host >= 2 && host <= 254 ? [] : [`the address ${host} is not between 2 and 254`],
    );
    return `${this.prefix}.0.${host}`;
  }
}
