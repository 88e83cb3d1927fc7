import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { SocleError } from "../core/error";
import { Component } from "./component";
import { type INamespace } from "./namespace";

export interface CsrApproverProps {
  readonly namespace: INamespace;
  /** What the names of all nodes match from their first to their last character: `^…$`. */
  readonly nodeNames: string;
  /** IPv4 blocks that the nodes' own addresses are in. */
  readonly nodeCidrBlocks: readonly string[];
}

/**
 * Approves what kubelets ask for: a serving certificate of the cluster's authority (`serverTLSBootstrap`), for the node's
 * own name and addresses of the nodes' network, and denies anything else. Certificates of people it does not look at.
 *
 * It is PostFinance's: the other one that is maintained (alex1989hu/kubelet-serving-cert-approver) has no list of allowed
 * names and addresses. Nodes' names are in no DNS, so it does not look them up.
 *
 * @see https://github.com/postfinance/kubelet-csr-approver/tree/v1.2.14
 */
export class CsrApprover extends Construct {
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when the pattern would take a part of a name, or there is no block, which would allow every address */
  constructor(scope: Construct, id: string, { namespace, nodeNames, nodeCidrBlocks }: CsrApproverProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, [
      ...(/^\^.+\$$/.test(nodeNames)
        ? []
        : [`nodeNames is "${nodeNames}": begin it with ^ and end it with $, or longer names match too`]),
      ...(nodeCidrBlocks.length > 0 ? [] : ["nodeCidrBlocks is empty, which allows every address: name one"]),
    ]);
    this.delivered = new Component(this, "Default", {
      name: "kubelet-csr-approver",
      namespace,
      repository: "https://postfinance.github.io/kubelet-csr-approver",
      version: "1.2.14",
      values: { providerRegex: nodeNames, providerIpPrefixes: nodeCidrBlocks },
      pods: {
        approver: {
          labels: { "app.kubernetes.io/name": "kubelet-csr-approver" },
          resources: ["resources"],
          needsKubernetesApi: true,
          onControlPlanes: true,
        },
      },
    }).delivered;
  }
}
