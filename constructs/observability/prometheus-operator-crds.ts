import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";

/** The chart's version: its CRDs are those of the operator that kube-prometheus-stack 88.5.3 has, v0.93.1. */
const VERSION = "31.0.1";

export interface PrometheusOperatorCrdsProps {
  /** Where the Helm release is kept; the kinds themselves belong to no namespace. */
  readonly namespace: INamespace;
}

/**
 * The kinds of the Prometheus Operator by themselves, for a cluster whose components bring their monitors before the
 * operator is there. The values of kube-prometheus-stack then leave them out (`crds.enabled`).
 */
export class PrometheusOperatorCrds extends Construct {
  /** What brings objects of these kinds depends on it. */
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace }: PrometheusOperatorCrdsProps) {
    super(scope, id);
    const component = new Component(this, "Default", {
      name: "prometheus-operator-crds",
      namespace,
      repository: "https://prometheus-community.github.io/helm-charts",
      version: VERSION,
      pods: {},
    });
    this.delivered = component.delivered;
  }
}
