import { type ITerraformDependable, type TerraformCount, Token } from "cdktf";
import { Construct } from "constructs";
import { NetworkLoadBalancerBackend } from "@cdktf/provider-oci/lib/network-load-balancer-backend";
import { NetworkLoadBalancerBackendSet } from "@cdktf/provider-oci/lib/network-load-balancer-backend-set";
import { NetworkLoadBalancerListener } from "@cdktf/provider-oci/lib/network-load-balancer-listener";
import { NetworkLoadBalancerNetworkLoadBalancer } from "@cdktf/provider-oci/lib/network-load-balancer-network-load-balancer";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";
import { listenerProblems } from "./listener";

export interface NetworkLoadBalancerProps {
  readonly name: string;
  readonly compartmentId: string;
  /** A public subnet. */
  readonly subnetId: string;
  readonly securityGroupId: string;
}

/** Servers that take what a listener forwards: one, or as many as `count` says. */
export interface Targets {
  /** Names the backend resource. */
  readonly id: string;
  /** Private IPv4 address; with `count`, an expression of `count.index`. */
  readonly ipAddress: string;
  /** How many there are. @default - one, without an index in its address */
  readonly count?: TerraformCount;
}

export interface ListenerProps {
  /** TCP port that is listened on, 1 to 65535. */
  readonly port: number;
  /** TCP port of the targets, 1 to 65535. */
  readonly targetPort: number;
  readonly targets: readonly Targets[];
  /** Tells the target the client's address by the PROXY protocol, version 2; it must expect that. @default false */
  readonly proxyProtocol?: boolean;
}

/**
 * A public network load balancer (Always Free) that forwards TCP.
 *
 * Targets see the load balancer's private address as the sender, so their security group needs to let in nobody else:
 * where the client's address matters, the PROXY protocol carries it.
 */
export class NetworkLoadBalancer extends Construct {
  /** Public IPv4 address; it stays as long as the load balancer does. */
  readonly publicIp: string;
  private readonly loadBalancerId: string;
  private readonly listeners = new Map<number, string>();
  private last: ITerraformDependable[] = [];

  constructor(scope: Construct, id: string, props: NetworkLoadBalancerProps) {
    super(scope, id);
    const loadBalancer = new NetworkLoadBalancerNetworkLoadBalancer(this, "Resource", {
      compartmentId: props.compartmentId,
      displayName: props.name,
      subnetId: props.subnetId,
      networkSecurityGroupIds: [props.securityGroupId],
      isPrivate: false,
      isPreserveSourceDestination: false,
    });
    this.loadBalancerId = loadBalancer.id;
    const addresses = `${addressOf(loadBalancer)}.ip_addresses`;
    this.publicIp = Token.asString(
      expression(this, `[for each in ${addresses} : each.ip_address if each.is_public][0]`),
    );
  }

  /** The parts that were made last: who needs a working load balancer depends on them. */
  get ready(): readonly ITerraformDependable[] {
    return this.last;
  }

  /**
   * Listens on a port and forwards to healthy targets; a target is healthy while its port accepts a connection.
   *
   * OCI refuses a change of a load balancer while another one is going on, so what this makes waits for what the call
   * before made.
   *
   * @throws SocleError when a port is out of range, the port is taken, or there is no target
   */
  listen(id: string, props: ListenerProps): void {
    SocleError.throwIfAny(this.node.path, [
      ...listenerProblems(id, props, this.listeners.get(props.port)),
      ...(props.targets.length > 0 ? [] : [`"${id}" has no target to forward to`]),
    ]);
    this.listeners.set(props.port, id);

    const set = this.after(
      (dependsOn) =>
        new NetworkLoadBalancerBackendSet(this, `${id}_targets`, {
          networkLoadBalancerId: this.loadBalancerId,
          name: id.replaceAll("_", "-"),
          policy: "FIVE_TUPLE",
          isPreserveSource: false,
          healthChecker: {
            protocol: "TCP",
            port: props.targetPort,
            intervalInMillis: 10_000,
            timeoutInMillis: 3_000,
            retries: 3,
          },
          dependsOn,
        }),
    );
    for (const { id: target, ipAddress, count } of props.targets) {
      this.after(
        (dependsOn) =>
          new NetworkLoadBalancerBackend(this, `${id}_${target}`, {
            ...(count === undefined ? {} : { count }),
            networkLoadBalancerId: this.loadBalancerId,
            backendSetName: set.name,
            ipAddress,
            port: props.targetPort,
            dependsOn,
          }),
      );
    }
    this.after(
      (dependsOn) =>
        new NetworkLoadBalancerListener(this, id, {
          networkLoadBalancerId: this.loadBalancerId,
          name: id.replaceAll("_", "-"),
          defaultBackendSetName: set.name,
          port: props.port,
          protocol: "TCP",
          isPpv2Enabled: props.proxyProtocol ?? false,
          dependsOn,
        }),
    );
  }

  private after<T extends ITerraformDependable>(make: (dependsOn: ITerraformDependable[] | undefined) => T): T {
    const made = make(this.last.length > 0 ? this.last : undefined);
    this.last = [made];
    return made;
  }
}
