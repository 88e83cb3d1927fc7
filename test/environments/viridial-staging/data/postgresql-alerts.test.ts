import { postgresqlAlerts } from "../../../../environments/viridial-staging/data/postgresql-alerts";
import { describeWithProgram } from "../../../support/programs";
import { alertsVerdict, type Series } from "../../../support/promtool";

const RULES = postgresqlAlerts("data", "postgresql", "postgresql-dump");
/** Two days of minutes. */
const ALWAYS = 2 * 24 * 60;

const instance = (metric: string, values: string, labels = "", pod = "postgresql-1"): Series => ({
  series: `${metric}{namespace="data",pod="${pod}"${labels}}`,
  values,
});
const cronJob = (metric: string, values: string): Series => ({
  series: `${metric}{namespace="data",cronjob="postgresql-dump"}`,
  values,
});
const volume = (metric: string, values: string): Series => ({
  series: `kubelet_volume_stats_${metric}_bytes{namespace="data",persistentvolumeclaim="postgresql-1-wal"}`,
  values,
});

/** A server with a replica, a base backup and a dump at time 0 and each day, and WAL archived every minute. */
const HEALTHY: readonly Series[] = [
  instance("cnpg_collector_up", `1x${ALWAYS}`),
  instance("barman_cloud_cloudnative_pg_io_last_available_backup_timestamp", `0x1439 86400x${ALWAYS}`),
  instance("cnpg_pg_stat_archiver_last_failed_time", `-1x${ALWAYS}`),
  instance("cnpg_pg_stat_archiver_last_archived_time", `0+60x${ALWAYS}`),
  instance("cnpg_collector_pg_wal_archive_status", `1x${ALWAYS}`, ',value="ready"'),
  instance("cnpg_pg_replication_streaming_replicas", `1x${ALWAYS}`),
  instance("cnpg_pg_replication_lag", `0x${ALWAYS}`),
  instance("cnpg_backends_total", `20x${ALWAYS}`, ',datname="viridial"'),
  instance("cnpg_pg_settings_setting", `100x${ALWAYS}`, ',name="max_connections"'),
  cronJob("kube_cronjob_created", `0x${ALWAYS}`),
  cronJob("kube_cronjob_status_last_successful_time", `0x1439 86400x${ALWAYS}`),
  volume("available", `50x${ALWAYS}`),
  volume("capacity", `100x${ALWAYS}`),
];
const but = (...others: readonly Series[]) => [
  ...HEALTHY.filter(({ series }) => !others.some((other) => other.series === series)),
  ...others,
];
const without = (metric: string) => HEALTHY.filter(({ series }) => !series.startsWith(`${metric}{`));

describeWithProgram("promtool", "The alerts of PostgreSQL", () => {
  const verdict = (series: readonly Series[], at: string, ...firing: readonly string[]) =>
    alertsVerdict(RULES, series, at, firing);

  test("GIVEN all is well THEN none fires, for a day and a half", () => {
    expect(verdict(HEALTHY, "1h")).toBe("");
    expect(verdict(HEALTHY, "36h")).toBe("");
  });

  const backup = "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp";
  const dumped = "kube_cronjob_status_last_successful_time";
  test.each<[string, string, readonly Series[], string]>([
    [
      "the last base backup is older than 26 hours",
      "27h",
      but(instance(backup, `0x${ALWAYS}`)),
      "PostgresqlNoBaseBackup",
    ],
    ["there never was a base backup", "1h", without(backup), "PostgresqlNoBaseBackup"],
    ["the last dump is older than 26 hours", "27h", but(cronJob(dumped, `0x${ALWAYS}`)), "PostgresqlNoDump"],
    ["no dump ever succeeded", "27h", without(dumped), "PostgresqlNoDump"],
    ["the CronJob of the dump is gone", "1h", without("kube_cronjob_created"), "PostgresqlNoDump"],
    [
      "archiving fails",
      "1h",
      but(
        instance("cnpg_pg_stat_archiver_last_failed_time", `0+60x${ALWAYS}`),
        instance("cnpg_pg_stat_archiver_last_archived_time", `0x${ALWAYS}`),
      ),
      "PostgresqlArchivingFails",
    ],
    [
      "WAL files wait",
      "1h",
      but(instance("cnpg_collector_pg_wal_archive_status", `9x${ALWAYS}`, ',value="ready"')),
      "PostgresqlArchivingBehind",
    ],
    ["no instance answers", "1h", but(instance("cnpg_collector_up", `0x${ALWAYS}`)), "PostgresqlDown"],
    ["no instance is there", "1h", without("cnpg_collector_up"), "PostgresqlDown"],
    [
      "the replica is away",
      "1h",
      but(instance("cnpg_pg_replication_streaming_replicas", `0x${ALWAYS}`)),
      "PostgresqlNoReplica",
    ],
    [
      "a replica is behind",
      "1h",
      [...HEALTHY, instance("cnpg_pg_replication_lag", `301x${ALWAYS}`, "", "postgresql-2")],
      "PostgresqlReplicaBehind",
    ],
    [
      "hardly a connection is left",
      "1h",
      but(instance("cnpg_backends_total", `91x${ALWAYS}`, ',datname="viridial"')),
      "PostgresqlConnections",
    ],
    ["a volume is almost full", "1h", but(volume("available", `14x${ALWAYS}`)), "PostgresqlVolume"],
  ])("WHEN %s THEN that is told, and nothing else", (_, at, input, alert) => {
    expect(verdict(input, at, alert)).toBe("");
  });

  test("GIVEN another server's metrics THEN they are none of this one's", () => {
    const other = { series: 'cnpg_collector_up{namespace="data",pod="postgresql-restored-1"}', values: `1x${ALWAYS}` };
    expect(verdict([...without("cnpg_collector_up"), other], "1h", "PostgresqlDown")).toBe("");
  });
});
