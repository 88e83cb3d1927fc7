import { Fn, type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { ResourceQuotaV1 } from "@cdktf/provider-kubernetes/lib/resource-quota-v1";
import { type KubernetesCluster } from "../cluster/kubernetes-providers";
import { Namespace } from "../cluster/namespace";
import { type Connectable, type Port } from "../cluster/network-policy";
import { VaultEntry } from "../secrets/vault-entry";
import { VaultRole } from "../secrets/vault-role";
import { VaultStore, type VaultStoreProps } from "../secrets/vault-store";
import { type TenantEntry } from "./tenant-list";

/** Pods that every tenant's may reach, and on which port. */
export interface TenantFlow {
  readonly to: Connectable;
  readonly port: Port;
}

export interface TenantProps {
  readonly entry: TenantEntry;
  readonly cluster: KubernetesCluster;
  /** What its pods may reach besides DNS; the other side is {@link allowFromTenants}. */
  readonly flows: readonly TenantFlow[];
  /** How Vault is reached from the cluster; the role is the tenant's own. */
  readonly store: Pick<VaultStoreProps, "address" | "caCertificate" | "mount" | "authMount">;
  /** An input of type `number`, from 1 on: raised by one, its credentials are written anew. */
  readonly credentialsRevision: TerraformVariable;
}

/** How many pods may run in a tenant's namespace at once. */
const PODS = 10;

/** How long a login to Vault is good for: each refresh of a Secret logs in again. */
const TOKEN_SECONDS = 600;

/** Path in the KV engine that the tenants' entries are below. */
export const TENANTS_PREFIX = "viridial/tenants/";

/** Where in the KV engine a tenant's entry is; what operators add for its integrations is below it. */
export const tenantVaultPath = (id: string) => `${TENANTS_PREFIX}${id}`;

/** Name of all that is a tenant's own. */
export const tenantName = (id: string) => `tenant-${id}`;

/**
 * A tenant's own place: the namespace `tenant-<id>` for Jobs that are its alone, such as an export, an import or an
 * integration. The services are shared, and PostgreSQL is not reached from here: whoever can run SQL can name any tenant.
 *
 * Its credentials for the broker and the object store are generated in Vault, which it may read by a role of its own, and
 * are there as the Secret `credentials`.
 */
export class Tenant extends Construct {
  readonly entry: TenantEntry;
  readonly namespace: Namespace;
  /** Its entry in Vault: `username` and `password`, `access-key` and `secret-key`, and their `revision`. */
  readonly credentials: VaultEntry;

  constructor(scope: Construct, id: string, props: TenantProps) {
    super(scope, id);
    const { entry, credentialsRevision } = props;
    const { quotas } = entry;
    this.entry = entry;
    const name = tenantName(entry.id);
    this.namespace = new Namespace(this, "Default", {
      cluster: props.cluster,
      name,
      quota: { cpuMillis: quotas.cpuMillis, memoryMib: quotas.memoryMib, pods: PODS },
    });
    new ResourceQuotaV1(this, "storage", {
      metadata: { name: "storage", namespace: name },
      spec: { hard: { "requests.storage": `${quotas.storageGib}Gi`, persistentvolumeclaims: "5" } },
      dependsOn: [...this.namespace.present],
    });
    this.allow(props.flows);

    const path = tenantVaultPath(entry.id);
    this.credentials = new VaultEntry(this, "credentials", {
      mount: props.store.mount,
      path,
      generate: { password: { length: 40 }, "secret-key": { length: 40 } },
      values: { username: name, "access-key": name, revision: Token.asString(Fn.tostring(credentialsRevision.value)) },
      revision: credentialsRevision.numberValue,
    });
    // Nothing of a tenant stays when it leaves; by default only the newest version would go.
    this.credentials.resource.deleteAllVersions = true;
    const store = new VaultStore(this, "vault", {
      ...props.store,
      namespace: this.namespace,
      role: name,
      revisionOf: () => Token.asString(Fn.tostring(credentialsRevision.value)),
      dependsOn: [this.credentials.resource],
    });
    const role = new VaultRole(this, "role", {
      name,
      namespace: name,
      serviceAccount: store.name,
      tokenSeconds: TOKEN_SECONDS,
      ...(props.store.authMount === undefined ? {} : { authMount: props.store.authMount }),
    });
    role.grantRead(props.store.mount, path, `${path}/*`);
    store.secret("credentials", {
      entry: path,
      keys: Object.fromEntries(["username", "password", "access-key", "secret-key"].map((key) => [key, key])),
    });
  }

  /** One policy for all flows, since all pods of the namespace have the same. */
  private allow(flows: readonly TenantFlow[]): void {
    if (flows.length === 0) {
      return;
    }
    new NetworkPolicyV1(this, "allow_platform", {
      metadata: { name: "allow-platform", namespace: this.namespace.name },
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: flows.map(({ to: { pods }, port }) => ({
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": pods.namespace.name } },
              podSelector: { matchLabels: pods.labels },
            },
          ],
          ports: [{ port: String(port.port), protocol: port.protocol ?? "TCP" }],
        })),
      },
      dependsOn: [...this.namespace.present],
    });
  }
}

/**
 * The other side of the tenants' flows: one policy for each target and all tenants of a shard, instead of one for each
 * tenant.
 *
 * @param name ends the policies' names: unique among the shards
 */
export function allowFromTenants(
  scope: Construct,
  name: string,
  tenants: readonly Tenant[],
  flows: readonly TenantFlow[],
): void {
  for (const { to, port } of flows) {
    const { pods } = to;
    new NetworkPolicyV1(scope, `${pods.node.id}_from_tenants`, {
      metadata: { name: `${pods.name}-from-${name}`, namespace: pods.namespace.name },
      spec: {
        podSelector: { matchLabels: pods.labels },
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: [
              {
                namespaceSelector: {
                  matchExpressions: [
                    {
                      key: "kubernetes.io/metadata.name",
                      operator: "In",
                      values: tenants.map((tenant) => tenant.namespace.name),
                    },
                  ],
                },
              },
            ],
            ports: [{ port: String(port.port), protocol: port.protocol ?? "TCP" }],
          },
        ],
      },
      dependsOn: [...pods.namespace.present],
    });
  }
}
