import { type AlertRule } from "../../../constructs/observability/monitors";

const DAY_AND_MORE = 26 * 3600;

/**
 * What somebody has to know of PostgreSQL: a backup that is missing above all. The names of the metrics are those of
 * CloudNativePG (`cnpg_`), its plugin (`barman_cloud_`) and kube-state-metrics.
 *
 * @param cluster name of the server
 * @param dump name of the CronJob that dumps
 * @see https://cloudnative-pg.io/plugin-barman-cloud/docs/observability/
 */
export function postgresqlAlerts(namespace: string, cluster: string, dump: string): readonly AlertRule[] {
  const of = `namespace="${namespace}"`;
  const instances = `${of},pod=~"${cluster}-[0-9]+"`;
  const backup = `max(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{${instances}})`;
  const dumped = `kube_cronjob_status_last_successful_time{${of},cronjob="${dump}"}`;
  const created = `kube_cronjob_created{${of},cronjob="${dump}"}`;
  const runbook = "README of viridial-staging-data";
  const rule = (
    alert: string,
    severity: "critical" | "warning",
    wait: string,
    expr: string,
    summary: string,
    description: string,
  ): AlertRule => ({
    alert,
    expr,
    for: wait,
    labels: { severity },
    annotations: { summary, description, runbook },
  });
  return [
    rule(
      "PostgresqlDown",
      "critical",
      "2m",
      `sum(cnpg_collector_up{${instances}}) < 1 or absent(cnpg_collector_up{${instances}})`,
      "No instance of PostgreSQL answers",
      "Nothing can be read or written. See Failover of the primary.",
    ),
    rule(
      "PostgresqlNoBaseBackup",
      "critical",
      "30m",
      `time() - ${backup} > ${DAY_AND_MORE} or absent(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{${instances}})`,
      "PostgreSQL has no base backup of the last 26 hours",
      "A restore would have to replay more WAL, or has nothing to begin with. Look at kubectl get backups, and at the container plugin-barman-cloud.",
    ),
    rule(
      "PostgresqlArchivingFails",
      "critical",
      "15m",
      `max(cnpg_pg_stat_archiver_last_failed_time{${instances}} - cnpg_pg_stat_archiver_last_archived_time{${instances}}) > 1`,
      "PostgreSQL cannot archive its WAL",
      "What is written since then is lost with the volumes, and the volume of the WAL fills up. Usually the keys or the bucket of the backups.",
    ),
    rule(
      "PostgresqlArchivingBehind",
      "critical",
      "15m",
      `max(cnpg_collector_pg_wal_archive_status{${instances},value="ready"}) > 8`,
      "PostgreSQL archives its WAL too slowly",
      "More than eight files wait: the hour that may be lost at most is at risk.",
    ),
    rule(
      "PostgresqlNoDump",
      "critical",
      "30m",
      `time() - ${dumped} > ${DAY_AND_MORE} or (time() - ${created} > ${DAY_AND_MORE} unless ${dumped}) or absent(${created})`,
      "PostgreSQL has no logical dump of the last 26 hours",
      `The CronJob ${dump} failed or did not run: kubectl --namespace ${namespace} get jobs, and its logs.`,
    ),
    rule(
      "PostgresqlNoReplica",
      "warning",
      "15m",
      `max(cnpg_pg_replication_streaming_replicas{${instances}}) < 1`,
      "PostgreSQL has no replica",
      "Commits are on one volume only until their WAL is archived, and nothing can take over.",
    ),
    rule(
      "PostgresqlReplicaBehind",
      "warning",
      "10m",
      `max(cnpg_pg_replication_lag{${instances}}) > 300`,
      "A replica of PostgreSQL is more than five minutes behind",
      "What reads from it sees old rows.",
    ),
    rule(
      "PostgresqlConnections",
      "warning",
      "10m",
      `sum by (pod) (cnpg_backends_total{${instances}}) > on (pod) 0.9 * max by (pod) (cnpg_pg_settings_setting{${instances},name="max_connections"})`,
      "PostgreSQL has hardly a connection left",
      "Look at who holds them (pg_stat_activity); PgBouncer should.",
    ),
    rule(
      "PostgresqlVolume",
      "warning",
      "15m",
      `min(kubelet_volume_stats_available_bytes{${of},persistentvolumeclaim=~"${cluster}-[0-9]+(-wal)?"} / kubelet_volume_stats_capacity_bytes{${of},persistentvolumeclaim=~"${cluster}-[0-9]+(-wal)?"}) < 0.15`,
      "A volume of PostgreSQL is almost full",
      "A full one stops the server. Volumes can grow: dataGib and walGib in data/postgresql.ts.",
    ),
  ];
}
