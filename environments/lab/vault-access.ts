import { Fn, type ITerraformDependable, Token } from "cdktf";
import { VaultProvider } from "@cdktf/provider-vault/lib/provider";
import { type INamespace } from "../../constructs/cluster/namespace";
import { type Layer } from "../../constructs/core/layer";
import { VaultRole } from "../../constructs/secrets/vault-role";
import { VaultStore } from "../../constructs/secrets/vault-store";
import { type ClusterSources } from "./cluster-access";
import { type LabPlatform } from "./platform";
import { KV_MOUNT } from "./vault-entries";

/** Mount of Vault's auth method for ServiceAccounts of the cluster. */
export const LOGIN_MOUNT = "kubernetes";

/** Name of the SecretStore, its ServiceAccount and release in every namespace that has one: the roles are bound to it. */
export const VAULT_STORE = "vault-secrets";

/** How long a login is good for: as long as it takes to read. */
const LOGIN_SECONDS = 600;

export interface LabVaultStoreProps {
  readonly namespace: INamespace;
  readonly sources: ClusterSources;
  /** The layer that brought external-secrets and the auth method. @default - this one: `dependsOn` says them */
  readonly platform?: Pick<LabPlatform, "layer">;
  /** Entries of Vault that may be read from this namespace, and no others: see vault-entries.ts. */
  readonly entries: readonly string[];
  /** @default - an earlier layer brought everything */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * Configures a layer's Vault provider, once; the token comes from `VAULT_TOKEN`.
 *
 * @returns the address of Vault, which is the same for this machine and for pods
 */
export function connectLabVault(layer: Layer, { servicesLayer }: Pick<ClusterSources, "servicesLayer">): string {
  const address = layer.read(servicesLayer).getString("vault_address");
  if (!layer.node.tryFindChild("lab_vault")) {
    new VaultProvider(layer, "lab_vault", { address });
  }
  return address;
}

/**
 * Brings secrets of the lab's Vault into a namespace, with a role of Vault that may read these entries alone. Once a
 * namespace. Whenever Vault has forgotten everything, the next apply makes the role again and has the Secrets refreshed.
 */
export function labVaultStore(layer: Layer, props: LabVaultStoreProps): VaultStore {
  const { namespace, sources, platform, entries, dependsOn } = props;
  const address = connectLabVault(layer, sources);
  if (platform) {
    // Whatever Terraform is told to do, that layer comes before this one.
    layer.addDependency(platform.layer);
  }
  const id = namespace.name.replaceAll("-", "_");
  const after = dependsOn ? { dependsOn } : {};
  const role = new VaultRole(layer, `vault_role_${id}`, {
    name: namespace.name,
    namespace: namespace.name,
    serviceAccount: VAULT_STORE,
    login: "jwt",
    authMount: LOGIN_MOUNT,
    tokenSeconds: LOGIN_SECONDS,
    ...after,
  });
  role.grantRead(KV_MOUNT, ...entries);
  const revisions = layer.read(sources.bootstrapLayer).get("vault_revisions");
  return new VaultStore(layer, `vault_store_${id}`, {
    namespace,
    name: VAULT_STORE,
    address,
    mount: KV_MOUNT,
    role: role.name,
    login: "jwt",
    authMount: LOGIN_MOUNT,
    revisionOf: (entry) => Token.asString(Fn.lookup(revisions, entry, "none")),
    ...after,
  });
}
