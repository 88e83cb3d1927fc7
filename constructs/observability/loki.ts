import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery, mergeValues, type Values } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";

/** The chart's version. */
const VERSION = "18.11.0";

export interface LokiProps {
  readonly namespace: INamespace;
  /** How long logs are kept, in days. */
  readonly retentionDays: number;
  /** Size of its volume, in GiB. */
  readonly volumeGib: number;
  /** Merged over the values files. @default - only what they say */
  readonly values?: Values;
  /** How the chart reaches the cluster. @default - a Helm release */
  readonly delivery?: Delivery;
}

/**
 * Loki in one process, with its chunks and index on a volume of the default storage class.
 *
 * Not in the object store of the same cluster: logs have to be there when that one is down. With more than one process
 * would hold, another entry in `schemaConfig` with an S3 store outside takes over from a date on.
 */
export class Loki extends Construct implements Connectable {
  readonly pods: Pods;
  /** Address inside the cluster, of the API for writing and reading. */
  readonly url: string;
  readonly port = 3100;
  /** Where it tells its metrics. */
  readonly metrics: { readonly pods: Pods; readonly portName: string; readonly port: number };
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when a number is not a whole positive one */
  constructor(scope: Construct, id: string, props: LokiProps) {
    super(scope, id);
    const { retentionDays, volumeGib } = props;
    SocleError.throwIfAny(this.node.path, wholeNumberProblems({ retentionDays, volumeGib }));
    const component = new Component(this, "Default", {
      name: "loki",
      namespace: props.namespace,
      repository: "https://grafana-community.github.io/helm-charts",
      version: VERSION,
      values: mergeValues(props.values ?? {}, {
        loki: { limits_config: { retention_period: `${retentionDays * 24}h` } },
        singleBinary: { persistence: { size: `${volumeGib}Gi` } },
      }),
      pods: { loki: { labels: { "app.kubernetes.io/name": "loki" }, resources: ["singleBinary.resources"] } },
      ...(props.delivery ? { delivery: props.delivery } : {}),
    });
    this.pods = component.pods("loki");
    this.url = `http://loki.${props.namespace.name}:${this.port}`;
    this.metrics = { pods: this.pods, portName: "http-metrics", port: this.port };
    this.delivered = component.delivered;
    // It calls its own parts through its Services.
    this.pods.allowFrom(this.pods, { port: 9095 }, { port: 7946 });
  }
}
