import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { stringify } from "yaml";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type GatewayRoute, gatewayRouteProblems } from "./gateway-route";
import { HTTPS_ROUTE } from "./https-route";

export interface ApisixProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which Traefik leads to it, over HTTPS. */
  readonly host: string;
  /** Everything that it answers, at least one. */
  readonly routes: readonly GatewayRoute[];
}

const PORT = 9080;

/**
 * Apache APISIX that does what one file says (`standalone`): no etcd, no ingress controller, and no admin API, whose key in
 * the chart is public. The file is in a ConfigMap that the chart makes; APISIX reads it again when it changes.
 *
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/#standalone
 */
export class Apisix extends Construct implements Connectable {
  readonly pods: Pods;
  /** Where Prometheus reads: name, number and path. */
  readonly metrics = { portName: "prometheus", port: 9091, path: "/apisix/prometheus/metrics" };
  readonly delivered: ITerraformDependable;

  /** @throws SocleError with every route that is not accepted */
  constructor(scope: Construct, id: string, { namespace, delivery, host, routes }: ApisixProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, gatewayRouteProblems(routes));
    const component = new Component(this, "Default", {
      name: "apisix",
      namespace,
      repository: "https://apache.github.io/apisix-helm-chart",
      version: "2.14.0",
      delivery,
      values: {
        apisix: { deployment: { standalone: { config: configurationOf(routes) } } },
        ingress: {
          enabled: true,
          className: "traefik",
          annotations: HTTPS_ROUTE,
          hosts: [{ host, paths: ["/"] }],
        },
      },
      pods: {
        apisix: {
          labels: { "app.kubernetes.io/name": "apisix" },
          resources: ["resources"],
          replicas: { valueAt: "replicaCount" },
        },
      },
    });
    this.pods = component.pods("apisix");
    this.delivered = component.delivered;
  }

  /** Lets others ask it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

/** The chart adds the line `#END`, without which APISIX reads nothing. */
function configurationOf(routes: readonly GatewayRoute[]): string {
  return stringify({
    routes: routes.map(({ name, path, host, port }) => ({
      id: name,
      uris: [path, `${path}/*`],
      upstream: { type: "roundrobin", nodes: { [`${host}:${port}`]: 1 } },
    })),
    global_rules: [{ id: "metrics", plugins: { prometheus: {} } }],
  });
}
