import { type Recording } from "../observability/monitors";
import { type TenantEntry } from "./tenant-list";

/**
 * What billing reads of some tenants, each series with the label `tenant`, which is the id:
 *
 * - `tenant:info:plan` is 1, with `organization` and `plan`, to join the others with;
 * - `tenant:billed_requests:increase1h`, those of the API that were answered, with `organization` and `plan` too;
 * - `tenant:cpu_seconds:increase1h` and `tenant:memory_bytes:avg1h` of what runs in its namespace;
 * - `tenant:volume_bytes:used` of its volumes.
 *
 * A series ends with its tenant's entry; what was recorded stays for as long as Prometheus keeps it.
 *
 * @param tenants at least one
 * @param billedRequests a series of requests in an hour, whose label `tenant` is the organization's id
 */
export function tenantUsage(
  tenants: readonly Pick<TenantEntry, "id" | "organizationId" | "plan">[],
  billedRequests: string,
): readonly Recording[] {
  const ids = tenants.map(({ id }) => id).join("|");
  const organizations = tenants.map(({ organizationId }) => organizationId).join("|");
  const ofNamespace = `namespace=~"tenant-(${ids})"`;
  const inNamespace = (expr: string) =>
    `sum by (tenant) (label_replace(${expr}, "tenant", "$1", "namespace", "tenant-(.+)"))`;
  return [
    ...tenants.map(({ id, organizationId, plan }) => ({
      record: "tenant:info:plan",
      expr: "vector(1)",
      labels: { tenant: id, organization: organizationId, plan },
    })),
    {
      record: "tenant:billed_requests:increase1h",
      expr:
        `sum by (organization) (label_replace(${billedRequests}{tenant=~"${organizations}"}, "organization", "$1", "tenant", "(.+)"))` +
        ` * on (organization) group_left (tenant, plan) tenant:info:plan{tenant=~"${ids}"}`,
    },
    {
      record: "tenant:cpu_seconds:increase1h",
      expr: inNamespace(`increase(container_cpu_usage_seconds_total{${ofNamespace}, container!=""}[1h])`),
    },
    {
      record: "tenant:memory_bytes:avg1h",
      expr: inNamespace(`avg_over_time(container_memory_working_set_bytes{${ofNamespace}, container!=""}[1h])`),
    },
    {
      record: "tenant:volume_bytes:used",
      expr: inNamespace(`kubelet_volume_stats_used_bytes{${ofNamespace}}`),
    },
  ];
}
