import { Fn, type IResolvable, type ITerraformDependable, Op, TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { Password } from "@cdktf/provider-random/lib/password";
import { OciArmServer, type OciArmServerProps } from "../compute/oci-arm-server";
import { type OciBootVolumeBackups } from "../compute/oci-boot-volume-backups";
import { addressOf } from "../core/address";
import { Layer } from "../core/layer";
import { type Targets } from "../gateway/network-load-balancer";
import { apiServerReady } from "./api-server-ready";
import { ClusterCertificates } from "./cluster-certificates";
import { joinToken, type K3sRelease, k3sAgentUserData, k3sServerUserData } from "./k3s-user-data";

export interface K3sClusterProps extends Pick<
  OciArmServerProps,
  | "bootVolumeGib"
  | "compartmentId"
  | "memoryGib"
  | "ocpus"
  | "placement"
  | "securityGroupId"
  | "sshPublicKey"
  | "subnetId"
> {
  /** Name of the cluster, of its nodes' prefix and in the kubeconfig. */
  readonly name: string;
  readonly release: K3sRelease;
  /** How many nodes, the server among them: 1 and more. */
  readonly nodeCount: number;
  /** Whether the nodes get public addresses. */
  readonly publicAddresses: IResolvable;
  /** IPv4 block of the network that the nodes are in. */
  readonly networkCidr: string;
  /** Address under which the API server is reached from outside, without port. */
  readonly apiAddress: string;
  /** Namespaces whose pods may reach the metadata of their node's instance. @default - none */
  readonly metadataNamespaces?: readonly string[];
  readonly backups: OciBootVolumeBackups;
}

/** Port of the API server, and of K3s's supervisor. */
export const KUBERNETES_API_PORT = 6443;

/**
 * A K3s cluster on OCI's ARM servers: one server and as many agents as there are further nodes.
 *
 * Its certificate authorities are made here, before the first node, so the admin's kubeconfig is known to Terraform and
 * no file has to be fetched from a server.
 */
export class K3sCluster extends Construct {
  /** Such as `https://192.0.2.1:6443`. */
  readonly host: string;
  readonly certificates: ClusterCertificates;
  /** The server alone. */
  readonly serverTargets: readonly Targets[];
  /** Every node. */
  readonly nodeTargets: readonly Targets[];
  /** Instance ids of all nodes. */
  readonly nodeIds: string[];
  /** Public IPv4 addresses of all nodes; empty strings where they have none. */
  readonly nodePublicIps: string[];

  /** @throws SocleError when a prop is malformed, or the user data cannot fit */
  constructor(scope: Construct, id: string, props: K3sClusterProps) {
    super(scope, id);
    this.host = `https://${props.apiAddress}:${KUBERNETES_API_PORT}`;
    this.certificates = new ClusterCertificates(this, "certificates", { name: props.name });
    const layer = Layer.of(this);
    const password = (passwordId: string, why: string) => {
      const made = new Password(this, passwordId, { length: 48, special: false });
      layer.addStateSecret({ what: `\`${addressOf(made)}.result\``, why });
      return made.result;
    };
    const inUserData = "It is part of user data, which no provider can leave out of the state.";
    const serverPassword = password("server_password", `Opens the server's own keys. ${inUserData}`);
    const agentPassword = password("agent_password", `Lets a node join the cluster. ${inUserData}`);

    const { serverAuthority, clientAuthority, requestHeaderAuthority } = this.certificates;
    const node = {
      release: props.release,
      networkCidr: props.networkCidr,
      metadataNamespaces: props.metadataNamespaces,
    };
    const server = new OciArmServer(this, "server", {
      ...props,
      name: `${props.name}-server`,
      publicAddress: props.publicAddresses,
      userData: k3sServerUserData({
        ...node,
        serverPassword,
        agentPassword,
        serverNames: [props.apiAddress],
        serverAuthority,
        clientAuthority,
        requestHeaderAuthority,
      }),
    });
    const count = TerraformCount.of(Token.asNumber(Op.sub(props.nodeCount, 1)));
    const agents = new OciArmServer(this, "agent", {
      ...props,
      name: `${props.name}-agent`,
      count,
      firstIndex: 1,
      publicAddress: props.publicAddresses,
      userData: k3sAgentUserData({
        ...node,
        token: joinToken(serverAuthority, agentPassword),
        serverAddress: server.privateIp,
      }),
    });
    for (const { address } of [server, agents]) {
      layer.addStateSecret({
        what: `\`${address}\`: \`metadata\``,
        why:
          address === server.address
            ? "The user data carries the cluster's authorities with their keys and both passwords: K3s needs them before its first start."
            : "The user data carries the password to join.",
      });
    }
    props.backups.protect("server", server.bootVolumeId);
    props.backups.protect("agent", agents.bootVolumeId, count);

    this.serverTargets = [{ id: "server", ipAddress: server.privateIp }];
    this.nodeTargets = [...this.serverTargets, { id: "agent", ipAddress: agents.privateIp, count }];
    this.nodeIds = Fn.concat([server.ids, agents.ids]);
    this.nodePublicIps = Fn.concat([server.publicIps, agents.publicIps]);
  }

  /**
   * Waits until the API server says that it is ready: servers return while their first boot still goes on. Then every
   * plan asks it again, so a plan fails early where the cluster cannot be reached.
   *
   * @param reachable what has to be there for {@link host} to lead to the server
   * @returns the address of the data source that waits, for `depends_on` of outputs
   */
  waitUntilReady(reachable: readonly ITerraformDependable[]): string {
    const ready = apiServerReady(this, "ready", {
      host: this.host,
      certificates: this.certificates,
      diagnosis: 'log in by SSH and read "journalctl -u k3s-node-install -u k3s"',
      dependsOn: reachable,
    });
    return addressOf(ready);
  }
}
