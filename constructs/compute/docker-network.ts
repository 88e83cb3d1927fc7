import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { Network } from "@cdktf/provider-docker/lib/network";

export interface DockerNetworkProps {
  /** Name that Docker has it under. */
  readonly name: string;
  /** Block of its addresses, such as `172.30.0.0/24`. @default - Docker takes a free one */
  readonly cidrBlock?: string;
}

/**
 * A bridge network of Docker: its containers find each other by name, on whatever port they listen.
 *
 * What is published on 127.0.0.1 of the host is not reached from a container; the network is how one reaches another.
 */
export class DockerNetwork extends Construct {
  /** Known only once the network is there, so that what refers to it comes after it. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: DockerNetworkProps) {
    super(scope, id);
    const { name, cidrBlock: subnet } = props;
    this.name = new Network(this, "Resource", {
      name,
      driver: "bridge",
      // Docker gives the first address to the host anyway: said here, so that a plan has nothing to add.
      ipamConfig: subnet === undefined ? undefined : [{ subnet, gateway: Token.asString(Fn.cidrhost(subnet, 1)) }],
    }).name;
  }
}
