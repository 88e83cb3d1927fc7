import { Construct } from "constructs";
import { Component, type Values } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";

/** The chart's version. */
const VERSION = "9.1.0";

export interface FalcoProps {
  /** Where it loads a probe into the nodes' kernel and mounts their file systems: Pod Security `privileged`. */
  readonly namespace: INamespace;
  /** Merged over the values files. @default - only what they say */
  readonly values?: Values;
}

/**
 * Falco on every node, control planes included: tells of behaviour that no pod should show, such as a shell in a container
 * or a read of credentials. Events are lines of JSON on its standard output, and counted in
 * `falcosecurity_falco_rules_matches_total`, whose `priority` is 0 (emergency) to 7 (debug).
 *
 * @see https://falco.org/docs/concepts/metrics/
 */
export class Falco extends Construct {
  readonly pods: Pods;
  /** Where it tells its metrics. */
  readonly metrics: { readonly pods: Pods; readonly portName: string; readonly port: number };

  constructor(scope: Construct, id: string, props: FalcoProps) {
    super(scope, id);
    const component = new Component(this, "Default", {
      name: "falco",
      namespace: props.namespace,
      repository: "https://falcosecurity.github.io/charts",
      version: VERSION,
      ...(props.values ? { values: props.values } : {}),
      pods: {
        falco: {
          labels: { "app.kubernetes.io/name": "falco" },
          resources: ["resources"],
          replicas: "perNode",
        },
      },
    });
    this.pods = component.pods("falco");
    this.metrics = { pods: this.pods, portName: "web", port: 8765 };
  }
}
