import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace, type PodSecurityException } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type KnownSecret } from "../secrets/known-secret";

/** Why the namespace of Datadog's agents is one where pods may do more. */
export const DATADOG_POD_SECURITY: PodSecurityException = {
  level: "privileged",
  reason:
    "The agent of each node runs as root and mounts /proc, the control groups and the runtime's socket of its node.",
};

export interface DatadogProps {
  /** A namespace with {@link DATADOG_POD_SECURITY}. */
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** As what Datadog's pages show it: lower-case letters, digits and "-". */
  readonly clusterName: string;
  /** Secret with the keys `api-key` and `site`, such as `datadoghq.eu`. */
  readonly account: KnownSecret;
  /** Secret with the key `token`, of 32 characters or more: what agents show the cluster agent. */
  readonly clusterAgentToken: GeneratedSecret;
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Of the cluster agent's API. */
const CLUSTER_AGENT_PORT = 5005;
const KUBELET_PORT = 10250;

/**
 * Datadog's agents: one on each node for what runs there, one for what the Kubernetes API knows. Both send to Datadog over
 * HTTPS. A NetworkPolicy knows no names, so it is port 443 of the internet that they reach.
 *
 * @see https://docs.datadoghq.com/containers/kubernetes/
 */
export class Datadog extends Construct {
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when the cluster's name is none that Datadog takes */
  constructor(scope: Construct, id: string, props: DatadogProps) {
    super(scope, id);
    const { namespace, clusterName, account, clusterAgentToken } = props;
    SocleError.throwIfAny(
      this.node.path,
      /^[a-z][a-z0-9-]{0,78}[a-z0-9]$/.test(clusterName)
        ? []
        : [
            `clusterName is "${clusterName}": use 2 to 80 lower-case letters, digits and "-", from a letter to a letter or digit`,
          ],
    );
    const { secretName, key } = account.key("site");
    const site = [{ name: "DD_SITE", valueFrom: { secretKeyRef: { name: secretName, key } } }];
    const component = new Component(this, "Default", {
      name: "datadog",
      namespace,
      repository: "https://helm.datadoghq.com",
      version: "3.240.0",
      delivery: props.delivery,
      values: {
        datadog: {
          apiKeyExistingSecret: account.key("api-key").secretName,
          clusterName,
          // The chart's own value would be in git.
          env: site,
        },
        clusterAgent: { tokenExistingSecret: clusterAgentToken.key("token").secretName, env: site },
      },
      pods: {
        agents: {
          labels: { app: "datadog" },
          resources: ["agents.containers.agent.resources"],
          replicas: "perNode",
          needsKubernetesApi: true,
        },
        "cluster-agent": {
          labels: { app: "datadog-cluster-agent" },
          resources: ["clusterAgent.resources"],
          replicas: { valueAt: "clusterAgent.replicas" },
          needsKubernetesApi: true,
        },
      },
      dependsOn: [account.resource, clusterAgentToken.resource, ...(props.dependsOn ?? [])],
    });
    this.delivered = component.delivered;
    const [agents, clusterAgent] = [component.pods("agents"), component.pods("cluster-agent")];
    clusterAgent.allowFrom(agents, { port: CLUSTER_AGENT_PORT });
    agents.allowToNodes({ port: KUBELET_PORT });
    for (const pods of [agents, clusterAgent]) {
      pods.allowToInternet("datadog", { port: 443 });
    }
  }
}
