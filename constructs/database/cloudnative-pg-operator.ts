import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Component } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { type Monitors } from "../observability/monitors";

const REPOSITORY = "https://cloudnative-pg.github.io/charts";

export interface CloudNativePgOperatorProps {
  /** The plugin looks for the operator in its own namespace: both are in this one. */
  readonly namespace: INamespace;
  /** cert-manager, delivered: the two trust each other by its certificates. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * CloudNativePG, which runs PostgreSQL clusters of any namespace, with the plugin that archives WAL and base backups to
 * object stores. A database's pods have to allow {@link operator} on 8000, where an instance tells its state, and on 5432.
 *
 * @see https://cloudnative-pg.io/plugin-barman-cloud/docs/migration/ (in-tree backups end with 1.31)
 */
export class CloudNativePgOperator extends Construct {
  readonly operator: Pods;
  /** What depends on its kinds, and the plugin's, being known. */
  readonly delivered: ITerraformDependable & IDependable;

  constructor(scope: Construct, id: string, props: CloudNativePgOperatorProps) {
    super(scope, id);
    const { namespace } = props;
    const operator = new Component(this, "Default", {
      name: "cloudnative-pg",
      namespace,
      repository: REPOSITORY,
      version: "0.29.0",
      pods: {
        operator: {
          labels: { "app.kubernetes.io/name": "cloudnative-pg" },
          resources: ["resources"],
          needsKubernetesApi: true,
          webhookPorts: [9443],
        },
      },
    });
    const plugin = new Component(this, "plugin", {
      name: "plugin-barman-cloud",
      namespace,
      repository: REPOSITORY,
      version: "0.7.0",
      pods: {
        plugin: {
          labels: { "app.kubernetes.io/name": "plugin-barman-cloud" },
          resources: ["resources"],
          needsKubernetesApi: true,
        },
      },
      dependsOn: [operator.delivered, ...props.dependsOn],
    });
    this.operator = operator.pods("operator");
    this.operator.allowTo(plugin.pods("plugin"), { port: 9090 });
    this.delivered = plugin.delivered;
  }

  /** Has its metrics read. */
  monitor(monitors: Monitors): void {
    monitors.scrape({ pods: this.operator, portName: "metrics", port: 8080 });
  }
}
