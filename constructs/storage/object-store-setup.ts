import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Pods } from "../cluster/network-policy";
import { filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { wholeNumberProblems } from "../core/problems";
import { type VaultSecret } from "../secrets/vault-store";
import {
  type Bucket,
  COLD_TIER,
  lifecycleOf,
  type ObjectStore,
  type OutsideBucket,
  type PolicyDocument,
} from "./object-store";

/** MinIO's client: the last image that was published. It has a shell and the core utilities, and little else. */
export const MC_IMAGE = "quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z";

/** A key of the object store. */
export interface ObjectStoreUser {
  /** Secret with the keys `access-key` and `secret-key`. */
  readonly credentials: VaultSecret;
  /** Names of policies; the user has these, and no others. */
  readonly policies: readonly string[];
}

export interface ObjectStoreSetupProps {
  readonly namespace: INamespace;
  readonly store: ObjectStore;
  /** Secret with the keys `rootUser` and `rootPassword`. */
  readonly root: VaultSecret;
  /** By name. @default - none */
  readonly buckets?: Readonly<Record<string, Bucket>>;
  /** By name. @default - none */
  readonly policies?: Readonly<Record<string, PolicyDocument>>;
  /** By name, which is that of a file only: the user's own is its access key. @default - none */
  readonly users?: Readonly<Record<string, ObjectStoreUser>>;
  /** Where buckets with `coldAfterDays` move their objects, below the prefix `cold/`. @default - nowhere */
  readonly coldTier?: OutsideBucket & {
    /** Secret with the keys `access-key` and `secret-key`. */
    readonly credentials: VaultSecret;
  };
  /** What has to be there before. @default - only the store and the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const REQUESTS = { cpuMillis: 10, memoryMib: 64 };

/**
 * Buckets, policies and users of an {@link ObjectStore}, made by a Job. Another Job runs, with the same result, whenever one
 * of them, the script or a Secret is another. It takes away policies that a user no longer has, but removes no bucket, no
 * policy and no user.
 *
 * Several can work on the same store: a layer of tenants has one for all of its tenants.
 */
export class ObjectStoreSetup extends Construct {
  readonly pods: Pods;
  /** What needs the buckets depends on it. */
  readonly ready: ITerraformDependable;

  /** @throws SocleError when there is nothing to do, a name is malformed, or a bucket moves objects without a tier */
  constructor(scope: Construct, id: string, props: ObjectStoreSetupProps) {
    super(scope, id);
    const { namespace, store, root, buckets = {}, policies = {}, users = {}, coldTier } = props;
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const name = id.replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": name };
    const script = readProjectFile("constructs/storage/object-store-setup/setup.sh");
    const files = Object.fromEntries([
      ["setup.sh", script],
      ...Object.entries(buckets).map(([key, bucket]) => [`bucket.${key}.json`, JSON.stringify(lifecycleOf(bucket))]),
      ...Object.entries(buckets)
        .filter(([, { folders = [] }]) => folders.length > 0)
        .map(([key, { folders = [] }]) => [`folders.${key}`, folders.join(" ")]),
      ...Object.entries(policies).map(([key, policy]) => [`policy.${key}.json`, JSON.stringify(policy)]),
      ...Object.entries(users).map(([key, user]) => [`user.${key}`, user.policies.join(" ")]),
    ]) as Record<string, string>;
    const plan = new ConfigMapV1(this, "plan", {
      metadata: { name, namespace: namespace.name, labels },
      data: filesOf(files),
      dependsOn: [...namespace.present],
    });
    const secrets = [
      root,
      ...Object.values(users).map((user) => user.credentials),
      ...(coldTier ? [coldTier.credentials] : []),
    ];
    const versions = Fn.join(" ", [
      ...secrets.map(({ version }) => version),
      ...(coldTier ? [coldTier.endpoint, coldTier.bucket, coldTier.region] : []),
    ]);
    const environment = {
      HOME: "/tmp",
      PLAN: "/plan",
      USERS: "/users",
      STORE_ENDPOINT: store.endpoint,
      ...(coldTier
        ? {
            COLD_TIER,
            COLD_ENDPOINT: coldTier.endpoint,
            COLD_BUCKET: coldTier.bucket,
            COLD_REGION: coldTier.region,
            COLD_PREFIX: "cold/",
          }
        : {}),
    };
    const secretEnvironment = {
      ROOT_USERNAME: root.key("rootUser"),
      ROOT_PASSWORD: root.key("rootPassword"),
      ...(coldTier
        ? {
            COLD_ACCESS_KEY: coldTier.credentials.key("access-key"),
            COLD_SECRET_KEY: coldTier.credentials.key("secret-key"),
          }
        : {}),
    };
    const job = new ApplyJob(this, "Default", {
      namespace,
      name,
      // Another plan, or another key, is another Job.
      version: `${shortDigest(JSON.stringify(files))}-${Fn.substr(Fn.sha256(versions), 0, 8)}`,
      image: MC_IMAGE,
      command: ["/bin/sh", "/plan/setup.sh"],
      environment,
      secretEnvironment,
      resources: { ...REQUESTS, memoryLimitMib: 192 },
      volumes: [
        { name: "plan", mountPath: "/plan", source: { configMap: { name: plan.metadata.name } } },
        temporaryVolume("16Mi"),
        ...Object.entries(users).map(([user, { credentials }]) => ({
          name: `user-${user}`,
          mountPath: `/users/${user}`,
          source: { secret: { secretName: credentials.secretName } },
        })),
      ],
      dependsOn: [store.delivered, ...new Set(secrets.map(({ delivered }) => delivered)), ...(props.dependsOn ?? [])],
    });
    this.ready = job.done;
    this.pods = job.pods;
    store.pods.allowFrom(this.pods, { port: store.port });
    countPods(namespace, { name, ...REQUESTS, replicas: 1 });
  }
}

function problemsOf({ buckets = {}, policies = {}, users = {}, coldTier }: ObjectStoreSetupProps): string[] {
  const names = (what: string, entries: object, pattern: RegExp, accepted: string) =>
    Object.keys(entries)
      .filter((name) => !pattern.test(name))
      .map((name) => `the ${what} "${name}" is not made of ${accepted}`);
  const words = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  return [
    ...([buckets, policies, users].some((each) => Object.keys(each).length > 0)
      ? []
      : ["buckets, policies and users are all empty: leave it out"]),
    ...names("bucket", buckets, /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, '3 to 63 lower-case letters, digits and "-"'),
    ...names("policy", policies, words, 'lower-case letters, digits and "-"'),
    ...names("user", users, words, 'lower-case letters, digits and "-"'),
    ...Object.entries(buckets)
      .filter(([, { coldAfterDays }]) => coldAfterDays !== undefined && !coldTier)
      .map(
        ([name, { coldAfterDays }]) =>
          `the bucket "${name}" moves objects after ${coldAfterDays} days, but there is no coldTier`,
      ),
    ...Object.entries(buckets).flatMap(([name, bucket]) =>
      (["coldAfterDays", "noncurrentDays"] as const).flatMap((key) =>
        wholeNumberProblems({ [`${key} of the bucket "${name}"`]: bucket[key] ?? 1 }),
      ),
    ),
    ...Object.entries(buckets).flatMap(([name, { folders = [] }]) =>
      folders
        .filter((folder) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(folder))
        .map(
          (folder) =>
            `the folder "${folder}" of the bucket "${name}" is not made of lower-case letters, digits and "-"`,
        ),
    ),
    ...Object.entries(users)
      .filter(([, user]) => user.policies.length === 0)
      .map(([name]) => `the user "${name}" has no policy, so it could do nothing: name one`),
  ];
}
