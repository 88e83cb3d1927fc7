import { Fn, Token } from "cdktf";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { toTerraformText } from "../../constructs/cluster/component";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { Manifests } from "../../constructs/cluster/manifests";
import { ExistingNamespace } from "../../constructs/cluster/namespace";
import { type Environment } from "../../constructs/core/environment";
import { readProjectFile } from "../../constructs/core/files";
import { Layer } from "../../constructs/core/layer";
import { CREDENTIALS_LABELS } from "../../constructs/messaging/rabbitmq-topology";
import { Monitors } from "../../constructs/observability/monitors";
import { VaultRole } from "../../constructs/secrets/vault-role";
import { VaultStore } from "../../constructs/secrets/vault-store";
import { MC_IMAGE } from "../../constructs/storage/object-store-setup";
import {
  allowFromTenants,
  Tenant,
  tenantName,
  type TenantFlow,
  type TenantProps,
  tenantVaultPath,
  TENANTS_PREFIX,
} from "../../constructs/tenancy/tenant";
import { countTenantJobs } from "../../constructs/tenancy/tenant-job";
import { parseTenants, type TenantEntry } from "../../constructs/tenancy/tenant-list";
import { tenantVhost } from "../../constructs/tenancy/tenant-messaging";
import { apiHostMiddleware, tenantRoute } from "../../constructs/tenancy/tenant-route";
import { TenantRows } from "../../constructs/tenancy/tenant-rows";
import { shardName, shardOf } from "../../constructs/tenancy/tenant-shards";
import { TenantStorage } from "../../constructs/tenancy/tenant-storage";
import { tenantUsage } from "../../constructs/tenancy/tenant-usage";
import { type ClusterSources, connectCluster } from "./cluster-access";
import { TENANT_BUCKETS } from "./data/object-store";
import { POSTGRESQL_IMAGE } from "./data/postgresql";
import { ADDRESSES, DATABASE, NAMESPACES, SERVICES_NAMESPACE, VAULT_ENTRIES, VAULT_MOUNTS } from "./names";
import { neighbour } from "./neighbours";
import { type TenantsInputs, tenantsInputs } from "./tenants-inputs";
import { PLANS, RESERVED_SUBDOMAINS } from "./tenants-plans";
import { TENANTS_README } from "./tenants-readme";
import { connectVault, VAULT_ADDRESS, VAULT_PREFIX, vaultOutputs } from "./vault-access";

/** The list of tenants. */
export const TENANTS_FILE = "environments/viridial-staging/tenants.yaml";

/** The `RabbitmqCluster` of the layer -data. */
const RABBITMQ_CLUSTER = "rabbitmq";

/** How many Jobs a layer of tenants runs. */
const JOBS = 2;

/** Port of Kong's pods, which policies see. */
const KONG_PORT = 8000;

export interface TenantsSources extends ClusterSources {
  /** The layer that made the gateway. */
  readonly platformLayer: Layer;
  /** The list of tenants, as YAML. @default - {@link TENANTS_FILE} */
  readonly tenants?: string;
}

/**
 * The last layers of viridial-staging: the tenants, spread over several Terraform states. All of them are always there, so
 * that one without tenants can take away what it had.
 *
 * @throws SocleError with every problem of the list, each with its line
 */
export function viridialTenants(environment: Environment, sources: TenantsSources): readonly Layer[] {
  const { tenantShards } = sources.settings;
  const tenants = parseTenants(sources.tenants ?? readProjectFile(TENANTS_FILE), {
    file: TENANTS_FILE,
    plans: PLANS,
    cluster: sources.capacity.entry.available,
    reservedSubdomains: RESERVED_SUBDOMAINS,
  });
  if (tenants.length > 0) {
    countTenantJobs(sources.capacity, NAMESPACES.data, JOBS);
  }
  return Array.from({ length: tenantShards }, (_, shard) =>
    tenantsLayer(
      environment,
      sources,
      shardName(shard),
      tenants
        .filter(({ id }) => shardOf(id, tenantShards) === shard)
        // Their order in the file says nothing: a line that moves changes no layer.
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    ),
  );
}

function tenantsLayer(
  environment: Environment,
  sources: TenantsSources,
  shard: string,
  entries: readonly TenantEntry[],
): Layer {
  const layer = new Layer(environment, `${environment.name}-tenants-${shard}`, {
    description: `Namespaces, credentials, routes and usage of those tenants whose id falls to ${shard}.`,
    readme: TENANTS_README,
  });
  const inputs = tenantsInputs(layer);
  const cluster = connectCluster(layer, sources);
  connectVault(layer);
  if (entries.length === 0) {
    return layer;
  }
  const flows: readonly TenantFlow[] = [
    { to: neighbour(layer, cluster, "kong"), port: { port: KONG_PORT } },
    { to: neighbour(layer, cluster, "rabbitMq"), port: { port: ADDRESSES.rabbitMq.port } },
    { to: neighbour(layer, cluster, "objectStore"), port: { port: ADDRESSES.objectStore.port } },
    { to: neighbour(layer, cluster, "openTelemetryCollector"), port: { port: ADDRESSES.openTelemetryCollector.port } },
  ];
  const store = {
    address: VAULT_ADDRESS,
    caCertificate: vaultOutputs(layer).getString("vault_certificate_authority"),
    mount: VAULT_MOUNTS.kv,
    authMount: VAULT_MOUNTS.kubernetes,
  };
  const tenants = entries.map(
    (entry) =>
      new Tenant(layer, tenantName(entry.id).replaceAll("-", "_"), {
        entry,
        cluster,
        flows,
        store,
        credentialsRevision: inputs.credentialsRevision,
      }),
  );
  const name = `tenants-${shard}`;
  allowFromTenants(layer, name, tenants, flows);
  addData(layer, { name, cluster, tenants, inputs, store });
  addRoutes(layer, { name, cluster, tenants, inputs, platformLayer: sources.platformLayer });
  new Monitors(layer, "usage", {
    prometheus: neighbour(layer, cluster, "prometheus"),
    namespace: new ExistingNamespace(cluster, NAMESPACES.monitoring),
    name: `${name}-usage`,
  }).alert(`${name}-usage`, tenantUsage(entries, "tenant:api_requests_billed:increase1h"));
  new ConfigMapV1(layer, "metadata", {
    metadata: { name, namespace: SERVICES_NAMESPACE[sources.settings.profile] },
    // As JSON, since a service reads one tenant of it and not YAML.
    data: Object.fromEntries(entries.map((entry) => [`${entry.id}.json`, toTerraformText(JSON.stringify(entry))])),
  });
  return layer;
}

interface ShardProps {
  /** `tenants-NN`: names what all of them share. */
  readonly name: string;
  readonly cluster: KubernetesCluster;
  readonly tenants: readonly Tenant[];
  readonly inputs: TenantsInputs;
}

/** What the tenants have in the shared stores: virtual hosts, users of the object store, rows. */
function addData(
  layer: Layer,
  { name, cluster, tenants, inputs, store: vault }: ShardProps & { readonly store: TenantProps["store"] },
): void {
  const namespace = new ExistingNamespace(cluster, NAMESPACES.data);
  const revision = Token.asString(Fn.tostring(inputs.credentialsRevision.value));
  const role = new VaultRole(layer, "data_role", {
    name,
    namespace: namespace.name,
    serviceAccount: name,
    authMount: VAULT_MOUNTS.kubernetes,
    tokenSeconds: 600,
  });
  const { objectStoreRoot, postgresqlMigrator } = VAULT_ENTRIES;
  role.grantRead(
    VAULT_MOUNTS.kv,
    ...[objectStoreRoot, postgresqlMigrator].map((entry) => `${VAULT_PREFIX}${entry}`),
    ...tenants.map(({ entry }) => tenantVaultPath(entry.id)),
  );
  const revisions = vaultOutputs(layer).get("vault_entry_revisions");
  const store = new VaultStore(layer, "data_secrets", {
    ...vault,
    namespace,
    name,
    role: role.name,
    revisionOf: (path) =>
      path.startsWith(TENANTS_PREFIX)
        ? revision
        : Token.asString(Fn.lookup(revisions, path.slice(VAULT_PREFIX.length), "1")),
    dependsOn: tenants.map(({ credentials }) => credentials.resource),
  });
  const user = { username: "username", password: "password" };
  const root = store.secret(`${name}-object-store`, { entry: `${VAULT_PREFIX}${objectStoreRoot}`, keys: user });
  const migrator = store.secret(`${name}-migrator`, { entry: `${VAULT_PREFIX}${postgresqlMigrator}`, keys: user });
  const secrets = tenants.map(
    ({ entry: { id } }) =>
      [
        id,
        store.secret(tenantName(id), {
          entry: tenantVaultPath(id),
          keys: { ...user, "access-key": "access-key", "secret-key": "secret-key", revision: "revision" },
          template: { labels: CREDENTIALS_LABELS },
        }).secretName,
      ] as const,
  );
  new Manifests(layer, "messaging", {
    namespace,
    name: `${name}-messaging`,
    manifests: secrets.flatMap(([id, credentials]) =>
      tenantVhost({ id, rabbitMqCluster: RABBITMQ_CLUSTER, credentials }),
    ),
    dependsOn: [root.delivered],
  });
  const { host, port } = ADDRESSES.objectStore;
  const storage = new TenantStorage(layer, "storage", {
    namespace,
    name: `${name}-storage`,
    image: MC_IMAGE,
    endpoint: `http://${host}:${port}`,
    rootUsername: root.key("username"),
    rootPassword: root.key("password"),
    buckets: TENANT_BUCKETS,
    tenants: Object.fromEntries(secrets),
    revision,
    dependsOn: [root.delivered],
  });
  storage.pods.allowTo(neighbour(layer, cluster, "objectStore"), { port });
  const rows = new TenantRows(layer, "rows", {
    namespace,
    name: `${name}-rows`,
    // The nodes have it already, and it has `psql`.
    image: POSTGRESQL_IMAGE,
    ...ADDRESSES.postgresql,
    database: DATABASE,
    username: migrator.key("username"),
    password: migrator.key("password"),
    tenants: tenants.map(({ entry }) => entry),
    dependsOn: [migrator.delivered],
  });
  rows.pods.allowTo(neighbour(layer, cluster, "postgresql"), { port: ADDRESSES.postgresql.port });
}

/** The tenants' host names, which lead to the API. */
function addRoutes(
  layer: Layer,
  { name, cluster, tenants, inputs, platformLayer }: ShardProps & { readonly platformLayer: Layer },
): void {
  const namespace = new ExistingNamespace(cluster, NAMESPACES.apiGateway);
  const hostMiddleware = `${name}-api-host`;
  const [service] = ADDRESSES.apiGateway.host.split(".") as [string];
  new Manifests(layer, "routes", {
    namespace,
    name: `${name}-routes`,
    manifests: [
      apiHostMiddleware(hostMiddleware, layer.read(platformLayer).getString("api_host")),
      ...tenants.flatMap(({ entry }) =>
        tenantRoute(entry, {
          domain: inputs.tenantDomain.stringValue,
          service: { name: service, port: ADDRESSES.apiGateway.port },
          hostMiddleware,
          namespace: namespace.name,
        }),
      ),
    ],
  });
}
