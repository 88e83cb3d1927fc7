import { type Namespace } from "../../constructs/cluster/namespace";
import { type Layer } from "../../constructs/core/layer";
import { VaultStore } from "../../constructs/secrets/vault-store";

/** Brings secrets of a Vault into a namespace; its entries were written three times. */
export function testStore(layer: Layer, namespace: Namespace): VaultStore {
  return new VaultStore(layer, "vault", {
    namespace,
    address: "https://vault.vault:8200",
    mount: "kv",
    role: "data",
    revisionOf: () => "3",
  });
}
