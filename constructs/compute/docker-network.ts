import { Construct } from "constructs";
import { Network } from "@cdktf/provider-docker/lib/network";

export interface DockerNetworkProps {
  /** Name that Docker has it under. */
  readonly name: string;
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
    this.name = new Network(this, "Resource", { name: props.name, driver: "bridge" }).name;
  }
}
