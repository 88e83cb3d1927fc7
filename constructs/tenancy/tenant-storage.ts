import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { readProjectFile } from "../core/files";
import { type SecretKey } from "../secrets/generated-secret";
import { tenantPolicy } from "../storage/object-store";
import { tenantName } from "./tenant";
import { TenantJob } from "./tenant-job";

export interface TenantStorageProps {
  readonly namespace: INamespace;
  /** Names the Job. */
  readonly name: string;
  /** Image with MinIO's client `mc` and a shell. */
  readonly image: string;
  /** Address of the store, such as `http://minio.viridial-data:9000`. */
  readonly endpoint: string;
  readonly rootUsername: SecretKey;
  readonly rootPassword: SecretKey;
  /** In each, a tenant has what is below `<id>/`. */
  readonly buckets: readonly string[];
  /** Id of a tenant → name of the Secret with its `access-key`, `secret-key` and their `revision`. */
  readonly tenants: Readonly<Record<string, string>>;
  /** A token: the revision that the keys have. */
  readonly revision: string;
  /** @default - nothing */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** The tenants' users in the object store, each with a policy for its own prefixes, made by a Job. */
export class TenantStorage extends Construct implements Connectable {
  readonly pods: Pods;

  constructor(scope: Construct, id: string, props: TenantStorageProps) {
    super(scope, id);
    const tenants = Object.entries(props.tenants);
    this.pods = new TenantJob(this, "Default", {
      namespace: props.namespace,
      name: props.name,
      image: props.image,
      command: ["/bin/sh", "/plan/apply.sh"],
      files: {
        mountPath: "/plan",
        texts: {
          "apply.sh": readProjectFile("constructs/tenancy/tenant-storage/apply.sh"),
          "setup.sh": readProjectFile("constructs/storage/object-store-setup/setup.sh"),
          ...Object.fromEntries(
            tenants.flatMap(([id]) => [
              [`policy.${tenantName(id)}.json`, JSON.stringify(tenantPolicy(id, props.buckets))],
              [`user.${tenantName(id)}`, tenantName(id)],
            ]),
          ),
        },
      },
      environment: {
        STORE_ENDPOINT: props.endpoint,
        PLAN: "/plan",
        USERS: "/keys",
        MC_CONFIG_DIR: "/tmp/mc",
      },
      changing: { REVISION: props.revision },
      secretEnvironment: { ROOT_USERNAME: props.rootUsername, ROOT_PASSWORD: props.rootPassword },
      keys: Object.fromEntries(
        tenants.map(([id, secretName]) => [
          tenantName(id),
          { secretName, keys: ["access-key", "secret-key", "revision"] },
        ]),
      ),
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    }).pods;
  }
}
