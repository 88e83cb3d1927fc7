import { Fn, type IResolvable, Op, type TerraformCount, TerraformLocal, Token } from "cdktf";
import { Construct } from "constructs";
import { CoreInstance } from "@cdktf/provider-oci/lib/core-instance";
import { addressOf, expression } from "../core/address";
import { OCI_USER_DATA_LIMIT_BYTES, userDataFits } from "./cloud-config";
import { ARM_SHAPE, type OciPlacement } from "./oci-placement";

export interface OciArmServerProps {
  /** Display name, and name in the network's DNS; with `count`, both get a number from 1 on. */
  readonly name: string;
  readonly compartmentId: string;
  readonly placement: OciPlacement;
  /** How many there are. @default - one, without an index in its address */
  readonly count?: TerraformCount;
  /** Index of the (first) server among all of a group, which decides its fault domain. @default 0 */
  readonly firstIndex?: number;
  readonly subnetId: string;
  /** Whether it gets a public address; its subnet must allow one. */
  readonly publicAddress: IResolvable;
  readonly securityGroupId: string;
  readonly ocpus: number;
  readonly memoryGib: number;
  /** At least 50. */
  readonly bootVolumeGib: number;
  /** For the user `ubuntu`. */
  readonly sshPublicKey: string;
  /** What it does at its first boot; it may carry secrets. At most {@link OCI_USER_DATA_LIMIT_BYTES}. */
  readonly userData: string;
}

/**
 * One ARM server on OCI, or as many alike as `count` says.
 *
 * - Another image, availability domain, subnet, key or user data never replaces a running server: that is a deliberate
 *   `-replace`. OCPUs, memory and a larger boot volume are changed in place.
 * - Its boot volume outlives it, so that a mistake loses a machine and not its data.
 * - The first version of the metadata service, which a forged request could read, is off.
 */
export class OciArmServer extends Construct {
  /** Address in Terraform, without an index. */
  readonly address: string;
  /** Id; with `count`, use {@link ids}. */
  readonly instanceId: string;
  /** Private IPv4 address; with `count`, of the one with the index of whoever uses it. */
  readonly privateIp: string;
  /** Ids of all of them. */
  readonly ids: string[];
  /** Public IPv4 addresses of all of them. */
  readonly publicIps: string[];
  /** Id of the boot volume; with `count`, of the one with the index of whoever uses it. */
  readonly bootVolumeId: string;

  constructor(scope: Construct, id: string, props: OciArmServerProps) {
    super(scope, id);
    const { count } = props;
    const name = count ? `${props.name}-${Token.asString(Op.add(count.index, 1))}` : props.name;
    // A local, since the precondition measures the text that the instance gets.
    const userData = new TerraformLocal(this, "user_data", props.userData).asString;
    const instance = new CoreInstance(this, "Resource", {
      ...(count ? { count } : {}),
      compartmentId: props.compartmentId,
      availabilityDomain: props.placement.availabilityDomain,
      faultDomain: props.placement.faultDomain(
        count ? Token.asNumber(Op.add(count.index, props.firstIndex ?? 0)) : (props.firstIndex ?? 0),
      ),
      displayName: name,
      shape: ARM_SHAPE,
      shapeConfig: { ocpus: props.ocpus, memoryInGbs: props.memoryGib },
      sourceDetails: {
        sourceType: "image",
        sourceId: props.placement.imageId,
        bootVolumeSizeInGbs: Token.asString(props.bootVolumeGib),
      },
      createVnicDetails: {
        subnetId: props.subnetId,
        assignPublicIp: Token.asString(Fn.tostring(props.publicAddress)),
        nsgIds: [props.securityGroupId],
        hostnameLabel: name,
        displayName: name,
      },
      metadata: { ssh_authorized_keys: props.sshPublicKey, user_data: Fn.base64encode(userData) },
      instanceOptions: { areLegacyImdsEndpointsDisabled: true },
      isPvEncryptionInTransitEnabled: true,
      availabilityConfig: { recoveryAction: "RESTORE_INSTANCE" },
      preserveBootVolume: true,
      lifecycle: {
        ignoreChanges: [
          "availability_domain",
          "create_vnic_details[0].assign_public_ip",
          "create_vnic_details[0].subnet_id",
          "fault_domain",
          "metadata",
          "source_details[0].source_id",
        ],
        precondition: [userDataFits(userData, OCI_USER_DATA_LIMIT_BYTES)],
      },
    });
    this.address = addressOf(instance);
    const each = (attribute: string) =>
      count
        ? Token.asList(expression(this, `${this.address}[*].${attribute}`))
        : [Token.asString(expression(this, `${this.address}.${attribute}`))];
    const one = (attribute: string) =>
      Token.asString(expression(this, `${this.address}${count ? "[count.index]" : ""}.${attribute}`));
    this.instanceId = one("id");
    this.privateIp = one("private_ip");
    this.ids = each("id");
    this.publicIps = each("public_ip");
    this.bootVolumeId = one("boot_volume_id");
  }
}
