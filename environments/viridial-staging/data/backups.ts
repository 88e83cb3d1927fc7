import { Namespace } from "../../../constructs/cluster/namespace";
import { type Layer } from "../../../constructs/core/layer";
import { type AlertRule, Monitors } from "../../../constructs/observability/monitors";
import { S3Copy } from "../../../constructs/storage/s3-copy";
import { Velero, VELERO_CREDENTIALS } from "../../../constructs/storage/velero";
import { NAMESPACES, VAULT_ENTRIES } from "../names";
import { neighbour } from "../neighbours";
import { type Profile } from "../settings";
import { vaultStore } from "../vault-access";
import { type ObjectStoreAccess, TENANT_BUCKETS } from "./object-store";
import { type DataProps } from "./props";

/** Where a control plane keeps its snapshots of etcd, one every six hours. */
const ETCD_SNAPSHOTS = "/var/backups/etcd";

/** In UTC, one after the other; the second region comes last, when all the others are done. */
const SCHEDULES = { objects: "45 2 * * *", velero: "30 3 * * *", etcd: "20 */6 * * *", secondRegion: "0 6 * * *" };

const RETENTION_DAYS = 30;

const DAY_AND_MORE_HOURS = 26;

/** What its namespace may request: the agents on every node, and workers. */
const QUOTAS: Record<Profile, { cpuMillis: number; memoryMib: number; pods: number }> = {
  staging: { cpuMillis: 600, memoryMib: 1024, pods: 30 },
  production: { cpuMillis: 1000, memoryMib: 2048, pods: 50 },
};

/** Copies of the object store and etcd outside the cluster, Velero, and all of them in a second region. */
export function addBackups(layer: Layer, props: DataProps & ObjectStoreAccess): void {
  const { cluster, namespace, settings, backup, copy, monitors, objectStore, objectStoreRoot, backupKeys } = props;
  const dataKeys = { accessKey: backupKeys.key("access-key"), secretKey: backupKeys.key("secret-key") };
  const objects = new S3Copy(layer, "object_store_copy", {
    namespace,
    source: {
      endpoint: objectStore.endpoint,
      parts: TENANT_BUCKETS,
      keys: { accessKey: objectStoreRoot.key("rootUser"), secretKey: objectStoreRoot.key("rootPassword") },
    },
    target: backup,
    targetKeys: dataKeys,
    prefix: "object-store",
    schedule: SCHEDULES.objects,
    dependsOn: [objectStore.delivered, backupKeys.delivered],
  });
  objectStore.pods.allowFrom(objects, { port: objectStore.port });
  const secondRegion = new S3Copy(layer, "second_region_copy", {
    namespace,
    source: { endpoint: backup.endpoint, parts: [backup.bucket], keys: dataKeys },
    target: copy,
    targetKeys: dataKeys,
    schedule: SCHEDULES.secondRegion,
    optional: true,
    dependsOn: [backupKeys.delivered],
  });
  monitors.alert("object-store-backups", [
    missed("ObjectStoreCopyMissed", namespace.name, objects.name, DAY_AND_MORE_HOURS, "The object store"),
    missed("SecondRegionCopyMissed", namespace.name, secondRegion.name, DAY_AND_MORE_HOURS, "The second region"),
  ]);

  const veleroNamespace = new Namespace(layer, "velero_namespace", {
    cluster,
    name: NAMESPACES.velero,
    quota: QUOTAS[settings.profile],
    podSecurity: {
      level: "privileged",
      reason:
        "Velero's agents mount the volumes of all pods of their node, and a Job reads the snapshots of etcd on a control plane.",
    },
  });
  const store = vaultStore(layer, veleroNamespace);
  const keys = store.secret("backups", {
    entry: VAULT_ENTRIES.backups,
    keys: { "access-key": "access-key", "secret-key": "secret-key" },
  });
  const velero = new Velero(layer, "velero", {
    namespace: veleroNamespace,
    credentials: store.secret("velero-credentials", {
      entry: VAULT_ENTRIES.backups,
      keys: { accessKey: "access-key", secretKey: "secret-key" },
      template: { data: VELERO_CREDENTIALS },
    }),
    repositoryPassword: store.secret("velero-repo-credentials", {
      entry: VAULT_ENTRIES.velero,
      keys: { "repository-password": "repository-password" },
    }),
    target: backup,
    schedule: SCHEDULES.velero,
    retentionDays: RETENTION_DAYS,
  });
  const etcd = new S3Copy(layer, "etcd_copy", {
    namespace: veleroNamespace,
    source: { controlPlaneFolder: ETCD_SNAPSHOTS },
    target: backup,
    targetKeys: { accessKey: keys.key("access-key"), secretKey: keys.key("secret-key") },
    prefix: "etcd",
    schedule: SCHEDULES.etcd,
    dependsOn: [keys.delivered],
  });
  const own = new Monitors(layer, "velero_monitors", {
    prometheus: neighbour(layer, cluster, "prometheus"),
    namespace: veleroNamespace,
  });
  own.scrape({ pods: velero.pods, ...velero.metrics });
  own.alert("velero-backups", [
    missed("EtcdCopyMissed", veleroNamespace.name, etcd.name, 8, "etcd"),
    {
      alert: "VeleroBackupMissed",
      expr: `time() - max(velero_backup_last_successful_timestamp{schedule="${velero.scheduleName}"}) > ${DAY_AND_MORE_HOURS * 3600} or absent(velero_backup_last_successful_timestamp{schedule="${velero.scheduleName}"})`,
      for: "2h",
      labels: { severity: "critical" },
      annotations: {
        summary: `Velero has no backup of the last ${DAY_AND_MORE_HOURS} hours`,
        description: "Look at kubectl --namespace velero get backups, and at the log of the Deployment velero.",
        runbook: RUNBOOK,
      },
    },
  ]);
}

const RUNBOOK = "README of viridial-staging-data";

/** A CronJob that has not succeeded for too long, or never did. Without the CronJob it is silent. */
function missed(alert: string, namespace: string, cronJob: string, hours: number, what: string): AlertRule {
  const of = `{namespace="${namespace}",cronjob="${cronJob}"}`;
  return {
    alert,
    expr: `time() - max(kube_cronjob_status_last_successful_time${of} or kube_cronjob_created${of}) > ${hours * 3600}`,
    for: "15m",
    labels: { severity: "critical" },
    annotations: {
      summary: `${what} was not copied out of the cluster for ${hours} hours`,
      description: `The CronJob ${cronJob} did not succeed. See its last Jobs and their logs, and the keys and the bucket of the backups.`,
      runbook: RUNBOOK,
    },
  };
}
