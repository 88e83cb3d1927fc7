import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { type Backend } from "../../constructs/cluster/workload";
import { type Layer } from "../../constructs/core/layer";
import { type VaultSecret, type VaultStore } from "../../constructs/secrets/vault-store";
import { viridialMessaging } from "./messaging";
import { ADDRESSES, DATABASE, VAULT_ENTRIES } from "./names";
import { neighbour } from "./neighbours";

interface BackendSources {
  readonly layer: Layer;
  readonly cluster: KubernetesCluster;
  /** Brings the entries that the services' namespace may read. */
  readonly store: VaultStore;
}

/** Files with user and password below `/secrets/<folder>`, and the variables that name them. */
function login(variable: string, folder: string): Record<string, string> {
  return {
    [`${variable}_USERNAME_FILE`]: `/secrets/${folder}/username`,
    [`${variable}_PASSWORD_FILE`]: `/secrets/${folder}/password`,
  };
}

/**
 * PostgreSQL for one service, as a user of its own that Vault makes every day: to read and write through PgBouncer, or to
 * read from a replica.
 */
export function database(
  { layer, cluster, store }: BackendSources,
  service: string,
  access: "reads-and-writes" | "reads",
): Backend {
  const reads = access === "reads";
  const { host, port } = reads ? ADDRESSES.postgresqlReadOnly : ADDRESSES.postgresqlPooler;
  const { secretName } = store.databaseUser(`${service}-database`, { role: reads ? "readonly" : "app" });
  return {
    pods: neighbour(layer, cluster, reads ? "postgresql" : "postgresqlPooler"),
    port,
    environment: {
      // PgBouncer gives each transaction any connection, so nothing is prepared on one.
      DATABASE_URL: `jdbc:postgresql://${host}:${port}/${DATABASE}?sslmode=require${reads ? "" : "&prepareThreshold=0"}`,
      ...login("DATABASE", "database"),
    },
    credentials: { folder: "database", secretName, keys: ["username", "password"] },
  };
}

/** RabbitMQ, as the user of one service. */
export function broker(
  { layer, cluster, store }: BackendSources,
  service: "identity" | "property" | "search",
): Backend {
  const entry = {
    identity: VAULT_ENTRIES.rabbitMqIdentity,
    property: VAULT_ENTRIES.rabbitMqProperty,
    search: VAULT_ENTRIES.rabbitMqSearch,
  }[service];
  const keys = { username: "username", password: "password" };
  const { secretName } = store.secret(`${service}-rabbitmq`, { entry, keys });
  const { host, port } = ADDRESSES.rabbitMq;
  return {
    pods: neighbour(layer, cluster, "rabbitMq"),
    port,
    environment: {
      RABBITMQ_HOST: host,
      RABBITMQ_PORT: String(port),
      RABBITMQ_VHOST: viridialMessaging().vhost,
      ...login("RABBITMQ", "rabbitmq"),
    },
    credentials: { folder: "rabbitmq", secretName, keys: Object.keys(keys) },
  };
}

/**
 * Valkey, which the services share that keep sessions or cache: each begins its keys with its own name.
 *
 * @param password its one user's, with the key `password`
 */
export function cache({ layer, cluster }: BackendSources, service: string, password: VaultSecret): Backend {
  const { host, port } = ADDRESSES.valkey;
  return {
    pods: neighbour(layer, cluster, "valkey"),
    port,
    environment: {
      VALKEY_HOST: host,
      VALKEY_PORT: String(port),
      VALKEY_PASSWORD_FILE: "/secrets/valkey/password",
      VALKEY_KEY_PREFIX: `${service}:`,
    },
    credentials: { folder: "valkey", secretName: password.secretName, keys: ["password"] },
  };
}

/** Meilisearch, with its master key: only what owns the index has it. */
export function searchIndex({ layer, cluster, store }: BackendSources): Backend {
  const { secretName } = store.secret("search-meilisearch", {
    entry: VAULT_ENTRIES.meilisearch,
    keys: { "master-key": "master-key" },
  });
  const { host, port } = ADDRESSES.meilisearch;
  return {
    pods: neighbour(layer, cluster, "meilisearch"),
    port,
    environment: {
      MEILISEARCH_URL: `http://${host}:${port}`,
      MEILISEARCH_MASTER_KEY_FILE: "/secrets/meilisearch/master-key",
    },
    credentials: { folder: "meilisearch", secretName, keys: ["master-key"] },
  };
}

/** The object store, with the key of the property service: images and documents. */
export function objectStore({ layer, cluster, store }: BackendSources): Backend {
  const keys = { "access-key": "access-key", "secret-key": "secret-key" };
  const { secretName } = store.secret("property-object-store", { entry: VAULT_ENTRIES.objectStoreProperty, keys });
  const { host, port } = ADDRESSES.objectStore;
  return {
    pods: neighbour(layer, cluster, "objectStore"),
    port,
    environment: {
      S3_ENDPOINT: `http://${host}:${port}`,
      S3_ACCESS_KEY_FILE: "/secrets/object-store/access-key",
      S3_SECRET_KEY_FILE: "/secrets/object-store/secret-key",
    },
    credentials: { folder: "object-store", secretName, keys: Object.keys(keys) },
  };
}

/** The OpenTelemetry collector. Every trace goes there: it takes the share of the profile. */
export function tracing(layer: Layer, cluster: KubernetesCluster, service: string, profile: string): Backend {
  const { host, port } = ADDRESSES.openTelemetryCollector;
  return {
    pods: neighbour(layer, cluster, "openTelemetryCollector"),
    port,
    environment: {
      OTEL_SERVICE_NAME: service,
      OTEL_RESOURCE_ATTRIBUTES: `service.namespace=viridial,deployment.environment.name=${profile}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
      // Prometheus reads metrics from the pods, and Alloy their logs.
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
    },
  };
}
