import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "./component";
import { type INamespace } from "./namespace";

export interface MetricsServerProps {
  readonly namespace: INamespace;
  /** @default 1 */
  readonly replicas?: number;
  /** What has to be there before: whoever approves the kubelets' certificates. @default - only the namespace */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * metrics-server: CPU and memory of pods and nodes, for autoscalers and `kubectl top`. It asks the kubelets, and takes
 * certificates of the cluster's authority only.
 */
export class MetricsServer extends Construct {
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, { namespace, replicas = 1, dependsOn }: MetricsServerProps) {
    super(scope, id);
    const component = new Component(this, "Default", {
      name: "metrics-server",
      namespace,
      repository: "https://kubernetes-sigs.github.io/metrics-server/",
      version: "3.13.1",
      values: { replicas },
      pods: {
        server: {
          labels: { "app.kubernetes.io/name": "metrics-server" },
          resources: ["resources"],
          replicas: { valueAt: "replicas" },
          needsKubernetesApi: true,
          // Not a webhook, but called by the API server as well: it serves metrics.k8s.io.
          webhookPorts: [10250],
        },
      },
      // A kubelet asks for a certificate again some minutes after nobody has answered it.
      timeoutSeconds: 900,
      ...(dependsOn ? { dependsOn } : {}),
    });
    component.pods("server").allowToNodes({ port: 10250 });
    this.delivered = component.delivered;
  }
}
