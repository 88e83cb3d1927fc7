import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "./component";
import { type INamespace } from "./namespace";
import { type Pods } from "./network-policy";

export interface CiliumProps {
  /** Of the whole system, such as `kube-system`: without a default deny, which nobody could enforce before Cilium is there. */
  readonly namespace: INamespace;
}

/**
 * Cilium: pod network (VXLAN) and NetworkPolicies, with Hubble, which shows the flows that were let in and dropped.
 *
 * Pods get addresses from the cluster's pod block, a /24 for each node. Blocks in policies match nodes too
 * (`policyCIDRMatchMode`), which `allowToApiServer` and its like rely on. Hubble's certificates are made by a Job in the
 * cluster, and renewed every four months.
 *
 * @see https://docs.cilium.io/en/stable/network/concepts/ipam/cluster-pool/
 */
export class Cilium extends Construct {
  /** Hubble's pages, on port {@link uiPort} of its pods and 80 of the Service `hubble-ui`. */
  readonly ui: Pods;
  readonly uiPort = 8081;
  /** What depends on the agents being ready, and so on nodes that take pods. */
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace }: CiliumProps) {
    super(scope, id);
    const component = new Component(this, "Default", {
      name: "cilium",
      namespace,
      repository: "https://helm.cilium.io",
      version: "1.20.0",
      values: { ipam: { operator: { clusterPoolIPv4PodCIDRList: [namespace.cluster.network.podCidrBlock] } } },
      pods: {
        agent: { labels: { "k8s-app": "cilium" }, resources: ["resources"], replicas: "perNode" },
        operator: {
          labels: { "io.cilium/app": "operator" },
          resources: ["operator.resources"],
          replicas: { valueAt: "operator.replicas" },
        },
        "hubble-relay": { labels: { "k8s-app": "hubble-relay" }, resources: ["hubble.relay.resources"] },
        "hubble-ui": {
          labels: { "k8s-app": "hubble-ui" },
          resources: ["hubble.ui.frontend.resources", "hubble.ui.backend.resources"],
        },
        "hubble-certificates": { labels: { "k8s-app": "hubble-generate-certs" }, resources: ["certgen.resources"] },
      },
    });
    this.ui = component.pods("hubble-ui");
    this.delivered = component.delivered;
  }
}
