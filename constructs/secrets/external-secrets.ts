import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Component } from "../cluster/component";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type Monitors } from "../observability/monitors";

export interface ExternalSecretsProps {
  readonly namespace: INamespace;
  /** cert-manager, delivered: the webhook's certificate is its. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * external-secrets, which keeps Kubernetes Secrets equal to what is in Vault, for every namespace that has a
 * {@link VaultStore}. It may read and write every Secret of the cluster, and make tokens for every ServiceAccount:
 * whoever runs in its pods is the cluster's administrator.
 */
export class ExternalSecrets extends Construct implements Connectable {
  readonly pods: Pods;
  /** What depends on its kinds being known, and its webhook answering. */
  readonly delivered: ITerraformDependable & IDependable;

  constructor(scope: Construct, id: string, props: ExternalSecretsProps) {
    super(scope, id);
    const issuer = new Manifests(this, "issuer", {
      namespace: props.namespace,
      name: "external-secrets-issuer",
      manifests: [
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Issuer",
          metadata: { name: "external-secrets" },
          spec: { selfSigned: {} },
        },
      ],
      dependsOn: props.dependsOn,
    });
    const component = new Component(this, "Default", {
      name: "external-secrets",
      namespace: props.namespace,
      repository: "https://charts.external-secrets.io",
      version: "2.9.0",
      pods: {
        "external-secrets": {
          labels: { "app.kubernetes.io/name": "external-secrets" },
          resources: ["resources"],
          needsKubernetesApi: true,
        },
        "external-secrets-webhook": {
          labels: { "app.kubernetes.io/name": "external-secrets-webhook" },
          resources: ["webhook.resources"],
          needsKubernetesApi: true,
          webhookPorts: [10250],
        },
      },
      dependsOn: [issuer.delivered],
    });
    this.pods = component.pods("external-secrets");
    this.delivered = component.delivered;
  }

  /** Has its metrics read, and somebody told when a Secret cannot be brought in. */
  monitor(monitors: Monitors): void {
    monitors.scrape({ pods: this.pods, portName: "metrics", port: 8080 });
    monitors.alert("external-secrets", [
      {
        alert: "ExternalSecretNotReady",
        expr: 'max by (exported_namespace, name) (externalsecret_status_condition{condition="Ready", status="False"}) == 1',
        for: "15m",
        labels: { severity: "warning" },
        annotations: {
          summary: "The Secret {{ $labels.name }} of {{ $labels.exported_namespace }} is not refreshed",
          description:
            "Pods keep what they have. See kubectl --namespace {{ $labels.exported_namespace }} describe externalsecret {{ $labels.name }}: Vault is sealed, the entry is missing, or the role may not read it.",
        },
      },
    ]);
  }
}
