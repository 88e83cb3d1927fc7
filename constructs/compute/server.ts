import { Fn, type IResolvable, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { DataAwsAmi } from "@cdktf/provider-aws/lib/data-aws-ami";
import { DataAwsKeyPair } from "@cdktf/provider-aws/lib/data-aws-key-pair";
import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { NetworkInterface } from "@cdktf/provider-aws/lib/network-interface";
import { VolumeAttachment } from "@cdktf/provider-aws/lib/volume-attachment";
import { Layer } from "../core/layer";
import { TerraformData } from "../core/terraform-data";
import { type PublicNetwork } from "../network/public-network";
import { type ServerRole } from "../security/service-role";
import { userDataFits } from "./cloud-config";

export interface ServerProps {
  /** Prefix of every resource's `Name`. */
  readonly name: string;
  readonly network: PublicNetwork;
  readonly securityGroupId: string;
  readonly role: ServerRole;
  /** An ARM (Graviton) type, such as `t4g.large`. */
  readonly instanceType: string;
  /** Name of a key pair that exists already. */
  readonly keyName: string;
  /** Buys Spot capacity instead of On-Demand. */
  readonly useSpot: IResolvable;
  /** Size of the encrypted root volume, in GiB. @default 20 */
  readonly rootVolumeGib?: number;
  /** Size of the data volume that outlives the instance, in GiB. */
  readonly dataVolumeGib: number;
  /** Tags of the root volume, which the provider's default tags may not reach. */
  readonly tags: Readonly<Record<string, string>>;
  /** What the instance does at its first boot, given the id of the data volume. At most 16 KiB. */
  readonly userData: (dataVolumeId: string) => string;
}

/** Canonical's AWS account. @see https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
const CANONICAL = "099720109477";

/**
 * One ARM server with a fixed public address and a data volume that outlives it.
 *
 * - The address sits on a network interface made before the instance, so that the first boot reaches the Internet.
 * - A newer image, another user data or key never replaces the instance: that is a deliberate `-replace`.
 * - Spot requests are persistent and stop (not terminate) on interruption, so a scheduled stop and start works.
 */
export class Server extends Construct {
  readonly instanceId: string;
  readonly publicIp: string;

  constructor(scope: Construct, id: string, props: ServerProps) {
    super(scope, id);
    const { name, network } = props;

    const image = new DataAwsAmi(this, "ubuntu", {
      mostRecent: true,
      owners: [CANONICAL],
      filter: [
        { name: "name", values: ["ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*"] },
        { name: "architecture", values: ["arm64"] },
        { name: "virtualization-type", values: ["hvm"] },
      ],
    });
    // Looked up so that a misspelt name fails at plan and not in the middle of an apply.
    const key = new DataAwsKeyPair(this, "ssh", { keyName: props.keyName });

    const networkInterface = new NetworkInterface(this, "interface", {
      subnetId: network.subnetId,
      securityGroups: [props.securityGroupId],
      description: `${name}: keeps address and security group when the instance is replaced`,
      tags: { Name: name },
    });
    const address = new Eip(this, "address", {
      domain: "vpc",
      networkInterface: networkInterface.id,
      tags: { Name: name },
      dependsOn: [network.internetRoute],
    });
    const volume = new EbsVolume(this, "data", {
      availabilityZone: network.availabilityZone,
      size: props.dataVolumeGib,
      type: "gp3",
      encrypted: true,
      finalSnapshot: true,
      tags: { Name: `${name}-data` },
      lifecycle: { preventDestroy: true },
    });
    // The provider sees no difference when the market changes, so the change has to replace the instance here.
    const market = new TerraformData(this, "market", { input: props.useSpot });

    // A local, since the precondition measures the text that the instance gets.
    const userData = new TerraformLocal(this, "user_data", props.userData(volume.id)).asString;
    const instance = new Instance(this, "Resource", {
      ami: image.id,
      instanceType: props.instanceType,
      keyName: key.keyName,
      iamInstanceProfile: props.role.instanceProfileName,
      userData,
      userDataReplaceOnChange: false,
      instanceInitiatedShutdownBehavior: "stop",
      monitoring: false,
      primaryNetworkInterface: { networkInterfaceId: networkInterface.id },
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        // One hop: containers behind Docker's bridge cannot take the instance's credentials.
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
      rootBlockDevice: {
        volumeType: "gp3",
        volumeSize: props.rootVolumeGib ?? 20,
        encrypted: true,
        deleteOnTermination: true,
        tags: { ...props.tags, Name: `${name}-root` },
      },
      tags: { Name: name },
      // Not before the address is there: the first boot installs packages.
      dependsOn: [address],
      lifecycle: {
        ignoreChanges: ["ami", "key_name", "user_data"],
        replaceTriggeredBy: [market.address],
        precondition: [userDataFits(userData)],
      },
    });
    instance.addOverride("dynamic.instance_market_options", {
      for_each: Fn.conditional(props.useSpot, ["spot"], []),
      content: {
        market_type: "spot",
        spot_options: { spot_instance_type: "persistent", instance_interruption_behavior: "stop" },
      },
    });
    instance.addOverride("dynamic.credit_specification", {
      // Burstable types only: without this T4g is "unlimited" and bills what it bursts over its credits.
      for_each: Fn.conditional(Fn.startswith(props.instanceType, "t"), ["standard"], []),
      content: { cpu_credits: "standard" },
    });
    new VolumeAttachment(this, "data_attachment", {
      deviceName: "/dev/sdf",
      volumeId: volume.id,
      instanceId: instance.id,
      stopInstanceBeforeDetaching: true,
    });

    this.instanceId = instance.id;
    this.publicIp = address.publicIp;
    this.describe(`${instance.terraformResourceType}.${instance.friendlyUniqueId}`);
  }

  private describe(address: string): void {
    const layer = Layer.of(this);
    layer.addReadmeSection({
      title: "Replacing the server",
      body: [
        "A newer Ubuntu image, another key pair or changed user data leaves the running server as it is. To rebuild it with all three:",
        "",
        "```sh",
        `terraform apply -replace=${address}`,
        "```",
        "",
        "The public address and the data volume stay; the new server finds the file system on the volume and does not format it.",
        "The data volume has `prevent_destroy`, and takes a snapshot should it ever be destroyed. It can grow, never shrink.",
      ].join("\n"),
    });
    layer.addReadmeSection({
      title: "Spot",
      body: [
        "Switching `use_spot_instance` replaces the server. Its Spot request is persistent: AWS starts a **new** instance when the old",
        "one goes, also after `terraform destroy` or a switch back to On-Demand. Cancel the request first:",
        "",
        "```sh",
        "aws ec2 describe-spot-instance-requests --filters Name=instance-id,Values=$(terraform output -raw instance_id) \\",
        "  --query 'SpotInstanceRequests[].SpotInstanceRequestId' --output text |",
        "  xargs aws ec2 cancel-spot-instance-requests --spot-instance-request-ids",
        "```",
      ].join("\n"),
    });
  }
}
