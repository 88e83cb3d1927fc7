import { type Connectable } from "../../../constructs/cluster/network-policy";
import { monitorMinio } from "../../../constructs/observability/data-platform-monitoring";
import { Minio } from "../../../constructs/storage/minio";
import {
  type Bucket,
  bucketsPolicy,
  foldersPolicy,
  type ObjectStore,
  type PolicyDocument,
} from "../../../constructs/storage/object-store";
import { ObjectStoreSetup } from "../../../constructs/storage/object-store-setup";
import { type LaterLayer } from "../later-layer";
import { BUCKETS, GROUPS, NAMESPACES } from "../names";
import { MINIO_ROOT_ENTRY, MINIO_USERS, minioEntry, type MinioUser, oidcEntry } from "../vault-entries";

/** Folders of the bucket `data`, in the order in which data goes through them. */
const DATA_FOLDERS = ["raw", "intermediate", "processed"];

/** What is replaced or deleted can be brought back for a week: the volume is a workstation's. */
const KEPT: Bucket = { noncurrentDays: 7 };

/** Where the jobs of Great Expectations leave their results. */
export const QUALITY_FOLDER = "processed/quality";

const all = Object.values(BUCKETS);

/** What each key may do: what its user needs, and no more. */
const USER_POLICIES: Readonly<Record<MinioUser, readonly [policy: string, document: PolicyDocument][]>> = {
  // The ingestion gives DVC's remote what the repository of DAGs has, and it lacks.
  airflow: [["airflow", bucketsPolicy([BUCKETS.data, BUCKETS.airflowLogs, BUCKETS.dvc])]],
  mlflow: [["mlflow", bucketsPolicy([BUCKETS.mlflow])]],
  trino: [["trino", foldersPolicy(BUCKETS.data, ["processed"])]],
  spark: [["spark", bucketsPolicy([BUCKETS.data, BUCKETS.sparkEvents])]],
  dvc: [["dvc", bucketsPolicy([BUCKETS.dvc])]],
  flink: [
    ["flink", bucketsPolicy([BUCKETS.flink])],
    ["processed", foldersPolicy(BUCKETS.data, ["processed"])],
  ],
  // What a language model may see: no raw data, which has names and addresses.
  mcp: [["processed-read", foldersPolicy(BUCKETS.data, ["processed"], "read")]],
  feedback: [["feedback", foldersPolicy(BUCKETS.data, ["raw/feedback"])]],
  training: [["feedback-read", foldersPolicy(BUCKETS.data, ["raw/feedback"], "read")]],
  openmetadata: [["quality-read", foldersPolicy(BUCKETS.data, [QUALITY_FOLDER], "read")]],
  dagster: [["dagster", bucketsPolicy([BUCKETS.data])]],
  clickhouse: [["processed-read", foldersPolicy(BUCKETS.data, ["processed"], "read")]],
};

/** What people may do who log in to the console, by their group: the policy has its name. */
const GROUP_POLICIES: Readonly<Record<string, PolicyDocument>> = {
  [GROUPS.admins]: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] }],
  },
  [GROUPS.dataEngineers]: bucketsPolicy(all),
  [GROUPS.analysts]: foldersPolicy(BUCKETS.data, ["processed"], "read"),
};

/** What others need of the object store. */
export interface LabObjectStore extends ObjectStore {
  allowFrom(source: Connectable): void;
}

/** MinIO with the buckets of the lab, a key for each program that uses it, and policies for groups of people. */
export function addObjectStore(lab: LaterLayer): LabObjectStore {
  const { layer } = lab;
  const namespace = lab.namespace("minio", NAMESPACES.minio, {
    quota: { cpuMillis: 500, memoryMib: 1536, pods: 10 },
  });
  const store = lab.vaultStore(namespace.always, [
    MINIO_ROOT_ENTRY,
    ...MINIO_USERS.map(minioEntry),
    oidcEntry("minio"),
  ]);
  const root = store.secret("minio-root", {
    entry: MINIO_ROOT_ENTRY,
    keys: { rootUser: "username", rootPassword: "password" },
  });
  const singleSignOn = lab.singleSignOn(store, "minio");
  const restart = lab.restartWith(namespace.chosen, [root, singleSignOn.client]);
  const minio = new Minio(layer, "minio", {
    namespace: namespace.chosen,
    root,
    resources: { cpuMillis: 100, memoryMib: 512, memoryLimitMib: 1024 },
    storageGib: 20,
    // The cluster's own default.
    storageClass: "",
    reachesInternet: false,
    restartsWithRoot: false,
    console: {
      host: lab.host("minio"),
      singleSignOn: {
        when: singleSignOn.when,
        configUrl: `${singleSignOn.backchannel}/.well-known/openid-configuration`,
        secretName: singleSignOn.client.secretName,
        claim: "groups",
      },
    },
    delivery: lab.deliver(),
    dependsOn: [singleSignOn.client.delivered, restart.done],
  });
  minio.allowConsoleFrom(lab.neighbour("traefik"));
  minio.pods.allowTo(singleSignOn.pods, { port: singleSignOn.port });
  new ObjectStoreSetup(layer, "object_store_setup", {
    namespace: namespace.chosen,
    store: minio,
    root,
    buckets: Object.fromEntries(
      all.map((name) => [name, name === BUCKETS.data ? { ...KEPT, folders: DATA_FOLDERS } : KEPT]),
    ),
    policies: { ...Object.fromEntries(Object.values(USER_POLICIES).flat()), ...GROUP_POLICIES },
    users: Object.fromEntries(
      MINIO_USERS.map((user) => [
        user,
        {
          credentials: store.secret(`minio-user-${user}`, {
            entry: minioEntry(user),
            keys: { "access-key": "access-key", "secret-key": "secret-key" },
          }),
          policies: USER_POLICIES[user].map(([policy]) => policy),
        },
      ]),
    ),
  });
  monitorMinio(lab.monitors("minio"), minio.pods);
  return minio;
}
