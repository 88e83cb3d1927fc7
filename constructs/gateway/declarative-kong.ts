import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { stringify } from "yaml";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type GatewayRoute, gatewayRouteProblems } from "./gateway-route";
import { HTTPS_ROUTE } from "./https-route";

export interface DeclarativeKongProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which Traefik leads to it, over HTTPS. */
  readonly host: string;
  /** Everything that it answers, at least one. */
  readonly routes: readonly GatewayRoute[];
}

const PORT = 8000;

/**
 * Kong that does what one file says: no database, no ingress controller, no admin API that others reach. The file is in a
 * ConfigMap that the chart makes; pods are replaced when it changes.
 *
 * For a gateway that goes by Ingresses, plugins and consumers of the cluster, see `Kong`.
 *
 * @see https://developer.konghq.com/gateway/db-less-mode/
 */
export class DeclarativeKong extends Construct implements Connectable {
  readonly pods: Pods;
  /** Where Prometheus reads: name and number. */
  readonly metrics = { portName: "status", port: 8100 };
  readonly delivered: ITerraformDependable;

  /** @throws SocleError with every route that is not accepted */
  constructor(scope: Construct, id: string, { namespace, delivery, host, routes }: DeclarativeKongProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, gatewayRouteProblems(routes));
    const component = new Component(this, "Default", {
      name: "kong",
      namespace,
      repository: "https://charts.konghq.com",
      version: "3.4.1",
      delivery,
      values: {
        replicaCount: 1,
        ingressController: { enabled: false },
        // Who may say who is asking; no other pod but Traefik is let in.
        env: { trusted_ips: namespace.cluster.network.podCidrBlock },
        dblessConfig: { config: configurationOf(routes) },
        proxy: {
          ingress: {
            enabled: true,
            ingressClassName: "traefik",
            hostname: host,
            path: "/",
            pathType: "Prefix",
            annotations: HTTPS_ROUTE,
          },
        },
      },
      pods: {
        kong: {
          labels: { "app.kubernetes.io/name": "kong" },
          resources: ["resources"],
        },
      },
    });
    this.pods = component.pods("kong");
    this.delivered = component.delivered;
  }

  /** Lets others ask it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

/** @see https://developer.konghq.com/gateway/entities/ */
function configurationOf(routes: readonly GatewayRoute[]): string {
  return stringify({
    _format_version: "3.0",
    services: routes.map(({ name, path, host, port }) => ({
      name,
      url: `http://${host}:${port}`,
      routes: [{ name, paths: [path], strip_path: false }],
    })),
    plugins: [{ name: "prometheus", config: { status_code_metrics: true, latency_metrics: true } }],
  });
}
