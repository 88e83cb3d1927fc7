import { Fn, type TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { PlacementGroup } from "@cdktf/provider-hcloud/lib/placement-group";
import { PrimaryIp } from "@cdktf/provider-hcloud/lib/primary-ip";
import { SshKey } from "@cdktf/provider-hcloud/lib/ssh-key";
import { Bytes } from "@cdktf/provider-random/lib/bytes";
import { Password } from "@cdktf/provider-random/lib/password";
import { HetznerServer, type HetznerServerProps } from "../compute/hetzner-server";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { HetznerLoadBalancer, type HetznerTargets } from "../gateway/hetzner-load-balancer";
import { apiServerReady } from "./api-server-ready";
import { KubeadmCertificates } from "./kubeadm-certificates";
import {
  type ControlPlanePlace,
  kubeadmControlPlaneUserData,
  type KubeadmRelease,
  kubeadmWorkerUserData,
} from "./kubeadm-user-data";

export interface KubeadmClusterProps extends Pick<
  HetznerServerProps,
  "backups" | "firewall" | "location" | "network" | "protection"
> {
  /** Name of the cluster, of its nodes' prefix and in the kubeconfig. */
  readonly name: string;
  readonly release: KubeadmRelease;
  /** Type of the control planes, such as `cpx22`. */
  readonly controlPlaneServerType: string;
  /** Type of the workers. */
  readonly workerServerType: string;
  /** How many workers there are, beside the control planes. */
  readonly workers: TerraformCount;
  /** For the user `root`. */
  readonly sshPublicKey: string;
  /** Addresses of the control planes in the network: one, or three that hold one etcd together. */
  readonly controlPlaneIps: readonly string[];
  /** Whether control planes take pods like workers. @default false */
  readonly workloadsOnControlPlanes?: boolean;
  /** Address in the network for the load balancer before three; in the certificates also where there is one as yet. */
  readonly apiLoadBalancerIp: string;
  /** Another value makes another token, for workers that join later. */
  readonly bootstrapTokenGeneration: number;
  /** How many snapshots of etcd each control plane keeps, one every six hours. */
  readonly keptSnapshots: number;
}

/**
 * A kubeadm cluster at Hetzner: one control plane or three, and workers, spread over hosts.
 *
 * All key pairs that control planes share are made here, before the first node, so the admin's kubeconfig is known to
 * Terraform and no file has to be fetched from a server. The API's address is a primary IP of the first control plane,
 * behind Hetzner's firewall; it outlives the server. Nodes are led from it to a private address: that of the control
 * plane, or of a load balancer before three, which has no public interface, since no firewall could be before it.
 */
export class KubeadmCluster extends Construct {
  /** Such as `https://192.0.2.1:6443`. */
  readonly host: string;
  /** Public IPv4 address of the API and of the first control plane. */
  readonly apiAddress: string;
  readonly certificates: KubeadmCertificates;
  /** `<id>.<secret>`: what the workers join with. */
  readonly bootstrapToken: string;
  readonly workerTargets: HetznerTargets;
  /** The control planes, for a load balancer before the workloads that they take. */
  readonly controlPlaneTargets: readonly HetznerTargets[];
  /** Public IPv4 addresses of the control planes, the first one's before the others. */
  readonly controlPlaneAddresses: readonly string[];
  private readonly controlPlane: HetznerServer;

  /** @throws SocleError when a prop is malformed, or the user data cannot fit */
  constructor(scope: Construct, id: string, props: KubeadmClusterProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
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

    const [firstIp = "", ...furtherIps] = props.controlPlaneIps;
    const { serverAuthority, frontProxyAuthority, etcdAuthority, serviceAccounts } = this.certificates;
    const node = {
      release,
      networkCidr: network.cidrBlock,
      apiAddress: this.apiAddress,
      apiPrivateIp: furtherIps.length === 0 ? firstIp : props.apiLoadBalancerIp,
      bootstrapToken: this.bootstrapToken,
    };
    const group = new PlacementGroup(this, "spread", { name, type: "spread" });
    const shared = {
      ...props,
      placementGroupId: Token.asNumber(expression(this, `${addressOf(group)}.id`)),
      sshKeyId: new SshKey(this, "ssh", { name, publicKey: props.sshPublicKey }).id,
    };
    const controlPlaneUserData = (place: ControlPlanePlace) =>
      kubeadmControlPlaneUserData({
        ...node,
        name,
        place,
        runsWorkloads: props.workloadsOnControlPlanes ?? false,
        apiNames: [props.apiLoadBalancerIp],
        serverAuthority,
        frontProxyAuthority,
        etcdAuthority,
        serviceAccounts,
        secretsKey: secretsKey.base64,
        keptSnapshots: props.keptSnapshots,
      });
    this.controlPlane = new HetznerServer(this, "control_plane", {
      ...shared,
      name: `${name}-control-plane`,
      serverType: props.controlPlaneServerType,
      privateIp: firstIp,
      primaryIpId: address.id,
      userData: controlPlaneUserData(furtherIps.length === 0 ? "single" : "first"),
    });
    const further = furtherIps.map(
      (privateIp, index) =>
        new HetznerServer(this, `control_plane_${index + 2}`, {
          ...shared,
          name: `${name}-control-plane-${index + 2}`,
          serverType: props.controlPlaneServerType,
          privateIp,
          userData: controlPlaneUserData("further"),
        }),
    );
    const workers = new HetznerServer(this, "worker", {
      ...shared,
      name: `${name}-worker`,
      serverType: props.workerServerType,
      count: props.workers,
      userData: kubeadmWorkerUserData({ ...node, serverAuthority }),
    });
    const controlPlanes = [this.controlPlane, ...further];
    layer.addStateSecret({
      what: `${controlPlanes.map((each) => `\`${each.address}\``).join(", ")}: \`user_data\``,
      why: "It carries the shared keys, the Secrets' key and the token: kubeadm needs them before its first start.",
    });
    layer.addStateSecret({
      what: `\`${workers.address}\`: \`user_data\``,
      why: "It carries the token to join, which is valid for 24 hours.",
    });
    this.controlPlaneAddresses = [this.apiAddress, ...further.map((each) => each.publicIp)];
    this.controlPlaneTargets = controlPlanes.map(({ node: { id: target }, serverId }) => ({ id: target, serverId }));
    if (further.length > 0) {
      this.balance(props);
    }
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
      diagnosis: 'log in by SSH and read "journalctl -u kubeadm-node-install -u kubeadm-node-bootstrap"',
    });
    ready.addOverride("depends_on", [this.controlPlane.address]);
    return addressOf(ready);
  }

  /** Puts a load balancer before the API servers, for the network alone. */
  private balance(props: KubeadmClusterProps): void {
    const loadBalancer = new HetznerLoadBalancer(this, "api_load_balancer", {
      name: `${props.name}-api`,
      location: props.location,
      network: props.network,
      privateIp: props.apiLoadBalancerIp,
      internal: true,
      deleteProtection: props.protection,
    });
    this.controlPlaneTargets.forEach((target) => loadBalancer.forwardTo(target));
    loadBalancer.listen("api", { port: 6443, targetPort: 6443, proxyProtocol: false, purpose: "Kubernetes API" });
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

/** etcd needs an odd number of members to outlive the loss of one. */
function problemsOf({ controlPlaneIps: { length } }: KubeadmClusterProps): string[] {
  return length === 1 || length === 3 ? [] : [`controlPlaneIps has ${length} addresses; one or three are accepted`];
}
