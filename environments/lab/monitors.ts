import { type ITerraformDependable } from "cdktf";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { type Condition, ConditionalNamespace, ExistingNamespace } from "../../constructs/cluster/namespace";
import { type Layer } from "../../constructs/core/layer";
import { Monitors } from "../../constructs/observability/monitors";
import { type SecretKey } from "../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../constructs/secrets/known-secret";
import { NAMESPACES } from "./names";
import { neighbour } from "./neighbours";

/** A section for each alert. */
export const ALERTS_RUNBOOK = "docs/runbooks/lab-alerts.md";

/**
 * What watches one component: monitors, alerts and dashboards, which are there as long as it is.
 *
 * @param name of the component, such as `airflow`; its Helm release is `<name>-monitors`
 * @param when the component's own condition. @default - always there
 * @param dependsOn in the layer that brings the Prometheus Operator's kinds: those
 */
export function labMonitors(
  layer: Layer,
  cluster: KubernetesCluster,
  name: string,
  when?: Condition,
  dependsOn: readonly ITerraformDependable[] = [],
): Monitors {
  const namespace = new ExistingNamespace(cluster, NAMESPACES.monitoring);
  return new Monitors(layer, `${name.replaceAll("-", "_")}_monitors`, {
    prometheus: neighbour(layer, cluster, "prometheus"),
    namespace: when ? new ConditionalNamespace(namespace, when) : namespace,
    runbook: ALERTS_RUNBOOK,
    dependsOn,
  });
}

/** The user that Prometheus asks Trino as, and access control lets read system information. */
export const TRINO_METRICS_USER = "prometheus";

/**
 * That user, as `monitorTrino` takes it. It is no secret and has no password, but a monitor names a user only by a Secret of
 * its own namespace.
 */
export function trinoMetricsUser(layer: Layer, cluster: KubernetesCluster): SecretKey {
  const secret = new KnownSecret(layer, "trino_metrics_user", {
    namespace: new ExistingNamespace(cluster, NAMESPACES.monitoring),
    values: { username: TRINO_METRICS_USER },
  });
  return secret.key("username");
}
