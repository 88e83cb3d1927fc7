import { type Pods } from "../../constructs/cluster/network-policy";
import { type LabSettings } from "./settings";

/** Containers of the lab's Docker network that pods reach, with the port that they listen on. */
export const CONTAINERS = {
  postgres: { host: 10, port: 5432 },
  vault: { host: 11, port: 8200 },
  registry: { host: 12, port: 5001 },
  gitlab: { host: 13, port: 8081 },
} as const;

/** A container that pods reach. */
export type ContainerName = keyof typeof CONTAINERS;

/** Host number of the first k3s node, the server; agents follow it. */
const FIRST_NODE = 20;

/**
 * Address of a container in the lab's Docker network. It is fixed, since pods reach containers by names that CoreDNS has
 * to know, and policies name addresses.
 */
export function containerAddress(
  { networkCidrBlock }: Pick<LabSettings, "networkCidrBlock">,
  name: ContainerName,
): string {
  return hostAddress(networkCidrBlock, CONTAINERS[name].host);
}

/**
 * Address of a k3s node in the lab's Docker network.
 *
 * @param index 0 for the server, 1 and more for agents
 */
export function nodeAddress({ networkCidrBlock }: Pick<LabSettings, "networkCidrBlock">, index: number): string {
  return hostAddress(networkCidrBlock, FIRST_NODE + index);
}

/** Lets pods reach a container of the lab. */
export function allowToContainer(pods: Pods, settings: LabSettings, name: ContainerName): void {
  pods.allowToBlocks(name, [`${containerAddress(settings, name)}/32`], { port: CONTAINERS[name].port });
}

/** An address of a /24. */
function hostAddress(networkCidrBlock: string, host: number): string {
  return networkCidrBlock.replace(/\.0\/24$/, `.${host}`);
}
