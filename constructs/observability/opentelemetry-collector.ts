import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, mergeValues, type Values } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type Jaeger } from "./jaeger";

/** The chart's version. */
const VERSION = "0.170.0";

export interface OpenTelemetryCollectorProps {
  readonly namespace: INamespace;
  /** Where traces go. */
  readonly jaeger: Jaeger;
  /** Share of the traces that are kept, in percent: more than 0, at most 100. */
  readonly sampledPercent: number;
  /** @default 1 */
  readonly replicas?: number;
  /** Merged over the values files. @default - only what they say */
  readonly values?: Values;
}

/**
 * The OpenTelemetry collector: takes OTLP (4317 gRPC, 4318 HTTP) and hands a share of the traces on to Jaeger.
 *
 * Senders send every trace; the share is taken here, by a hash of the trace's id, so a trace is whole or not there and
 * replicas agree. Choosing afterwards (all traces with an error, say) would need all spans of a trace in the memory of
 * one replica.
 */
export class OpenTelemetryCollector extends Construct implements Connectable {
  readonly pods: Pods;
  /** Where it tells its metrics. */
  readonly metrics: { readonly pods: Pods; readonly portName: string; readonly port: number };
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when the share or the replicas are out of range */
  constructor(scope: Construct, id: string, props: OpenTelemetryCollectorProps) {
    super(scope, id);
    const { sampledPercent, replicas = 1 } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(sampledPercent > 0 && sampledPercent <= 100
        ? []
        : [`sampledPercent is ${sampledPercent}: use more than 0 and at most 100`]),
      ...wholeNumberProblems({ replicas }),
    ]);
    const component = new Component(this, "Default", {
      name: "opentelemetry-collector",
      namespace: props.namespace,
      repository: "https://open-telemetry.github.io/opentelemetry-helm-charts",
      version: VERSION,
      values: mergeValues(props.values ?? {}, {
        replicaCount: replicas,
        alternateConfig: {
          processors: { probabilistic_sampler: { sampling_percentage: sampledPercent } },
          exporters: { "otlp_grpc/jaeger": { endpoint: props.jaeger.otlpAddress, tls: { insecure: true } } },
        },
      }),
      pods: {
        collector: {
          labels: { "app.kubernetes.io/name": "opentelemetry-collector" },
          resources: ["resources"],
          replicas: { valueAt: "replicaCount" },
        },
      },
      dependsOn: [props.jaeger.delivered],
    });
    this.pods = component.pods("collector");
    this.metrics = { pods: this.pods, portName: "metrics", port: 8888 };
    this.delivered = component.delivered;
    this.pods.allowTo(props.jaeger, { port: props.jaeger.otlpPort });
  }
}
