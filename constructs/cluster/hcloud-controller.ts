import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "./component";
import { KUBEADM_POD_CIDR } from "./kubeadm-blocks";
import { type INamespace } from "./namespace";

export interface HcloudControllerProps {
  /** The one with the Secret `hcloud`. */
  readonly namespace: INamespace;
  /** The Secret with `token` and `network`: named `hcloud`, as the charts of Hetzner expect it. */
  readonly secret: ITerraformDependable;
}

/**
 * Hetzner's cloud controller: knows a node by its server, removes the taint that keeps pods away until then, and removes
 * the nodes of deleted servers. It runs on a control plane and on its network, before there are others.
 *
 * It makes no routes (Calico's VXLAN carries pods) and no load balancers (Terraform's is before the nodes). Nodes get
 * their private address only: a public one would be in each kubelet's certificate.
 *
 * @see https://github.com/hetznercloud/hcloud-cloud-controller-manager/tree/v1.35.0/docs
 */
export class HcloudController extends Construct {
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, secret }: HcloudControllerProps) {
    super(scope, id);
    this.delivered = new Component(this, "Default", {
      name: "hcloud-cloud-controller-manager",
      namespace,
      repository: "https://charts.hetzner.cloud",
      version: "1.35.0",
      values: { networking: { clusterCIDR: KUBEADM_POD_CIDR } },
      pods: {
        controller: {
          labels: { "app.kubernetes.io/name": "hcloud-cloud-controller-manager" },
          resources: ["resources"],
          onControlPlanes: true,
        },
      },
      dependsOn: [secret],
    }).delivered;
  }
}
