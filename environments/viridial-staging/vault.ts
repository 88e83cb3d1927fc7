import { Fn, TerraformOutput, Token } from "cdktf";
import { Audit } from "@cdktf/provider-vault/lib/audit";
import { AuthBackend } from "@cdktf/provider-vault/lib/auth-backend";
import { KubernetesAuthBackendConfig } from "@cdktf/provider-vault/lib/kubernetes-auth-backend-config";
import { Mount } from "@cdktf/provider-vault/lib/mount";
import { Policy } from "@cdktf/provider-vault/lib/policy";
import { expression } from "../../constructs/core/address";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { VaultEntry, type VaultEntryProps } from "../../constructs/secrets/vault-entry";
import { policyText, type VaultCapability, VaultRole } from "../../constructs/secrets/vault-role";
import { VAULT_SNAPSHOT } from "../../constructs/secrets/vault-snapshot";
import { type ClusterSources } from "./cluster-access";
import { NAMESPACES, SERVICES_NAMESPACE, VAULT_ENTRIES, VAULT_MOUNTS } from "./names";
import { type Profile } from "./settings";
import { connectVault, VAULT_LOGIN_HOURS, VAULT_PREFIX, VAULT_STORE, vaultRole } from "./vault-access";
import { type VaultInputs, vaultInputs } from "./vault-inputs";
import { TERRAFORM_POLICY, VAULT_README } from "./vault-readme";

type Entry = keyof typeof VAULT_ENTRIES;

/** What an entry holds: the names that go with it, and what is generated. */
type EntryContent = Pick<VaultEntryProps, "values" | "generate">;

/** Letters and digits only: it becomes part of connection strings. */
const PASSWORD = { length: 40 };

const user = (username: string): EntryContent => ({ values: { username }, generate: { password: PASSWORD } });

function contentsOf(inputs: VaultInputs): Readonly<Record<Entry, EntryContent>> {
  return {
    postgresqlVault: user("viridial_vault"),
    postgresqlMigrator: user("viridial_migrator"),
    postgresqlDump: user("viridial_dump"),
    rabbitMqIdentity: user("identity"),
    rabbitMqProperty: user("property"),
    rabbitMqSearch: user("search"),
    valkey: { generate: { password: PASSWORD } },
    meilisearch: { generate: { "master-key": { length: 48 } } },
    objectStoreRoot: user("viridial-root"),
    objectStoreProperty: { values: { "access-key": "property" }, generate: { "secret-key": PASSWORD } },
    velero: { generate: { "repository-password": { length: 48 } } },
    backups: {
      values: {
        "access-key": inputs.backupAccessKey.stringValue,
        "secret-key": inputs.backupSecretKey.stringValue,
      },
    },
  };
}

/** What a namespace may read of Vault. */
interface Access {
  readonly entries: readonly Entry[];
  /** Roles of the database engine. @default - none */
  readonly databaseRoles?: readonly string[];
}

/** By namespace: what its SecretStore brings in, and nothing else. */
export function vaultAccess(profile: Profile): Readonly<Record<string, Access>> {
  return {
    [NAMESPACES.data]: { entries: (Object.keys(VAULT_ENTRIES) as Entry[]).filter((entry) => entry !== "velero") },
    [SERVICES_NAMESPACE[profile]]: {
      entries: [
        "rabbitMqIdentity",
        "rabbitMqProperty",
        "rabbitMqSearch",
        "valkey",
        "meilisearch",
        "objectStoreProperty",
      ],
      databaseRoles: ["app", "readonly"],
    },
    // It counts requests in Valkey.
    [NAMESPACES.apiGateway]: { entries: ["valkey"] },
    [NAMESPACES.monitoring]: { entries: ["valkey"] },
    [NAMESPACES.velero]: { entries: ["backups", "velero"] },
    // Its snapshots are uploaded from there.
    [NAMESPACES.vault]: { entries: ["backups"] },
  };
}

/** The third layer of viridial-staging: what is in Vault, once it is initialised and unsealed. */
export function viridialVault(environment: Environment, { settings }: ClusterSources): Layer {
  const layer = new Layer(environment, `${environment.name}-vault`, {
    description: "Engines, generated secrets, policies and logins of the cluster in the initialised Vault.",
    readme: VAULT_README,
  });
  const inputs = vaultInputs(layer, Object.values(VAULT_ENTRIES));
  const { stringValue: caCertificate } = inputs.caCertificate;
  connectVault(layer, caCertificate);

  new Audit(layer, "audit_log", { type: "file", path: "stdout", options: { file_path: "stdout" } });
  new Policy(layer, "terraform_policy", {
    name: "terraform",
    policy: policyText(new Map(Object.entries(TERRAFORM_POLICY) as [string, VaultCapability[]][])),
  });
  const kv = new Mount(layer, "kv", {
    path: VAULT_MOUNTS.kv,
    type: "kv",
    options: { version: "2" },
    description: "Secrets of viridial, all below viridial/.",
    lifecycle: { preventDestroy: true },
  });
  new Mount(layer, "database", {
    path: VAULT_MOUNTS.database,
    type: "database",
    description: "Short-lived users of PostgreSQL; the layer viridial-staging-data says which.",
    maxLeaseTtlSeconds: VAULT_LOGIN_HOURS * 3600,
    lifecycle: { preventDestroy: true },
  });
  const revision = (entry: Entry) => Fn.lookup(inputs.secretRevisions.value, VAULT_ENTRIES[entry], 1);
  for (const [entry, content] of Object.entries(contentsOf(inputs)) as [Entry, EntryContent][]) {
    new VaultEntry(layer, `entry_${VAULT_ENTRIES[entry].replace(/\W/g, "_")}`, {
      mount: kv.path,
      path: `${VAULT_PREFIX}${VAULT_ENTRIES[entry]}`,
      ...content,
      revision: Token.asNumber(revision(entry)),
    });
  }
  addRoles(layer, settings.profile);

  new TerraformOutput(layer, "vault_certificate_authority", {
    description: "PEM of the authority that signed Vault's certificate, for what asks Vault.",
    value: caCertificate,
  });
  new TerraformOutput(layer, "vault_entry_revisions", {
    description: "Every entry of Vault with the number of times that it was written: later layers refresh by it.",
    value: expression(
      layer,
      `{ for entry in ${JSON.stringify(Object.values(VAULT_ENTRIES))} : entry => tostring(lookup(var.secret_revisions, entry, 1)) }`,
    ),
  });
  return layer;
}

/** Who of the cluster may log in, and what it may then do. */
function addRoles(layer: Layer, profile: Profile): void {
  const login = new AuthBackend(layer, "kubernetes", {
    type: "kubernetes",
    path: VAULT_MOUNTS.kubernetes,
    description: "ServiceAccounts of the cluster that Vault itself runs in.",
  });
  const config = new KubernetesAuthBackendConfig(layer, "kubernetes_config", {
    backend: login.path,
    // Tokens are reviewed with the right of Vault's own ServiceAccount, whose token and authority it reads again and again.
    kubernetesHost: "https://kubernetes.default.svc",
    disableLocalCaJwt: false,
    disableIssValidation: true,
  });
  const authMount = login.path;
  for (const [namespace, { entries, databaseRoles = [] }] of Object.entries(vaultAccess(profile))) {
    const role = new VaultRole(layer, `role_${namespace.replaceAll("-", "_")}`, {
      name: vaultRole(namespace),
      namespace,
      serviceAccount: VAULT_STORE,
      authMount,
      // A user of the database is removed with the login that asked for it. Logins that only read are revoked at once.
      tokenSeconds: databaseRoles.length > 0 ? VAULT_LOGIN_HOURS * 3600 : 600,
      dependsOn: [config],
    });
    role.grantRead(VAULT_MOUNTS.kv, ...entries.map((entry) => `${VAULT_PREFIX}${VAULT_ENTRIES[entry]}`));
    for (const databaseRole of databaseRoles) {
      role.grantDatabaseUser(VAULT_MOUNTS.database, databaseRole);
    }
  }
  const snapshot = new VaultRole(layer, "role_vault_snapshot", {
    name: VAULT_SNAPSHOT.role,
    namespace: NAMESPACES.vault,
    serviceAccount: VAULT_SNAPSHOT.serviceAccount,
    authMount,
    tokenSeconds: 600,
    dependsOn: [config],
  });
  snapshot.grant("sys/storage/raft/snapshot", "read");
}
