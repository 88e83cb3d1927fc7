import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type BasicAuthGate } from "../gateway/basic-auth-gate";
import { HTTPS_ROUTE } from "../gateway/https-route";

export interface ZotRegistryProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people, and their Docker, reach it, over HTTPS. */
  readonly host: string;
  /** Whom the gateway lets through to it. */
  readonly gate: BasicAuthGate;
}

const PORT = 5000;

/**
 * Zot: a registry for images inside the cluster, beside or instead of another. Who reaches its pods may push and pull; people
 * log in at the gateway, as `docker login` does.
 *
 * @see https://zotregistry.dev
 */
export class ZotRegistry extends Construct implements Connectable {
  readonly pods: Pods;
  /** Where Prometheus reads: name and number. */
  readonly metrics = { portName: "zot", port: PORT };
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, delivery, host, gate }: ZotRegistryProps) {
    super(scope, id);
    const component = new Component(this, "Default", {
      name: "zot",
      namespace,
      repository: "https://zotregistry.dev/helm-charts",
      version: "0.1.122",
      delivery,
      values: {
        ingress: {
          enabled: true,
          className: "traefik",
          pathtype: "Prefix",
          annotations: { ...HTTPS_ROUTE, ...gate.annotations },
          hosts: [{ host, paths: [{ path: "/" }] }],
        },
      },
      pods: {
        server: {
          labels: { "app.kubernetes.io/name": "zot" },
          resources: ["resources"],
          replicas: { valueAt: "replicaCount" },
        },
      },
      dependsOn: [gate.delivered],
    });
    this.pods = component.pods("server");
    this.delivered = component.delivered;
  }

  /** Lets others push and pull, or lead people to it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
