import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "./component";
import { type INamespace } from "./namespace";

export interface NvidiaDevicePluginProps {
  /** With the level `privileged`: the plugin speaks to the kubelet through a socket of the node. */
  readonly namespace: INamespace;
  /** How it reaches the cluster. @default - as a Helm release */
  readonly delivery?: Delivery;
}

/**
 * NVIDIA's device plugin: pods get a card by asking for `nvidia.com/gpu`. It runs where a node has the label
 * `nvidia.com/gpu.present`, and needs NVIDIA's container runtime there, as the RuntimeClass `nvidia`.
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin
 */
export class NvidiaDevicePlugin extends Construct {
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, delivery }: NvidiaDevicePluginProps) {
    super(scope, id);
    this.delivered = new Component(this, "Default", {
      name: "nvidia-device-plugin",
      namespace,
      repository: "https://nvidia.github.io/k8s-device-plugin",
      version: "0.20.0",
      pods: { plugin: { labels: { "app.kubernetes.io/name": "nvidia-device-plugin" }, resources: ["resources"] } },
      ...(delivery ? { delivery } : {}),
    }).delivered;
  }
}
