import { VaultServer } from "../../../constructs/secrets/vault-server";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/**
 * A Vault in the cluster, to try out what the lab's own, in dev mode beside the cluster, cannot show: storage, TLS, sealing.
 * It is a Helm release whatever the lab's delivery: nobody waits for it, since it starts sealed.
 */
export function addVault(lab: LaterLayer): void {
  const { chosen } = lab.namespace("vault", NAMESPACES.vault, {
    quota: { cpuMillis: 250, memoryMib: 768, pods: 5 },
    holdsData: lab.settings.keepData,
  });
  new VaultServer(lab.layer, "vault", { namespace: chosen, replicas: 1, dependsOn: [] });
}
