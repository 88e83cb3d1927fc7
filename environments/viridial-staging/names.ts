import { type Profile } from "./settings";

/** The namespaces of the cluster. Tenants' own are `tenant-<id>`. */
export const NAMESPACES = {
  /** The services of staging. */
  staging: "viridial-staging",
  /** The services of production; empty, with its guardrails, in a cluster of staging. */
  production: "viridial-production",
  monitoring: "viridial-monitoring",
  /** PostgreSQL, RabbitMQ, Valkey, Meilisearch and the object store. */
  data: "viridial-data",
  /** What needs the nodes' file systems to observe them: node exporter, Alloy, Falco. */
  nodeAgents: "viridial-node-agents",
  gateway: "traefik",
  apiGateway: "kong",
  certManager: "cert-manager",
  externalSecrets: "external-secrets",
  vault: "vault",
  cloudNativePg: "cnpg-system",
  rabbitMq: "rabbitmq-system",
  linkerd: "linkerd",
  linkerdCni: "linkerd-cni",
  velero: "velero",
} as const;

/** Where the services of a profile run. */
export const SERVICES_NAMESPACE: Readonly<Record<Profile, string>> = {
  staging: NAMESPACES.staging,
  production: NAMESPACES.production,
};

/** Pods that later layers connect to: the labels that they have, and no others in their namespace. */
export const PODS = {
  prometheus: { namespace: NAMESPACES.monitoring, labels: { "app.kubernetes.io/name": "prometheus" } },
  openTelemetryCollector: {
    namespace: NAMESPACES.monitoring,
    labels: { "app.kubernetes.io/name": "opentelemetry-collector" },
  },
  traefik: { namespace: NAMESPACES.gateway, labels: { "app.kubernetes.io/name": "traefik" } },
  kong: { namespace: NAMESPACES.apiGateway, labels: { "app.kubernetes.io/name": "kong" } },
  vault: { namespace: NAMESPACES.vault, labels: { "app.kubernetes.io/name": "vault", component: "server" } },
  externalSecrets: {
    namespace: NAMESPACES.externalSecrets,
    labels: { "app.kubernetes.io/name": "external-secrets" },
  },
  cloudNativePg: { namespace: NAMESPACES.cloudNativePg, labels: { "app.kubernetes.io/name": "cloudnative-pg" } },
  rabbitMqClusterOperator: {
    namespace: NAMESPACES.rabbitMq,
    labels: { "app.kubernetes.io/component": "rabbitmq-operator" },
  },
  rabbitMqTopologyOperator: {
    namespace: NAMESPACES.rabbitMq,
    labels: { "app.kubernetes.io/component": "messaging-topology-operator" },
  },
  /** The instances, and the Jobs that make them. */
  postgresql: {
    namespace: NAMESPACES.data,
    labels: { "cnpg.io/cluster": "postgresql", "app.kubernetes.io/component": "database" },
  },
  postgresqlPooler: { namespace: NAMESPACES.data, labels: { "cnpg.io/poolerName": "postgresql-pooler" } },
  rabbitMq: { namespace: NAMESPACES.data, labels: { "app.kubernetes.io/name": "rabbitmq" } },
  valkey: { namespace: NAMESPACES.data, labels: { "app.kubernetes.io/name": "valkey" } },
  meilisearch: { namespace: NAMESPACES.data, labels: { "app.kubernetes.io/name": "meilisearch" } },
  objectStore: { namespace: NAMESPACES.data, labels: { app: "minio", release: "minio" } },
} as const;

/** Addresses inside the cluster that later layers give to what uses them. */
export const ADDRESSES = {
  /** Reads and writes, through PgBouncer in transaction mode. */
  postgresqlPooler: { host: `postgresql-pooler.${NAMESPACES.data}`, port: 5432 },
  /** The primary itself: for migrations and dumps only. */
  postgresql: { host: `postgresql-rw.${NAMESPACES.data}`, port: 5432 },
  postgresqlReadOnly: { host: `postgresql-ro.${NAMESPACES.data}`, port: 5432 },
  rabbitMq: { host: `rabbitmq.${NAMESPACES.data}`, port: 5672 },
  valkey: { host: `valkey.${NAMESPACES.data}`, port: 6379 },
  meilisearch: { host: `meilisearch.${NAMESPACES.data}`, port: 7700 },
  objectStore: { host: `minio.${NAMESPACES.data}`, port: 9000 },
  /** The server that is unsealed and active, also where there are three. */
  vault: { host: `vault-active.${NAMESPACES.vault}`, port: 8200 },
  /** OTLP over gRPC. */
  openTelemetryCollector: { host: `opentelemetry-collector.${NAMESPACES.monitoring}`, port: 4317 },
  /** Kong, as Traefik reaches it; its pods listen on 8000. */
  apiGateway: { host: `kong-proxy.${NAMESPACES.apiGateway}`, port: 80 },
} as const;

/** How the gateway says which tenant a request is of: header for the services, from this claim of the verified token. */
export const TENANT = { header: "X-Tenant-ID", claim: "tenant_id" } as const;

/** Name of the database that all services share; tenants are kept apart by row-level security. */
export const DATABASE = "viridial";

/** Mount of Vault's KV engine (version 2), and of its database engine. */
export const VAULT_MOUNTS = { kv: "kv", database: "database", kubernetes: "kubernetes" } as const;

/**
 * What Vault's KV engine holds for this environment, by path below `viridial/`: the layer -vault makes every entry, and
 * later layers bring it into the cluster by external-secrets. All values are strings.
 */
export const VAULT_ENTRIES = {
  /** Role that Vault itself logs in as, to make short-lived users: `username`, `password`. */
  postgresqlVault: "postgresql/vault",
  postgresqlMigrator: "postgresql/migrator",
  /** Role that dumps are made as, which row-level security does not hold back: `username`, `password`. */
  postgresqlDump: "postgresql/dump",
  /** Users of RabbitMQ, one a service: `username`, `password`. */
  rabbitMqIdentity: "rabbitmq/identity",
  rabbitMqProperty: "rabbitmq/property",
  rabbitMqSearch: "rabbitmq/search",
  /** `password`. */
  valkey: "valkey",
  /** `master-key`. */
  meilisearch: "meilisearch",
  /** Root of the object store, for its own set-up only: `username`, `password`. */
  objectStoreRoot: "object-store/root",
  /** `access-key`, `secret-key`. */
  objectStoreProperty: "object-store/property",
  /** What Velero encrypts the volumes in its backups with: `repository-password`. Never another one, or they are lost. */
  velero: "velero",
  /** Keys of the S3 endpoint outside the cluster, from ops: `access-key`, `secret-key`. */
  backups: "backups",
} as const;
