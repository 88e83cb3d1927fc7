import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type ComponentPods } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";

export interface CertManagerProps {
  /** Its `when` decides whether cert-manager is there. */
  readonly namespace: INamespace;
  /** Whether certificates come from an ACME authority, which cert-manager then reaches on the internet. @default true */
  readonly acme?: boolean;
}

/**
 * cert-manager: gets certificates from an authority, such as Let's Encrypt, and renews them.
 *
 * Its apply ends when its webhook answers, so what depends on {@link delivered} may make issuers and certificates.
 */
export class CertManager extends Construct {
  readonly namespace: INamespace;
  readonly delivered: ITerraformDependable;
  /** The pods that ask for certificates. */
  readonly controller: Pods;
  /** Where Prometheus reads when certificates expire, in the pods of {@link controller}. */
  readonly metrics = { portName: "http-metrics", port: 9402 };

  constructor(scope: Construct, id: string, props: CertManagerProps) {
    super(scope, id);
    this.namespace = props.namespace;
    const pods = (component: string, resources: string, webhookPorts: readonly number[] = []): ComponentPods => ({
      labels: { "app.kubernetes.io/instance": "cert-manager", "app.kubernetes.io/component": component },
      resources: [resources],
      needsKubernetesApi: true,
      ...(webhookPorts.length > 0 ? { webhookPorts } : {}),
    });
    const component = new Component(this, "Default", {
      name: "cert-manager",
      namespace: props.namespace,
      repository: "https://charts.jetstack.io",
      version: "v1.21.1",
      pods: {
        controller: pods("controller", "resources"),
        webhook: pods("webhook", "webhook.resources", [10250]),
        cainjector: pods("cainjector", "cainjector.resources"),
        startupapicheck: pods("startupapicheck", "startupapicheck.resources"),
      },
    });
    this.controller = component.pods("controller");
    if (props.acme ?? true) {
      // The authority itself, and its own look at what the authority will ask for.
      this.controller.allowToInternet("acme", { port: 443 }, { port: 80 });
    }
    this.delivered = component.delivered;
  }
}
