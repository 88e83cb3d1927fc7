import { type ContainerResources } from "../../../constructs/cluster/workload";
import { type Layer } from "../../../constructs/core/layer";
import { type VaultSecret } from "../../../constructs/secrets/vault-store";
import { STORAGE_CLASSES } from "../../../constructs/storage/hcloud-csi";
import { Minio } from "../../../constructs/storage/minio";
import { type Bucket, bucketsPolicy, type ObjectStore } from "../../../constructs/storage/object-store";
import { ObjectStoreSetup } from "../../../constructs/storage/object-store-setup";
import { VAULT_ENTRIES } from "../names";
import { type Profile } from "../settings";
import { type DataProps } from "./props";

/** Buckets of the object store: tenants have a prefix in each. */
export const BUCKETS: Readonly<Record<string, Bucket>> = {
  "property-images": { coldAfterDays: 90, noncurrentDays: 30 },
  documents: { coldAfterDays: 90, noncurrentDays: 30 },
  // What a tenant gets when it leaves, or asks for: a backup of the cluster is never in the cluster.
  backups: { noncurrentDays: 7 },
};

/** The buckets whose objects belong to tenants, and are copied out of the cluster. */
export const TENANT_BUCKETS: readonly string[] = ["property-images", "documents"];

const SIZES: Record<Profile, { resources: ContainerResources; storageGib: number }> = {
  staging: { resources: { cpuMillis: 100, memoryMib: 352, memoryLimitMib: 768 }, storageGib: 20 },
  production: { resources: { cpuMillis: 500, memoryMib: 2048, memoryLimitMib: 3072 }, storageGib: 200 },
};

/** What backups of the object store need of it. */
export interface ObjectStoreAccess {
  readonly objectStore: ObjectStore;
  /** Keys `rootUser` and `rootPassword`. */
  readonly objectStoreRoot: VaultSecret;
  /** Keys `access-key` and `secret-key`, of the service outside the cluster. */
  readonly backupKeys: VaultSecret;
}

/** MinIO, with the buckets, and the key of the service that uses them. */
export function addObjectStore(
  layer: Layer,
  { namespace, settings, backup, monitors, store }: DataProps,
): ObjectStoreAccess {
  const root = store.secret("object-store-root", {
    entry: VAULT_ENTRIES.objectStoreRoot,
    keys: { rootUser: "username", rootPassword: "password" },
  });
  const keys = { "access-key": "access-key", "secret-key": "secret-key" };
  const backupKeys = store.secret("object-store-backups", { entry: VAULT_ENTRIES.backups, keys });
  const minio = new Minio(layer, "minio", {
    namespace,
    root,
    storageClass: STORAGE_CLASSES.retain,
    ...SIZES[settings.profile],
  });
  new ObjectStoreSetup(layer, "object_store_setup", {
    namespace,
    store: minio,
    root,
    buckets: BUCKETS,
    policies: { property: bucketsPolicy(Object.keys(BUCKETS)) },
    users: {
      property: {
        credentials: store.secret("object-store-property", { entry: VAULT_ENTRIES.objectStoreProperty, keys }),
        policies: ["property"],
      },
    },
    coldTier: { ...backup, credentials: backupKeys },
  });
  monitors.scrape({ pods: minio.pods, ...minio.metrics });
  return { objectStore: minio, objectStoreRoot: root, backupKeys };
}
