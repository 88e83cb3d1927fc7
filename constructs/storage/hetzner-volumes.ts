import { Fn, Op, TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { Volume } from "@cdktf/provider-hcloud/lib/volume";
import { VolumeAttachment } from "@cdktf/provider-hcloud/lib/volume-attachment";
import { addressOf, expression } from "../core/address";

export interface HetznerVolumesProps {
  /** Prefix of the volumes' names, which are numbered from 1 on. */
  readonly name: string;
  /** Such as `nbg1`, where the servers are. */
  readonly location: string;
  /** Size of each in GiB, 10 and more; 0 for none. One can grow, never shrink. */
  readonly sizeGib: number;
  /** How many servers there are; each gets a volume. */
  readonly serverCount: number;
  /** Id of a server, an expression of `count.index`. */
  readonly serverId: number;
  /** Whether Hetzner refuses to delete them until this is false. */
  readonly deleteProtection: boolean;
}

/**
 * A volume at Hetzner for each of several servers, or none. It outlives its server and is attached to the one that takes
 * its place. Hetzner formats it (ext4) and mounts it at `/mnt/HC_Volume_<id>`; nothing in a server's first boot waits
 * for it.
 *
 * @see https://docs.hetzner.com/cloud/volumes/overview
 */
export class HetznerVolumes extends Construct {
  constructor(scope: Construct, id: string, props: HetznerVolumesProps) {
    super(scope, id);
    const count = TerraformCount.of(Token.asNumber(Fn.conditional(Op.gte(props.sizeGib, 1), props.serverCount, 0)));
    const volume = new Volume(this, "Resource", {
      count,
      name: `${props.name}-${Token.asString(Op.add(count.index, 1))}`,
      location: props.location,
      size: props.sizeGib,
      format: "ext4",
      deleteProtection: props.deleteProtection,
      // Both would replace it, and with it the data.
      lifecycle: { preventDestroy: true, ignoreChanges: ["location", "format"] },
    });
    new VolumeAttachment(this, "attachment", {
      count,
      volumeId: Token.asNumber(expression(this, `${addressOf(volume)}[count.index].id`)),
      serverId: props.serverId,
      automount: true,
    });
  }
}
