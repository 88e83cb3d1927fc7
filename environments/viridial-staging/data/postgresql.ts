import { Fn, TerraformOutput, Token } from "cdktf";
import { type ContainerResources } from "../../../constructs/cluster/workload";
import { listProjectFiles, readProjectFile } from "../../../constructs/core/files";
import { type Layer } from "../../../constructs/core/layer";
import {
  POSTGRESQL_METRICS,
  PostgresqlCluster,
  type PostgresqlRole,
} from "../../../constructs/database/postgresql-cluster";
import { PostgresqlDump } from "../../../constructs/database/postgresql-dump";
import { PostgresqlMigrations } from "../../../constructs/database/postgresql-migrations";
import { VaultDatabaseUsers } from "../../../constructs/database/vault-database-users";
import { type VaultSecret } from "../../../constructs/secrets/vault-store";
import { STORAGE_CLASSES } from "../../../constructs/storage/hcloud-csi";
import { ADDRESSES, DATABASE, VAULT_ENTRIES, VAULT_MOUNTS } from "../names";
import { neighbour } from "../neighbours";
import { type Profile } from "../settings";
import { VAULT_LOGIN_HOURS, VAULT_PREFIX } from "../vault-access";
import { postgresqlAlerts } from "./postgresql-alerts";
import { type DataProps } from "./props";

export interface PostgresqlProps extends DataProps {
  /** Number of the server, from 1 on: raised by a restore. */
  readonly generation: number;
  /** Where a new server begins: "", a time, or `latest`. */
  readonly restoreTo: string;
}

/**
 * PostgreSQL 18, which CloudNativePG 1.30 takes by default, in the build of 17 August 2026; `standard`, since the plugin
 * brings Barman.
 * @see https://github.com/cloudnative-pg/artifacts (image-catalogs/catalog-standard-trixie.yaml)
 */
export const POSTGRESQL_IMAGE =
  "ghcr.io/cloudnative-pg/postgresql:18.6-202608170814-standard-trixie@sha256:771f9eab5225587af259d84680cc69a5b6e374ac32bb24effafde1f3368a1241";

/** Open-source Flyway; 12.11 applied the migrations to a real PostgreSQL 18.4. */
const FLYWAY_IMAGE = "docker.io/flyway/flyway:12.11.0-alpine";

/** So many days back a restore can go. */
const RETENTION_DAYS = 30;

/** Base backups and the dump, in UTC: outside the hours of the agencies, and not at once. */
const SCHEDULES = { baseBackup: "0 15 1 * * *", dump: "15 2 * * *" };

interface Size {
  readonly instances: number;
  /** With one replica `required` would stop all writes whenever it restarts; with two it does not. */
  readonly durability: "preferred" | "required";
  readonly instance: ContainerResources;
  readonly sharedBuffers: string;
  readonly effectiveCacheSize: string;
  readonly maximumConnections: number;
  readonly poolerConnections: number;
  readonly dataGib: number;
  readonly walGib: number;
  readonly dumpGib: number;
}

const SIZES: Record<Profile, Size> = {
  staging: {
    instances: 2,
    durability: "preferred",
    instance: { cpuMillis: 200, memoryMib: 768, memoryLimitMib: 1024 },
    sharedBuffers: "192MB",
    effectiveCacheSize: "512MB",
    maximumConnections: 100,
    poolerConnections: 35,
    // The least that Hetzner makes.
    dataGib: 10,
    walGib: 10,
    dumpGib: 5,
  },
  production: {
    instances: 3,
    durability: "required",
    instance: { cpuMillis: 500, memoryMib: 2048, memoryLimitMib: 3072 },
    sharedBuffers: "512MB",
    effectiveCacheSize: "1536MB",
    maximumConnections: 200,
    poolerConnections: 80,
    dataGib: 100,
    walGib: 20,
    dumpGib: 20,
  },
};

/** The roles that the migrations expect (V1__roles.sql), and two that only operate. */
export const ROLES = {
  owner: "viridial_owner",
  migrator: "viridial_migrator",
  app: "viridial_app",
  readonly: "viridial_readonly",
  vault: "viridial_vault",
  dump: "viridial_dump",
} as const;

/**
 * What a superuser does once, before the database is made. From PostgreSQL 16 on a role with CREATEROLE makes members of
 * a group only with the ADMIN OPTION on it, which the operator's `inRoles` does not give; and the operator makes the
 * owner with LOGIN, which the first migration refuses.
 */
export const INIT_SQL = [
  `ALTER ROLE ${ROLES.owner} NOLOGIN`,
  `CREATE ROLE ${ROLES.app} LOGIN`,
  `CREATE ROLE ${ROLES.readonly} LOGIN`,
  `CREATE ROLE ${ROLES.vault} LOGIN CREATEROLE`,
  // It inherits the groups' rights with it: it could make itself a user of either anyway.
  `GRANT ${ROLES.app}, ${ROLES.readonly} TO ${ROLES.vault} WITH ADMIN OPTION`,
];

const MIGRATIONS = "environments/viridial-staging/migrations";

/** PostgreSQL with its schema, the users that Vault makes, backups, metrics and alerts. */
export function addPostgresql(layer: Layer, props: PostgresqlProps): PostgresqlCluster {
  const { cluster, namespace, settings, store, monitors } = props;
  const size = SIZES[settings.profile];
  const [vaultLogin, migratorLogin, dumpLogin] = (["Vault", "Migrator", "Dump"] as const).map((who) =>
    // What the operator reads passwords from, at once when one has changed.
    store.secret(`postgresql-${who.toLowerCase()}`, {
      entry: VAULT_ENTRIES[`postgresql${who}`],
      keys: { username: "username", password: "password" },
      template: { type: "kubernetes.io/basic-auth", labels: { "cnpg.io/reload": "true" } },
    }),
  ) as [VaultSecret, VaultSecret, VaultSecret];
  const backupKeys = store.secret("postgresql-backup-keys", {
    entry: VAULT_ENTRIES.backups,
    keys: { "access-key": "access-key", "secret-key": "secret-key" },
    template: { labels: { "cnpg.io/reload": "true" } },
  });

  const postgresql = new PostgresqlCluster(layer, "postgresql", {
    namespace,
    image: POSTGRESQL_IMAGE,
    instances: size.instances,
    durability: size.durability,
    resources: size.instance,
    storage: { dataGib: size.dataGib, walGib: size.walGib, storageClass: STORAGE_CLASSES.retain },
    parameters: {
      max_connections: String(size.maximumConnections),
      shared_buffers: size.sharedBuffers,
      effective_cache_size: size.effectiveCacheSize,
      // The most that a quiet server may lose with its disks: a WAL file that is not full is archived after that time.
      archive_timeout: "5min",
      wal_level: "replica",
      wal_compression: "pglz",
      // A replica that is away for long does not fill the volume: it is made anew.
      max_slot_wal_keep_size: "4GB",
      idle_in_transaction_session_timeout: "5min",
      log_lock_waits: "true",
    },
    database: DATABASE,
    owner: ROLES.owner,
    roles: managedRoles({ vault: vaultLogin, migrator: migratorLogin, dump: dumpLogin }),
    initSql: INIT_SQL,
    archive: {
      ...props.backup,
      path: "postgresql",
      accessKey: backupKeys.key("access-key"),
      secretKey: backupKeys.key("secret-key"),
      retentionDays: RETENTION_DAYS,
      schedule: SCHEDULES.baseBackup,
      resources: { cpuMillis: 25, memoryMib: 96, memoryLimitMib: 384 },
    },
    pooler: {
      instances: 2,
      resources: { cpuMillis: 50, memoryMib: 64, memoryLimitMib: 128 },
      maximumConnections: size.poolerConnections,
      connectionsPerUser: 10,
      // A tenant's setting never reaches the next client of a connection: docs/decisions/0001.
      resetQuery: "RESET app.organization_id",
    },
    generation: props.generation,
    restoreTo: props.restoreTo,
    operator: neighbour(layer, cluster, "cloudNativePg"),
    dependsOn: [vaultLogin.delivered],
  });
  postgresql.allowFrom(neighbour(layer, cluster, "vault"));

  const migrations = new PostgresqlMigrations(layer, "postgresql_migrations", {
    namespace,
    image: FLYWAY_IMAGE,
    host: ADDRESSES.postgresql.host,
    database: DATABASE,
    username: migratorLogin.key("username"),
    password: migratorLogin.key("password"),
    caCertificate: postgresql.caCertificate,
    files: Object.fromEntries(
      listProjectFiles(MIGRATIONS).map((file) => [file, readProjectFile(`${MIGRATIONS}/${file}`)]),
    ),
    initSql: `SET ROLE ${ROLES.owner}`,
    historySchema: "flyway",
    // A server that was restored to an earlier time lacks the migrations since then.
    server: Token.asString(props.generation),
    dependsOn: [postgresql.delivered],
  });
  postgresql.allowFrom(migrations);

  const dump = new PostgresqlDump(layer, "postgresql_dump", {
    namespace,
    image: POSTGRESQL_IMAGE,
    host: ADDRESSES.postgresql.host,
    database: DATABASE,
    username: dumpLogin.key("username"),
    password: dumpLogin.key("password"),
    caCertificate: postgresql.caCertificate,
    target: props.backup,
    copy: props.copy,
    accessKey: backupKeys.key("access-key"),
    secretKey: backupKeys.key("secret-key"),
    schedule: SCHEDULES.dump,
    retentionDays: RETENTION_DAYS,
    maximumGib: size.dumpGib,
    dependsOn: [postgresql.delivered],
  });
  postgresql.allowFrom(dump);

  const lease = { leaseHours: VAULT_LOGIN_HOURS, maximumHours: VAULT_LOGIN_HOURS };
  new VaultDatabaseUsers(layer, "database_users", {
    mount: VAULT_MOUNTS.database,
    name: DATABASE,
    host: ADDRESSES.postgresql.host,
    // Not the tenants': their data is none of its business.
    database: "postgres",
    administrator: {
      username: ROLES.vault,
      kvMount: VAULT_MOUNTS.kv,
      entry: `${VAULT_PREFIX}${VAULT_ENTRIES.postgresqlVault}`,
      revision: Token.asNumber(Fn.tonumber(vaultLogin.version)),
    },
    roles: { app: { memberOf: ROLES.app, ...lease }, readonly: { memberOf: ROLES.readonly, ...lease } },
    dependsOn: [migrations.ready],
  });

  monitors.scrape({ pods: postgresql.pods, portName: "metrics", port: POSTGRESQL_METRICS.instance });
  monitors.scrape({ pods: postgresql.pooler, portName: "metrics", port: POSTGRESQL_METRICS.pooler });
  monitors.alert("postgresql", postgresqlAlerts(namespace.name, postgresql.name, dump.name));
  addOutputs(layer);
  return postgresql;
}

interface Logins {
  readonly vault: VaultSecret;
  readonly migrator: VaultSecret;
  readonly dump: VaultSecret;
}

function managedRoles({ vault, migrator, dump }: Logins): PostgresqlRole[] {
  return [
    { name: ROLES.owner, comment: "Owns the database and all in it", login: false },
    {
      name: ROLES.migrator,
      comment: "Runs the migrations, as the owner",
      login: true,
      inherit: false,
      inRoles: [ROLES.owner],
      passwordSecret: migrator.secretName,
    },
    // The two log in with no password: Vault makes members of them.
    { name: ROLES.app, comment: "Reads and writes rows of one tenant at a time", login: true },
    { name: ROLES.readonly, comment: "Reads rows of one tenant at a time", login: true },
    {
      name: ROLES.vault,
      comment: "Vault: makes and removes users",
      login: true,
      createRole: true,
      inRoles: [ROLES.app, ROLES.readonly, "pg_signal_backend"],
      passwordSecret: vault.secretName,
    },
    {
      name: ROLES.dump,
      comment: "Dumps the rows of all tenants",
      login: true,
      bypassRowSecurity: true,
      inRoles: ["pg_read_all_data"],
      passwordSecret: dump.secretName,
    },
  ];
}

function addOutputs(layer: Layer): void {
  const output = (name: string, description: string, { host, port }: { host: string; port: number }) =>
    new TerraformOutput(layer, name, { description, value: `${host}:${port}` });
  output(
    "postgresql_address",
    "Where services reach PostgreSQL inside the cluster: PgBouncer in transaction mode, TLS required.",
    ADDRESSES.postgresqlPooler,
  );
  output(
    "postgresql_read_only_address",
    "Where reports reach a replica of PostgreSQL inside the cluster, not through PgBouncer.",
    ADDRESSES.postgresqlReadOnly,
  );
}
