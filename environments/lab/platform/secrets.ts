import { type ITerraformDependable } from "cdktf";
import { JwtAuthBackend } from "@cdktf/provider-vault/lib/jwt-auth-backend";
import { type INamespace } from "../../../constructs/cluster/namespace";
import { type Layer } from "../../../constructs/core/layer";
import { type CertManager } from "../../../constructs/gateway/cert-manager";
import { ExternalSecrets } from "../../../constructs/secrets/external-secrets";
import { type VaultStore } from "../../../constructs/secrets/vault-store";
import { type ClusterSources } from "../cluster-access";
import { allowToContainer } from "../network";
import { connectLabVault, labVaultStore, LOGIN_MOUNT } from "../vault-access";

export interface SecretsProps {
  readonly sources: ClusterSources;
  readonly namespace: INamespace;
  readonly certManager: CertManager;
}

export interface PlatformSecrets {
  readonly externalSecrets: ExternalSecrets;
  /** As {@link labVaultStore}, for namespaces of this layer. */
  readonly store: (namespace: INamespace, entries: readonly string[]) => VaultStore;
}

/** Who signs the tokens of ServiceAccounts, by the default of K3s. */
const ISSUER = "https://kubernetes.default.svc.cluster.local";

/**
 * external-secrets, and its logins to the Vault beside the cluster.
 *
 * Vault knows the public key that the cluster signs the tokens of ServiceAccounts with, and asks the cluster nothing: for
 * its auth method `kubernetes` it would need a token of the cluster in its configuration, and the provider would keep that
 * in the state. So a token of a ServiceAccount that is gone still logs in until it ends, ten minutes after it was made.
 */
export function addSecrets(layer: Layer, { sources, namespace, certManager }: SecretsProps): PlatformSecrets {
  const externalSecrets = new ExternalSecrets(layer, "external_secrets", {
    namespace,
    dependsOn: [certManager.delivered],
  });
  allowToContainer(externalSecrets.pods, sources.settings, "vault");
  connectLabVault(layer, sources);
  const login = new JwtAuthBackend(layer, "kubernetes_login", {
    path: LOGIN_MOUNT,
    description: "ServiceAccounts of the lab's cluster, by the signature of their tokens.",
    boundIssuer: ISSUER,
    jwtValidationPubkeys: [layer.read(sources.clusterLayer).getString("service_account_public_key")],
  });
  const dependsOn: readonly ITerraformDependable[] = [externalSecrets.delivered, login];
  return {
    externalSecrets,
    store: (of, entries) => labVaultStore(layer, { namespace: of, sources, entries, dependsOn }),
  };
}
