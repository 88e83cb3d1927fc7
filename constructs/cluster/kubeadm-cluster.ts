import { Fn, type TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { PlacementGroup } from "@cdktf/provider-hcloud/lib/placement-group";
import { PrimaryIp } from "@cdktf/provider-hcloud/lib/primary-ip";
import { SshKey } from "@cdktf/provider-hcloud/lib/ssh-key";
import { Bytes } from "@cdktf/provider-random/lib/bytes";
import { Password } from "@cdktf/provider-random/lib/password";
import { HetznerServer, type HetznerServerProps } from "../compute/hetzner-server";
import { addressOf, expression } from "../core/address";
import { Layer } from "../core/layer";
import { type HetznerTargets } from "../gateway/hetzner-load-balancer";
import { apiServerReady } from "./api-server-ready";
import { KubeadmCertificates } from "./kubeadm-certificates";
import { kubeadmControlPlaneUserData, type KubeadmRelease, kubeadmWorkerUserData } from "./kubeadm-user-data";

export interface KubeadmClusterProps extends Pick<
  HetznerServerProps,
  "backups" | "firewall" | "location" | "network" | "protection" | "serverType"
> {
  /** Name of the cluster, of its nodes' prefix and in the kubeconfig. */
  readonly name: string;
  readonly release: KubeadmRelease;
  /** How many workers there are, beside the control plane. */
  readonly workers: TerraformCount;
  /** For the user `root`. */
  readonly sshPublicKey: string;
  /** Address of the control plane in the network. */
  readonly controlPlaneIp: string;
  /** Another value makes another token, for workers that join later. */
  readonly bootstrapTokenGeneration: number;
  /** How many snapshots of etcd the control plane keeps, one every six hours. */
  readonly keptSnapshots: number;
}

/**
 * A kubeadm cluster at Hetzner: one control plane and workers, spread over hosts.
 *
 * All key pairs that control planes share are made here, before the first node, so the admin's kubeconfig is known to
 * Terraform and no file has to be fetched from a server. The API's address is a primary IP, which outlives the server.
 */
export class KubeadmCluster extends Construct {
  /** Such as `https://192.0.2.1:6443`. */
  readonly host: string;
  /** Public IPv4 address of the API and of the control plane. */
  readonly apiAddress: string;
  readonly certificates: KubeadmCertificates;
  /** `<id>.<secret>`: what the workers join with. */
  readonly bootstrapToken: string;
  readonly workerTargets: HetznerTargets;
  private readonly controlPlane: HetznerServer;

  /** @throws SocleError when a prop is malformed, or the user data cannot fit */
  constructor(scope: Construct, id: string, props: KubeadmClusterProps) {
    super(scope, id);
    const layer = Layer.of(this);
    const { name, network, release } = props;
    const address = new PrimaryIp(this, "api", {
      name: `${name}-api`,
      type: "ipv4",
      assigneeType: "server",
      location: props.location,
      autoDelete: false,
      deleteProtection: props.protection,
      // An address cannot move to another location, and the kubeconfig holds it.
      lifecycle: { ignoreChanges: ["location"] },
    });
    this.apiAddress = address.ipAddress;
    this.host = `https://${this.apiAddress}:6443`;
    this.certificates = new KubeadmCertificates(this, "certificates", { name });
    this.bootstrapToken = this.makeBootstrapToken(props.bootstrapTokenGeneration);
    const secretsKey = new Bytes(this, "secrets_key", { length: 32 });
    layer.addStateSecret({
      what: `\`${addressOf(secretsKey)}.base64\``,
      why: "Encrypts Secrets in etcd; every control plane needs the same one. It is part of user data, which no provider can leave out of the state.",
    });

    const { serverAuthority, frontProxyAuthority, etcdAuthority, serviceAccounts } = this.certificates;
    const node = {
      release,
      networkCidr: network.cidrBlock,
      apiAddress: this.apiAddress,
      controlPlaneIp: props.controlPlaneIp,
      bootstrapToken: this.bootstrapToken,
    };
    const group = new PlacementGroup(this, "spread", { name, type: "spread" });
    const shared = {
      ...props,
      placementGroupId: Token.asNumber(expression(this, `${addressOf(group)}.id`)),
      sshKeyId: new SshKey(this, "ssh", { name, publicKey: props.sshPublicKey }).id,
    };
    this.controlPlane = new HetznerServer(this, "control_plane", {
      ...shared,
      name: `${name}-control-plane`,
      privateIp: props.controlPlaneIp,
      primaryIpId: address.id,
      userData: kubeadmControlPlaneUserData({
        ...node,
        name,
        apiNames: [],
        serverAuthority,
        frontProxyAuthority,
        etcdAuthority,
        serviceAccounts,
        secretsKey: secretsKey.base64,
        keptSnapshots: props.keptSnapshots,
      }),
    });
    const workers = new HetznerServer(this, "worker", {
      ...shared,
      name: `${name}-worker`,
      count: props.workers,
      userData: kubeadmWorkerUserData({ ...node, serverAuthority }),
    });
    layer.addStateSecret({
      what: `\`${this.controlPlane.address}\`: \`user_data\``,
      why: "It carries the shared keys, the Secrets' key and the token: kubeadm needs them before its first start.",
    });
    layer.addStateSecret({
      what: `\`${workers.address}\`: \`user_data\``,
      why: "It carries the token to join, which is valid for 24 hours.",
    });
    this.workerTargets = { id: "worker", serverId: workers.serverId, count: props.workers };
  }

  /**
   * Waits until the API server says that it is ready: servers return while their first boot still goes on. Then every
   * plan asks it again, so a plan fails early where the cluster cannot be reached.
   *
   * @returns the address of the data source that waits, for `depends_on` of outputs
   */
  waitUntilReady(): string {
    const ready = apiServerReady(this, "ready", {
      host: this.host,
      certificates: this.certificates,
      diagnosis: "journalctl -u kubeadm-node-install -u kubeadm-node-bootstrap",
    });
    ready.addOverride("depends_on", [this.controlPlane.address]);
    return addressOf(ready);
  }

  private makeBootstrapToken(generation: number): string {
    const part = (id: string, length: number) =>
      new Password(this, id, {
        length,
        special: false,
        upper: false,
        keepers: { generation: Token.asString(Fn.tostring(generation)) },
      });
    const secret = part("bootstrap_token_secret", 16);
    Layer.of(this).addStateSecret({
      what: `\`${addressOf(secret)}.result\``,
      why: "Lets a node join the cluster, for 24 hours. It is part of user data, which no provider can leave out of the state.",
    });
    return `${part("bootstrap_token_id", 6).result}.${secret.result}`;
  }
}
