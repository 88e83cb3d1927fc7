import { type ReadmeSection } from "../../constructs/core/layer";
import { type VaultCapability } from "../../constructs/secrets/vault-role";
import { VAULT_MOUNTS } from "./names";
import { VAULT_PREFIX } from "./vault-access";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

const { kv, database, kubernetes } = VAULT_MOUNTS;

/** What Terraform's token may do: all that these layers make, and no more than that. */
export const TERRAFORM_POLICY: Readonly<Record<string, readonly VaultCapability[]>> = {
  // The provider makes itself a token that lives for 20 minutes.
  "auth/token/create": ["update"],
  "sys/mounts": ["read"],
  // No delete: what they hold is lost with them.
  [`sys/mounts/${kv}`]: ["create", "read", "update"],
  [`sys/mounts/${kv}/tune`]: ["read", "update"],
  [`sys/mounts/${database}`]: ["create", "read", "update"],
  [`sys/mounts/${database}/tune`]: ["read", "update"],
  "sys/auth": ["read"],
  [`sys/auth/${kubernetes}`]: ["create", "read", "update", "delete", "sudo"],
  [`sys/auth/${kubernetes}/tune`]: ["read", "update", "sudo"],
  // Paths of mounts are read below this one too.
  [`sys/mounts/auth/${kubernetes}`]: ["read"],
  [`sys/mounts/auth/${kubernetes}/tune`]: ["read", "update"],
  [`auth/${kubernetes}/*`]: ["create", "read", "update", "delete", "list"],
  "sys/policies/acl/*": ["create", "read", "update", "delete", "list"],
  "sys/audit": ["read", "sudo"],
  "sys/audit/*": ["create", "read", "update", "delete", "sudo"],
  [`${kv}/config`]: ["read", "update"],
  [`${kv}/data/${VAULT_PREFIX}*`]: ["create", "read", "update", "delete"],
  [`${kv}/metadata/${VAULT_PREFIX}*`]: ["create", "read", "update", "delete", "list"],
  [`${database}/config/*`]: ["create", "read", "update", "delete", "list"],
  [`${database}/roles/*`]: ["create", "read", "update", "delete", "list"],
};

/** What the README of the layer viridial-staging-vault says besides its generated parts. */
export const VAULT_README: readonly ReadmeSection[] = [
  section(
    "The first apply",
    "Vault must be initialised and unsealed (Vault in the README of viridial-staging-platform), and reached as below. The first token is the",
    "root one. `backup_access_key` and `backup_secret_key` are ephemeral: give them to `plan` and to `apply`, each time.",
    "",
    "Then make a token for Terraform, and revoke the root one:",
    "",
    "```sh",
    "vault token create -orphan -policy=terraform -period=768h -display-name=terraform   # keep it where CI keeps its secrets",
    "vault token revoke -self                                                            # still as root",
    "```",
    "",
    "It lives as long as it is renewed (`vault token renew`) within 32 days of the last time. The policy `terraform` may write policies, so",
    "who has this token can give itself the rest: treat it like root. It cannot remove an engine that holds secrets.",
    "",
    "When every token is lost, three holders of a share make a root token. Vault 2 refuses that to whoever has no token, so for that hour:",
    "",
    '1. `kubectl --namespace vault edit configmap vault-config`: a line `enable_unauthenticated_access = ["generate-root"]`.',
    "2. Delete the pod and unseal it, then `vault operator generate-root -init`, and `vault operator generate-root` three times.",
    "3. Make a token for Terraform as above, take the line out again, delete the pod and unseal it.",
  ),
  section(
    "Rotating an entry",
    "Raise its number in `secret_revisions` by one, for instance `{ valkey = 2 }`, and apply; then apply viridial-staging-data and",
    "viridial-staging-services: their Secrets are refreshed at once by the new number, and pods that carry it in an annotation are replaced; restart others with",
    "`kubectl rollout restart`. What follows:",
    "",
    "| Entry | Then |",
    "| --- | --- |",
    "| `postgresql/*` | CloudNativePG sets the new password in the database as soon as the Secret has it. For `postgresql/vault`, Vault's connection gets it by the apply of viridial-staging-data; users that it made before stay. |",
    "| `rabbitmq/*` | The topology operator sets it; connections that are open stay, new ones need the service's new pods. |",
    "| `valkey` | Valkey and all that use it have to restart together: requests fail until both have the new one. |",
    "| `meilisearch` | Meilisearch and the search service restart; keys that were derived from the master key are void. |",
    "| `object-store/*` | See the object store in the README of viridial-staging-data; then the property service restarts. |",
    "| `velero` | Never: the volumes in all of Velero's backups are encrypted with it, and another one opens none of them. |",
    "| `backups` | Give the new keys, and raise the number: the next backup uses them. Only then withdraw the old ones. |",
    "",
    "Old versions of an entry stay in Vault (ten of them) for whoever may read `kv/data/...?version=`; no role here restricts that, so after a",
    "leak destroy them: `vault kv destroy -mount=kv -versions=1 viridial/valkey`.",
  ),
  section(
    "Who may read what",
    "Pods log in by the token of a ServiceAccount called `vault-secrets` in their namespace, which external-secrets asks for: each namespace has a",
    "role and a policy of its own, with the paths of its entries and no wildcard. What somebody asked Vault is in the audit log, in the",
    "pod's output and so in Loki; values are hashed there. Vault refuses to work when it cannot write that log.",
  ),
];
