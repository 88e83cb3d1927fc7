import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { readProjectFile } from "../core/files";
import { type Loki } from "./loki";

/** The chart's version. */
const VERSION = "1.11.1";

const CONFIG = "constructs/observability/alloy/config.alloy";

export interface AlloyProps {
  /** Where it mounts the nodes' logs: Pod Security `privileged`. */
  readonly namespace: INamespace;
  /** Where logs go. */
  readonly loki: Loki;
  /** Name of the namespace whose pods write the request log of the API gateway. */
  readonly gatewayNamespace: string;
  /** How the chart reaches the cluster. @default - a Helm release */
  readonly delivery?: Delivery;
}

/**
 * Alloy on every node, control planes included: sends the logs of pods, and the API server's audit log, to Loki.
 *
 * Streams have the labels `namespace`, `service`, `level` (debug, info, warn, error, unknown) and `tenant`: that of a
 * tenant's own namespace, or the field `tenant_id` (or `tenant`) of a line that is JSON. Pod, container and trace are structured metadata,
 * since each of their values would be another stream.
 *
 * On the way it counts what the API gateway logs for each tenant: {@link AlloyProps.gatewayNamespace} writes one line of
 * JSON for each request (Kong's file-log to standard output), with the verified tenant in the field `tenant_id`, which
 * nothing but the gateway's plugin sets. That gives
 * `tenant_api_requests_total` and `tenant_api_response_bytes_total`, with the labels `tenant`, `upstream` (a service of
 * Kong) and `status` (`2xx` … `5xx`, and `429`).
 */
export class Alloy extends Construct {
  readonly pods: Pods;
  /** Where it tells its metrics, and those of the tenants. */
  readonly metrics: { readonly pods: Pods; readonly portName: string; readonly port: number };

  constructor(scope: Construct, id: string, props: AlloyProps) {
    super(scope, id);
    const component = new Component(this, "Default", {
      name: "alloy",
      namespace: props.namespace,
      repository: "https://grafana.github.io/helm-charts",
      version: VERSION,
      values: {
        alloy: {
          configMap: { content: toHelmText(readProjectFile(CONFIG)) },
          extraEnv: [
            { name: "LOKI_URL", value: props.loki.url },
            { name: "GATEWAY_NAMESPACE", value: props.gatewayNamespace },
          ],
        },
      },
      pods: {
        alloy: {
          labels: { "app.kubernetes.io/name": "alloy" },
          resources: ["alloy.resources"],
          replicas: "perNode",
          needsKubernetesApi: true,
        },
      },
      dependsOn: [props.loki.delivered],
      ...(props.delivery ? { delivery: props.delivery } : {}),
    });
    this.pods = component.pods("alloy");
    this.metrics = { pods: this.pods, portName: "http-metrics", port: 12345 };
    this.pods.allowTo(props.loki, { port: props.loki.port });
  }
}

/** Text that a chart's `tpl` leaves as it is: `{{` and `}}` are templates of somebody else. */
export function toHelmText(text: string): string {
  return text.replace(/\{\{|\}\}/g, (braces) => `{{ "${braces}" }}`);
}
