import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { KubectlWait, type KubectlWaitProps } from "./kubectl-wait";

export interface NodesReadyProps extends Pick<KubectlWaitProps, "dependsOn" | "kubernetesRelease" | "namespace"> {
  /** How long it may take until the cloud controller knows every node, and again until they are ready. @default 15 */
  readonly timeoutMinutes?: number;
}

/**
 * Waits until the nodes are ready for pods: the cloud controller has initialized every one that has joined, and each is
 * Ready. Its own pod takes no tainted node, so at least one worker is among them.
 *
 * A node's `providerID` is looked at instead of its taint `node.cloudprovider.kubernetes.io/uninitialized`, whose absence
 * kubectl cannot wait for: the cloud controller sets the one and removes the other in one update.
 *
 * @see https://github.com/kubernetes/cloud-provider/blob/master/controllers/node/node_controller.go (`syncNode`)
 */
export class NodesReady extends Construct {
  readonly ready: ITerraformDependable;

  constructor(scope: Construct, id: string, { timeoutMinutes = 15, ...props }: NodesReadyProps) {
    super(scope, id);
    this.ready = new KubectlWait(this, "Default", {
      ...props,
      timeoutMinutes,
      reads: { apiGroup: "", resource: "nodes" },
      conditions: [
        { of: ["node", "--all"], is: "jsonpath={.spec.providerID}" },
        { of: ["node", "--all"], is: "condition=Ready" },
      ],
    }).ready;
  }
}
