import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Component, type ComponentPods } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { type Monitors } from "../observability/monitors";

export interface RabbitMqOperatorsProps {
  readonly namespace: INamespace;
  /** cert-manager, delivered: the webhook's certificate is its. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * RabbitMQ's two operators: one runs clusters of any namespace, one makes what is in them (exchanges, queues, users). A
 * cluster's pods have to allow both on the port of its management API.
 *
 * Helm installs their CRDs with the first release and never again: a newer chart's are applied by hand before it.
 */
export class RabbitMqOperators extends Construct {
  readonly clusterOperator: Pods;
  readonly topologyOperator: Pods;
  /** What depends on their kinds being known. */
  readonly delivered: ITerraformDependable & IDependable;

  constructor(scope: Construct, id: string, props: RabbitMqOperatorsProps) {
    super(scope, id);
    const pods = (component: string, resources: string): ComponentPods => ({
      labels: { "app.kubernetes.io/component": component },
      resources: [resources],
      needsKubernetesApi: true,
    });
    const component = new Component(this, "Default", {
      name: "rabbitmq-cluster-operator",
      namespace: props.namespace,
      repository: "oci://registry-1.docker.io/cloudpirates",
      version: "0.6.5",
      pods: {
        "cluster-operator": pods("rabbitmq-operator", "clusterOperator.resources"),
        "topology-operator": {
          ...pods("messaging-topology-operator", "msgTopologyOperator.resources"),
          webhookPorts: [9443],
        },
      },
      dependsOn: props.dependsOn,
    });
    this.clusterOperator = component.pods("cluster-operator");
    this.topologyOperator = component.pods("topology-operator");
    this.delivered = component.delivered;
  }

  /** Has the metrics of both read. */
  monitor(monitors: Monitors): void {
    monitors.scrape({ pods: this.clusterOperator, portName: "http", port: 9782 });
    monitors.scrape({ pods: this.topologyOperator, portName: "metrics", port: 8080 });
  }
}
