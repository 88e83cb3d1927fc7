import { Fn, TerraformLocal, TerraformOutput, Token } from "cdktf";
import { PostgresqlProvider } from "@cdktf/provider-postgresql/lib/provider";
import { Role } from "@cdktf/provider-postgresql/lib/role";
import { ApproleAuthBackendRole } from "@cdktf/provider-vault/lib/approle-auth-backend-role";
import { AuthBackend } from "@cdktf/provider-vault/lib/auth-backend";
import { Mount } from "@cdktf/provider-vault/lib/mount";
import { Policy } from "@cdktf/provider-vault/lib/policy";
import { VaultProvider } from "@cdktf/provider-vault/lib/provider";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { PostgresqlDatabase } from "../../constructs/database/postgresql-database";
import { VaultEntry, type VaultEntryProps } from "../../constructs/secrets/vault-entry";
import { policyText, type VaultCapability } from "../../constructs/secrets/vault-role";
import { bootstrapInputs } from "./bootstrap-inputs";
import { bootstrapReadme, TERRAFORM_POLICY } from "./bootstrap-readme";
import { publicName } from "./names";
import { CONTAINERS } from "./network";
import { type LabSettings } from "./settings";
import {
  databaseEntry,
  type DatabaseName,
  DATABASES,
  KV_MOUNT,
  MINIO_ROOT_ENTRY,
  MINIO_USERS,
  minioEntry,
  MONITORING_ENTRY,
  OIDC_CLIENTS,
  oidcEntry,
  VAULT_ENTRIES,
} from "./vault-entries";

/** File below `secrets_dir` with the password of GitLab's role. */
export const GITLAB_PASSWORD_FILE = "gitlab_db_password";

/** Letters and digits only: it becomes part of connection strings, and MinIO takes 40 characters at most. */
const SECRET = { length: 40 };

/** What a program needs of PostgreSQL besides a database of its own. */
interface DatabaseNeeds {
  /** Of those that PostgreSQL has for others than superusers; the programs of any one scenario stay below that together. */
  readonly connections: number;
  readonly extensions?: readonly string[];
}

/**
 * @see {@link https://docs.gitlab.com/administration/postgresql/extensions/} plpgsql is in every database already.
 * @see {@link https://docs.gitlab.com/administration/postgresql/tune/} how GitLab's connections are counted
 */
export const DATABASE_NEEDS: Readonly<Record<DatabaseName, DatabaseNeeds>> = {
  // For main and ci each: Puma's 4 threads, Sidekiq's 5 and one, and a headroom of 10 for both.
  gitlab: { connections: 60, extensions: ["amcheck", "btree_gist", "pg_trgm"] },
  // Its API server may open 15, as a pool of SQLAlchemy does; so may the scheduler, and the two others a few.
  airflow: { connections: 40 },
  mlflow: { connections: 20 },
  superset: { connections: 15 },
  // Its migrations make it otherwise, and ask for the right to.
  openmetadata: { connections: 15, extensions: ["pgcrypto"] },
  keycloak: { connections: 15 },
  // Where the Iceberg tables of Trino and Spark are.
  iceberg: { connections: 10 },
  dagster: { connections: 15 },
};

/** Role that PostgreSQL's exporter logs in as. */
const MONITORING_ROLE = "monitoring";

/** The second layer of the lab: databases with their roles, and the secrets of the later layers in Vault. */
export function labBootstrap(environment: Environment, settings: LabSettings, servicesLayer: Layer): Layer {
  const layer = new Layer(environment, `${environment.name}-bootstrap`, {
    description: "Databases and roles of PostgreSQL, and in Vault the secrets that later layers use.",
    readme: bootstrapReadme({
      name: environment.name,
      domain: settings.domain,
      keepData: settings.keepData,
      needs: DATABASE_NEEDS,
    }),
  });
  const fromFile = databaseEntry("gitlab");
  const inputs = bootstrapInputs(
    layer,
    VAULT_ENTRIES.filter((entry) => entry !== fromFile),
  );
  const services = layer.read(servicesLayer);
  // Passwords come by PGPASSWORD and VAULT_TOKEN. Neither of the two encrypts, and what is said stays on this machine:
  // both are published on 127.0.0.1 only.
  new PostgresqlProvider(layer, "postgresql", {
    host: services.getString("postgres_host"),
    port: services.getNumber("postgres_port"),
    username: "postgres",
    sslmode: "disable",
  });
  new VaultProvider(layer, "vault", { address: services.getString("vault_address") });

  const kv = new Mount(layer, "kv", {
    path: KV_MOUNT,
    type: "kv",
    options: { version: "2" },
    description: "Secrets of the lab, all below lab/.",
    lifecycle: { preventDestroy: true },
  });
  const entries = new Map<string, VaultEntry>();
  const addEntry = (path: string, props: Partial<VaultEntryProps>) => {
    const entry = new VaultEntry(layer, `entry_${path.replace(/^lab\//, "").replace(/\W/g, "_")}`, {
      mount: kv.path,
      path,
      revision: Token.asNumber(Fn.lookup(inputs.secretRevisions.value, path, 1)),
      ...props,
    });
    entries.set(path, entry);
    return entry;
  };

  const gitlab = gitlabPassword(layer, services.getString("secrets_path"), inputs.gitlabPasswordFile.stringValue);
  const server = {
    host: publicName(settings, "postgres"),
    // A number would make the entry unreadable for the provider.
    port: String(CONTAINERS.postgres.port),
  };
  for (const name of DATABASES) {
    const known = { ...server, user: name, database: name };
    const { connections: connectionLimit, extensions } = DATABASE_NEEDS[name];
    const common = { connectionLimit, extensions, keep: settings.keepData };
    if (name === "gitlab") {
      const entry = addEntry(databaseEntry(name), {
        values: { ...known, password: gitlab.password },
        revision: gitlab.revision,
      });
      entry.resource.lifecycle = {
        precondition: [
          {
            condition: `\${length(${gitlab.local}) >= 16}`,
            errorMessage:
              "The file with the password of GitLab's role has less than 16 characters: see Before the first apply in the README.",
          },
        ],
      };
      new PostgresqlDatabase(layer, name, {
        ...common,
        password: gitlab.password,
        passwordVersion: gitlab.version,
      });
    } else {
      const entry = addEntry(databaseEntry(name), { values: known, generate: { password: SECRET } });
      new PostgresqlDatabase(layer, name, {
        ...common,
        password: Token.asString(entry.value("password")),
        passwordVersion: entry.version,
      });
    }
  }
  const monitoring = addEntry(MONITORING_ENTRY, {
    values: { ...server, user: MONITORING_ROLE, database: "postgres" },
    generate: { password: SECRET },
  });
  new Role(layer, "monitoring_role", {
    name: MONITORING_ROLE,
    login: true,
    connectionLimit: 5,
    // Reads all statistics, and no table.
    roles: ["pg_monitor"],
    passwordWo: Token.asString(monitoring.value("password")),
    passwordWoVersion: monitoring.version,
  });
  for (const client of OIDC_CLIENTS) {
    addEntry(oidcEntry(client), { values: { "client-id": client }, generate: { "client-secret": SECRET } });
  }
  addEntry(MINIO_ROOT_ENTRY, { values: { username: "lab-root" }, generate: { password: SECRET } });
  for (const user of MINIO_USERS) {
    addEntry(minioEntry(user), { values: { "access-key": user }, generate: { "secret-key": SECRET } });
  }
  addTerraformLogin(layer);

  const output = (id: string, value: unknown, description: string) =>
    new TerraformOutput(layer, id, { value, description });
  output("vault_kv_mount", kv.path, "Mount of the KV engine, version 2, with the secrets of the lab.");
  output(
    "vault_revisions",
    Object.fromEntries(VAULT_ENTRIES.map((path) => [path, entries.get(path)?.version])),
    "Entry of Vault → a text that is another one whenever the entry was written anew: later layers refresh by it.",
  );
  output(
    "gitlab_password_path",
    gitlab.file,
    "File with the password of GitLab's role, which GitLab's container mounts.",
  );
  output(
    "gitlab_password_version",
    gitlab.version,
    "Another text whenever that password is another one: GitLab reads it when it starts.",
  );
  return layer;
}

/**
 * The password of GitLab's role: unlike the others it comes from a file, since a container can read nothing else without
 * having it in a state. What is made of it here is in no state but eight digits of its SHA-256, which tell that it changed.
 */
function gitlabPassword(layer: Layer, secretsPath: string, input: string) {
  const file = Token.asString(Fn.coalesce([input, Fn.join("/", [secretsPath, GITLAB_PASSWORD_FILE])]));
  const password = new TerraformLocal(layer, "gitlab_password", Fn.sensitive(Fn.trimspace(Fn.file(file))));
  const version = Token.asString(Fn.nonsensitive(Fn.substr(Fn.sha256(password.asString), 0, 8)));
  return {
    file,
    password: password.asString,
    local: `local.${password.friendlyUniqueId}`,
    version,
    revision: Token.asNumber(Fn.parseint(version, 16)),
  };
}

/** A login for Terraform that is less than root: who wants it makes its SecretID by hand, and Terraform never sees one. */
function addTerraformLogin(layer: Layer): void {
  const policy = new Policy(layer, "terraform_policy", {
    name: "terraform",
    policy: policyText(new Map(Object.entries(TERRAFORM_POLICY) as [string, VaultCapability[]][])),
  });
  const login = new AuthBackend(layer, "approle", {
    type: "approle",
    path: "approle",
    description: "Logins of programs outside the cluster.",
  });
  new ApproleAuthBackendRole(layer, "terraform_role", {
    backend: login.path,
    roleName: "terraform",
    // Given, or it would be another one whenever Vault has forgotten everything.
    roleId: "lab-terraform",
    tokenPolicies: [policy.name],
    tokenTtl: 3600,
    tokenMaxTtl: 4 * 3600,
    secretIdTtl: 24 * 3600,
  });
}
