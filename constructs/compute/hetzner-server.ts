import { type TerraformCount, TerraformLocal, Token, Op } from "cdktf";
import { Construct } from "constructs";
import { Server } from "@cdktf/provider-hcloud/lib/server";
import { addressOf, expression } from "../core/address";
import { type HetznerFirewall } from "../network/hetzner-firewall";
import { type HetznerNetwork } from "../network/hetzner-network";
import { HETZNER_USER_DATA_LIMIT_BYTES, userDataFits } from "./cloud-config";

/** A type of server: what it has, and what it costs in EUR a month, net, without its IPv4 address. */
export interface HetznerServerType {
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly eurPerMonth: number;
}

/**
 * Types of x86 that Hetzner lists for its European locations, by name (prices after 15 June 2026). `cpx21` and its like
 * are not here: they cannot be ordered any more. The `cx` types are often sold out.
 *
 * @see https://docs.hetzner.com/general/infrastructure-and-availability/price-adjustment/
 */
export const HETZNER_SERVER_TYPES: Readonly<Record<string, HetznerServerType>> = {
  cpx22: { vcpus: 2, memoryGib: 4, eurPerMonth: 19.49 },
  cpx32: { vcpus: 4, memoryGib: 8, eurPerMonth: 35.49 },
  cpx42: { vcpus: 8, memoryGib: 16, eurPerMonth: 69.49 },
  cpx52: { vcpus: 12, memoryGib: 24, eurPerMonth: 100.49 },
  cx23: { vcpus: 2, memoryGib: 4, eurPerMonth: 5.49 },
  cx33: { vcpus: 4, memoryGib: 8, eurPerMonth: 8.49 },
  cx43: { vcpus: 8, memoryGib: 16, eurPerMonth: 15.99 },
};

export interface HetznerServerProps {
  /** Name and host name; with `count`, with a number from 1 on. */
  readonly name: string;
  /** How many there are. @default - one, without an index in its address */
  readonly count?: TerraformCount;
  /** Name of the type, such as `cpx22`. */
  readonly serverType: string;
  /** Such as `nbg1`. */
  readonly location: string;
  readonly network: HetznerNetwork;
  /** Address in the network. @default - Hetzner gives one */
  readonly privateIp?: string;
  /** Id of the primary IPv4 address that it has. @default - one of its own, which is gone with it */
  readonly primaryIpId?: number;
  readonly firewall: HetznerFirewall;
  readonly placementGroupId: number;
  readonly sshKeyId: string;
  /** Whether Hetzner keeps daily backups of the last seven days, for a fifth of the price. */
  readonly backups: boolean;
  /** Whether Hetzner refuses to delete or rebuild it until this is false. */
  readonly protection: boolean;
  /** What it does at its first boot; it may carry secrets. At most {@link HETZNER_USER_DATA_LIMIT_BYTES}. */
  readonly userData: string;
}

/** Name of the image as Hetzner has it. */
const IMAGE = "ubuntu-24.04";

/**
 * A server with Ubuntu 24.04 at Hetzner, or as many alike as `count` says.
 *
 * Another image, location, key or user data never replaces a running server: that is a deliberate `-replace`. It has a
 * public IPv4 address, behind the firewall, to get out; no IPv6 address, which would be one more way in.
 */
export class HetznerServer extends Construct {
  /** Address in Terraform, without an index. */
  readonly address: string;
  /** Id; with `count`, of the one with the index of whoever uses it. */
  readonly serverId: number;
  /** Public IPv4 address; with `count`, of the one with the index of whoever uses it. */
  readonly publicIp: string;

  constructor(scope: Construct, id: string, props: HetznerServerProps) {
    super(scope, id);
    const { count } = props;
    // A local, since the precondition measures the text that the server gets.
    const userData = new TerraformLocal(this, "user_data", props.userData).asString;
    const server = new Server(this, "Resource", {
      ...(count ? { count } : {}),
      name: count ? `${props.name}-${Token.asString(Op.add(count.index, 1))}` : props.name,
      serverType: props.serverType,
      image: IMAGE,
      location: props.location,
      sshKeys: [props.sshKeyId],
      firewallIds: [props.firewall.firewallId],
      placementGroupId: props.placementGroupId,
      publicNet: [
        {
          ipv4Enabled: true,
          ...(props.primaryIpId === undefined ? {} : { ipv4: props.primaryIpId }),
          ipv6Enabled: false,
        },
      ],
      network: [
        { networkId: props.network.networkId, ...(props.privateIp === undefined ? {} : { ip: props.privateIp }) },
      ],
      backups: props.backups,
      deleteProtection: props.protection,
      rebuildProtection: props.protection,
      // A larger type can be given back as long as the disk stays.
      keepDisk: true,
      shutdownBeforeDeletion: true,
      userData,
      dependsOn: [props.network.ready],
      lifecycle: {
        ignoreChanges: ["image", "location", "ssh_keys", "user_data"],
        precondition: [userDataFits(userData, HETZNER_USER_DATA_LIMIT_BYTES)],
      },
    });
    this.address = addressOf(server);
    const one = `${this.address}${count ? "[count.index]" : ""}`;
    this.serverId = Token.asNumber(expression(this, `${one}.id`));
    this.publicIp = Token.asString(expression(this, `${one}.ipv4_address`));
  }
}
