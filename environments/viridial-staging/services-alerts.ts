import { type AlertRule } from "../../constructs/observability/monitors";

/**
 * What somebody has to look at in the services themselves. What their callers see (errors, latency, replicas that are left
 * out), restarts and queues are in `alerts.yaml`.
 *
 * @param namespace that of the services
 */
export function servicesAlerts(namespace: string): readonly AlertRule[] {
  const here = `namespace="${namespace}"`;
  return [
    {
      alert: "ServiceAtMaximum",
      expr:
        `kube_horizontalpodautoscaler_status_current_replicas{${here}}` +
        ` >= on (namespace, horizontalpodautoscaler) kube_horizontalpodautoscaler_spec_max_replicas{${here}}`,
      for: "30m",
      labels: { severity: "warning" },
      annotations: {
        summary: "{{ $labels.horizontalpodautoscaler }} has had all the replicas that it may have for half an hour",
        description:
          "More load would make it slow. Look at its CPU and memory, then raise the maximum in services.ts, and the nodes' size where synth says so.",
        runbook: "docs/runbooks/incident.md",
      },
    },
    {
      alert: "ServiceWaitsForDatabase",
      expr: `sum by (pod) (hikaricp_connections_pending{${here}}) > 0`,
      for: "5m",
      labels: { severity: "warning" },
      annotations: {
        summary: "{{ $labels.pod }} has waited for connections to PostgreSQL for 5 minutes",
        description:
          "Its pool is used up: a slow query, or PgBouncer has none left. See PostgreSQL on the dashboard Infrastructure.",
      },
    },
    {
      alert: "ServiceHeapFull",
      expr:
        `sum by (pod) (jvm_memory_used_bytes{${here},area="heap"})` +
        ` / sum by (pod) (jvm_memory_max_bytes{${here},area="heap"} > 0) > 0.9`,
      for: "15m",
      labels: { severity: "warning" },
      annotations: {
        summary: "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its heap",
        description:
          "It is about to end with an OutOfMemoryError, and to be started anew. Raise its memory limit in services.ts.",
      },
    },
  ];
}
