import { createHash } from "node:crypto";
import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, mergeValues, type Values } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";

/** The chart's version: Jaeger v2 only, one all-in-one Deployment; it takes no value of chart 3 and says nothing of them. */
const VERSION = "4.11.1";

export interface JaegerProps {
  readonly namespace: INamespace;
  /** How long spans are kept, in days. */
  readonly retentionDays: number;
  /** Size of its volume, in GiB. */
  readonly volumeGib: number;
  /** Merged over the values files. @default - only what they say */
  readonly values?: Values;
}

/**
 * Jaeger in one process, with its traces in Badger on a volume. The claim is kept when the release is removed.
 *
 * @see https://www.jaegertracing.io/docs/2.16/storage/badger/ (one process only)
 */
export class Jaeger extends Construct implements Connectable {
  readonly pods: Pods;
  /** Address inside the cluster, `host:port`, that takes spans by OTLP over gRPC. */
  readonly otlpAddress: string;
  /** The number of that port. */
  readonly otlpPort = 4317;
  /** The port that answers queries over HTTP. */
  readonly queryPort = 16686;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when a number is not a whole positive one */
  constructor(scope: Construct, id: string, props: JaegerProps) {
    super(scope, id);
    const { retentionDays, volumeGib } = props;
    SocleError.throwIfAny(this.node.path, wholeNumberProblems({ retentionDays, volumeGib }));
    const userconfig = configuration(retentionDays);
    const component = new Component(this, "Default", {
      name: "jaeger",
      namespace: props.namespace,
      repository: "https://jaegertracing.github.io/helm-charts",
      version: VERSION,
      values: mergeValues(props.values ?? {}, {
        userconfig,
        // The chart mounts the configuration by a sub-path and has no checksum of it: without another label, pods would
        // go on with the old one.
        jaeger: { podLabels: { "socle/configuration": digestOf(userconfig) } },
        extraObjects: [
          {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: "jaeger-badger", annotations: { "helm.sh/resource-policy": "keep" } },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: `${volumeGib}Gi` } } },
          },
        ],
      }),
      pods: { jaeger: { labels: { "app.kubernetes.io/name": "jaeger" }, resources: ["jaeger.resources"] } },
    });
    this.pods = component.pods("jaeger");
    this.otlpAddress = `jaeger.${props.namespace.name}:${this.otlpPort}`;
    this.delivered = component.delivered;
  }
}

/**
 * Jaeger's own configuration, which the chart takes as a whole.
 *
 * @see https://github.com/jaegertracing/jaeger/blob/main/cmd/jaeger/config-badger.yaml
 */
function configuration(retentionDays: number): Values {
  return {
    service: {
      extensions: ["jaeger_storage", "jaeger_query", "healthcheckv2"],
      pipelines: {
        traces: { receivers: ["otlp"], processors: ["batch"], exporters: ["jaeger_storage_exporter"] },
      },
      telemetry: { resource: { "service.name": "jaeger" } },
    },
    extensions: {
      // The chart's probes ask it.
      healthcheckv2: { use_v2: true, http: { endpoint: "0.0.0.0:13133" } },
      jaeger_query: {
        storage: { traces: "badger" },
        http: { endpoint: "0.0.0.0:16686" },
        grpc: { endpoint: "0.0.0.0:16685" },
      },
      jaeger_storage: {
        backends: {
          badger: {
            badger: {
              ephemeral: false,
              directories: { keys: "/badger/keys", values: "/badger/values" },
              ttl: { spans: `${retentionDays * 24}h` },
            },
          },
        },
      },
    },
    receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
    processors: { batch: {} },
    exporters: { jaeger_storage_exporter: { trace_storage: "badger" } },
  };
}

/** Another text whenever the configuration is another one. */
function digestOf(userconfig: Values): string {
  return createHash("sha256").update(JSON.stringify(userconfig)).digest("hex").slice(0, 12);
}
