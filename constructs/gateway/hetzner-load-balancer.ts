import { type ITerraformDependable, type TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { LoadBalancer } from "@cdktf/provider-hcloud/lib/load-balancer";
import { LoadBalancerNetwork } from "@cdktf/provider-hcloud/lib/load-balancer-network";
import { LoadBalancerService } from "@cdktf/provider-hcloud/lib/load-balancer-service";
import { LoadBalancerTargetA } from "@cdktf/provider-hcloud/lib/load-balancer-target";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { type HetznerNetwork } from "../network/hetzner-network";
import { listenerProblems } from "./listener";

export interface HetznerLoadBalancerProps {
  readonly name: string;
  /** Such as `nbg1`. */
  readonly location: string;
  readonly network: HetznerNetwork;
  /** Address of its own in the network. */
  readonly privateIp: string;
  /** Whether only the network reaches it: it has no public interface. @default false */
  readonly internal?: boolean;
  /** Whether Hetzner refuses to delete it until this is false. */
  readonly deleteProtection: boolean;
}

/** Servers that take what a load balancer forwards. */
export interface HetznerTargets {
  /** Names the target resource. */
  readonly id: string;
  /** Id of a server; with `count`, an expression of `count.index`. */
  readonly serverId: number;
  /** How many there are. @default - one, without an index in its address */
  readonly count?: TerraformCount;
}

export interface HetznerListenerProps {
  /** TCP port that the world reaches, or the network alone where it is internal; 1 to 65535. */
  readonly port: number;
  /** TCP port of the targets, 1 to 65535. */
  readonly targetPort: number;
  /** Whether targets are told the client's address by the PROXY protocol. @default true */
  readonly proxyProtocol?: boolean;
  /** What listens there, for the layer's README. */
  readonly purpose: string;
}

/** The smallest type: 25 targets, 5 services. @see https://docs.hetzner.com/cloud/load-balancers/overview */
const TYPE = "lb11";

/**
 * A load balancer of Hetzner's that forwards TCP to servers at their private addresses.
 *
 * No firewall can be before it: what it listens on is open to the world, unless it is internal. It tells targets the
 * client's address by the PROXY protocol where it is not told otherwise; they must expect that from {@link privateIp}.
 */
export class HetznerLoadBalancer extends Construct {
  /** Public IPv4 address; it stays as long as the load balancer does. Nothing answers there where it is internal. */
  readonly publicIp: string;
  readonly privateIp: string;
  private readonly loadBalancerId: string;
  private readonly numericId: number;
  private readonly inNetwork: ITerraformDependable;
  private readonly internal: boolean;
  private readonly listeners = new Map<number, string>();

  constructor(scope: Construct, id: string, props: HetznerLoadBalancerProps) {
    super(scope, id);
    const loadBalancer = new LoadBalancer(this, "Resource", {
      name: props.name,
      loadBalancerType: TYPE,
      location: props.location,
      deleteProtection: props.deleteProtection,
    });
    this.loadBalancerId = loadBalancer.id;
    this.numericId = Token.asNumber(expression(this, `${addressOf(loadBalancer)}.id`));
    this.publicIp = loadBalancer.ipv4;
    this.privateIp = props.privateIp;
    this.internal = props.internal ?? false;
    this.inNetwork = new LoadBalancerNetwork(this, "network", {
      loadBalancerId: this.numericId,
      networkId: props.network.networkId,
      ip: props.privateIp,
      ...(this.internal ? { enablePublicInterface: false } : {}),
      dependsOn: [props.network.ready],
    });
  }

  /** Forwards to these servers, whatever it listens on. */
  forwardTo({ id, serverId, count }: HetznerTargets): void {
    new LoadBalancerTargetA(this, id, {
      ...(count ? { count } : {}),
      type: "server",
      loadBalancerId: this.numericId,
      serverId,
      usePrivateIp: true,
      // It reaches private addresses only from within the network.
      dependsOn: [this.inNetwork],
    });
  }

  /**
   * Listens on a port and forwards to healthy targets; a target is healthy while its port accepts a connection.
   *
   * @throws SocleError when a port is out of range, or taken
   */
  listen(id: string, props: HetznerListenerProps): void {
    SocleError.throwIfAny(this.node.path, listenerProblems(id, props, this.listeners.get(props.port)));
    this.listeners.set(props.port, id);
    new LoadBalancerService(this, id, {
      loadBalancerId: this.loadBalancerId,
      protocol: "tcp",
      listenPort: props.port,
      destinationPort: props.targetPort,
      proxyprotocol: props.proxyProtocol ?? true,
      healthCheck: { protocol: "tcp", port: props.targetPort, interval: 10, timeout: 3, retries: 3 },
      // It has a public interface until then.
      ...(this.internal ? { dependsOn: [this.inNetwork] } : {}),
    });
    if (!this.internal) {
      Layer.of(this).addOpenPort({ port: props.port, protocol: "tcp", from: "world", purpose: props.purpose });
    }
  }
}
