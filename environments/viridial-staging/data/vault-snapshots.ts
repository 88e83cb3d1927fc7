import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { type Layer } from "../../../constructs/core/layer";
import { VAULT_CA_SECRET, VAULT_IMAGE } from "../../../constructs/secrets/vault-server";
import { VaultSnapshot } from "../../../constructs/secrets/vault-snapshot";
import { NAMESPACES, VAULT_ENTRIES, VAULT_MOUNTS } from "../names";
import { neighbour } from "../neighbours";
import { VAULT_ADDRESS, vaultStore } from "../vault-access";
import { type DataProps } from "./props";

/** Has Vault backed up each night, outside the cluster, from its own namespace. */
export function addVaultSnapshots(
  layer: Layer,
  { cluster, backup, copy, monitors }: Pick<DataProps, "cluster" | "backup" | "copy" | "monitors">,
): void {
  const namespace = new ExistingNamespace(cluster, NAMESPACES.vault);
  const keys = vaultStore(layer, namespace).secret("vault-snapshot-keys", {
    entry: VAULT_ENTRIES.backups,
    keys: { "access-key": "access-key", "secret-key": "secret-key" },
  });
  new VaultSnapshot(layer, "vault_snapshot", {
    namespace,
    image: VAULT_IMAGE,
    address: VAULT_ADDRESS,
    vault: neighbour(layer, cluster, "vault"),
    caCertificate: { secretName: VAULT_CA_SECRET, key: "ca.crt" },
    authMount: VAULT_MOUNTS.kubernetes,
    target: backup,
    copy,
    accessKey: keys.key("access-key"),
    secretKey: keys.key("secret-key"),
    schedule: "45 1 * * *",
    retentionDays: 30,
    monitors,
    dependsOn: [keys.delivered],
  });
}
