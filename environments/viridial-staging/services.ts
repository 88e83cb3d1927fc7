import { Fn, type ITerraformDependable, Op, TerraformCount, TerraformOutput, Token } from "cdktf";
import { KubectlWait } from "../../constructs/cluster/kubectl-wait";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { ExistingNamespace, type INamespace } from "../../constructs/cluster/namespace";
import { Pods } from "../../constructs/cluster/network-policy";
import { type Backend, type ContainerResources } from "../../constructs/cluster/workload";
import { WorkloadJob } from "../../constructs/cluster/workload-job";
import { MessagingWorkload } from "../../constructs/cluster/workload-messaging";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { ApiRoute, apiServiceAnnotations } from "../../constructs/gateway/api-route";
import { ApiSmoke } from "../../constructs/gateway/api-smoke";
import { KEY_LABELS, KongAccess } from "../../constructs/gateway/kong-access";
import { Monitors } from "../../constructs/observability/monitors";
import { VaultEntry } from "../../constructs/secrets/vault-entry";
import { VaultRole } from "../../constructs/secrets/vault-role";
import { type VaultSecret, VaultStore } from "../../constructs/secrets/vault-store";
import { shardName } from "../../constructs/tenancy/tenant-shards";
import { type ClusterSources, connectCluster } from "./cluster-access";
import { viridialMessaging } from "./messaging";
import { ADDRESSES, NAMESPACES, SERVICES_NAMESPACE, TENANT, VAULT_ENTRIES, VAULT_MOUNTS } from "./names";
import { neighbour } from "./neighbours";
import { servicesAlerts } from "./services-alerts";
import { broker, cache, database, objectStore, searchIndex, tracing } from "./services-backends";
import { type ServiceInputs, type ServiceName, SERVICES, servicesInputs, type ServicesInputs } from "./services-inputs";
import { servicesReadme, SIGNING_KEY_ENTRY } from "./services-readme";
import { type Profile } from "./settings";
import { connectVault, VAULT_ADDRESS, VAULT_PREFIX, vaultOutputs, vaultStore } from "./vault-access";

export interface ServicesSources extends ClusterSources {
  /** The layer that made the gateway. */
  readonly platformLayer: Layer;
}

/** Ports that each service listens on: no route leads to that of the metrics. */
export const PORTS = { http: 8080, metrics: 9090 };

/** What each service answers, on its own. */
export const PATHS = { health: "/health", ready: "/ready", metrics: "/metrics" };

/** How often a tenant may ask, on all routes together. */
const REQUESTS_PER_MINUTE = 100;

interface Size {
  /** Of one pod. 35 % of the limit are heap: the rest of a JVM needs about as much again. */
  readonly resources: ContainerResources;
  readonly minimumReplicas: number;
  readonly maximumReplicas: number;
}

const SIZES: Readonly<Record<Profile, Size>> = {
  staging: {
    resources: { cpuMillis: 100, memoryMib: 352, memoryLimitMib: 512 },
    minimumReplicas: 1,
    maximumReplicas: 2,
  },
  production: {
    resources: { cpuMillis: 200, memoryMib: 384, memoryLimitMib: 640 },
    minimumReplicas: 2,
    maximumReplicas: 3,
  },
};

/** Every JVM reads it. */
const JAVA_OPTIONS = "-XX:MaxRAMPercentage=35 -XX:+ExitOnOutOfMemoryError";

/** The Job that fills the search index reads all tenants' properties, a page at a time. */
const INDEX_RESOURCES: ContainerResources = { cpuMillis: 50, memoryMib: 256, memoryLimitMib: 512 };

/** A replica that does not answer within that is left for another. The slowest request is an upload of a few images. */
const PATIENCE = { connectMilliseconds: 2000, answerMilliseconds: 15_000, retries: 2 };

/** Where the identity service gives tokens: so often from one address, which is what guesses passwords. */
const LOGIN = { path: "/public", requestsPerMinute: 20 };

/** The largest bodies; images go through the property service, up to the gateway's own limit. */
const MAXIMUM_BODY_MEGABYTES: Readonly<Record<ServiceName, number>> = { identity: 1, property: 10, search: 1 };

/** Ports of Traefik's and Kong's pods, which policies see. */
const GATEWAY_PORTS = { traefik: 8443, kong: 8000 };

/** Made by ops where the images are not public. */
const IMAGE_PULL_SECRET = "registry";

/** Who calls the API with a key, and for which tenant (`organizationId` in tenants.yaml). */
const API_CONSUMERS: Readonly<Record<Profile, readonly { readonly name: string; readonly tenantId: string }[]>> = {
  // Immo Horizon's data is made up: load tests are theirs.
  staging: [{ name: "load-test", tenantId: "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735" }],
  production: [],
};

/** The fifth layer of viridial-staging: the services, and the ways to them. */
export function viridialServices(environment: Environment, sources: ServicesSources): Layer {
  const { settings } = sources;
  const { profile } = settings;
  const namespaceName = SERVICES_NAMESPACE[profile];
  const layer = new Layer(environment, `${environment.name}-services`, {
    description: "The services identity, property and search, their routes at the API gateway, and who may call them.",
    readme: servicesReadme({
      namespace: namespaceName,
      requestsPerMinute: REQUESTS_PER_MINUTE,
      consumers: API_CONSUMERS[profile].map(({ name }) => name),
      ...SIZES[profile],
    }),
  });
  const inputs = servicesInputs(layer);
  const cluster = connectCluster(layer, sources);
  connectVault(layer);
  const namespace = new ExistingNamespace(cluster, namespaceName);
  const context: Context = { layer, cluster, namespace, inputs, sources };

  const secrets = addSecrets(context);
  const { index, ...services } = addServices(context, secrets);
  const access = addAccess(context, secrets);
  const routes = SERVICES.map(
    (name) =>
      new ApiRoute(layer, `${name}_route`, {
        access,
        workload: services[name],
        prefix: `/${name}`,
        healthPath: PATHS.health,
        readyPath: PATHS.ready,
        maximumBodyMegabytes: MAXIMUM_BODY_MEGABYTES[name],
        // Who logs in has no token yet.
        ...(name === "identity" ? { open: LOGIN } : {}),
      }),
  );
  watch(context, Object.values(services));
  addSearchIndexJob(context, secrets, index);
  addSmokeTest(context, access, routes, Object.values(services));
  addOutputs(context, access);
  return layer;
}

interface Context {
  readonly layer: Layer;
  readonly cluster: KubernetesCluster;
  readonly namespace: ExistingNamespace;
  readonly inputs: ServicesInputs;
  readonly sources: ServicesSources;
}

/** Secrets of the services' namespace, and what depends on external-secrets having made those named here. */
interface Secrets {
  readonly store: VaultStore;
  readonly valkey: VaultSecret;
  readonly signingKey: VaultSecret;
  readonly apiKeys: Readonly<Record<string, VaultSecret>>;
  readonly made: ITerraformDependable;
}

/**
 * What the services' namespace reads of Vault: what the layer -vault lets it, by one store; and by another what this layer
 * adds, the API keys and the key that tokens are signed with.
 */
function addSecrets(context: Context): Secrets {
  const { layer, namespace, inputs, sources } = context;
  const consumers = API_CONSUMERS[sources.settings.profile];
  const entryOf = (consumer: string) => `${VAULT_PREFIX}api-keys/${consumer}`;
  const entries = consumers.map(
    ({ name }) =>
      new VaultEntry(layer, `api_key_${name.replaceAll("-", "_")}`, {
        mount: VAULT_MOUNTS.kv,
        path: entryOf(name),
        generate: { key: { length: 48 } },
        revision: inputs.apiKeyRevision.numberValue,
      }),
  );
  const name = "api-secrets";
  const role = new VaultRole(layer, "api_role", {
    name: `${namespace.name}-api`,
    namespace: namespace.name,
    serviceAccount: name,
    authMount: VAULT_MOUNTS.kubernetes,
    tokenSeconds: 600,
  });
  role.grantRead(VAULT_MOUNTS.kv, SIGNING_KEY_ENTRY, ...entries.map(({ path }) => path));
  const own = new VaultStore(layer, "api_secrets", {
    namespace,
    name,
    address: VAULT_ADDRESS,
    caCertificate: vaultOutputs(layer).getString("vault_certificate_authority"),
    mount: VAULT_MOUNTS.kv,
    role: role.name,
    authMount: VAULT_MOUNTS.kubernetes,
    revisionOf: (entry) =>
      entry === SIGNING_KEY_ENTRY ? "1" : Token.asString(Fn.tostring(inputs.apiKeyRevision.value)),
    dependsOn: entries.map(({ resource }) => resource),
  });
  const signingKey = own.secret("identity-signing-key", {
    entry: SIGNING_KEY_ENTRY,
    keys: { "private-key.pem": "private-key" },
  });
  const apiKeys = Object.fromEntries(
    consumers.map((consumer) => [
      consumer.name,
      own.secret(`api-key-${consumer.name}`, {
        entry: entryOf(consumer.name),
        keys: { key: "key" },
        template: { labels: KEY_LABELS },
      }),
    ]),
  );
  const store = vaultStore(layer, namespace);
  const valkey = store.secret("valkey", { entry: VAULT_ENTRIES.valkey, keys: { password: "password" } });
  const made = secretsMade(context, "service_secrets", namespace, [signingKey, ...Object.values(apiKeys), valkey]);
  return { store, valkey, signingKey, apiKeys, made };
}

/**
 * What depends on external-secrets having made Secrets: Kong's controller refuses a consumer or plugin whose Secret is not
 * there yet. With a further one it waits anew. Pods need not depend on it: they wait for their Secrets by themselves.
 */
function secretsMade(
  { layer, sources: { settings } }: Context,
  id: string,
  namespace: INamespace,
  secrets: readonly VaultSecret[],
): ITerraformDependable {
  const wait = new KubectlWait(layer, id, {
    namespace,
    kubernetesRelease: settings.release.kubernetes,
    conditions: [
      {
        of: secrets.map(({ secretName }) => `externalsecrets.external-secrets.io/${secretName}`),
        is: "condition=Ready",
      },
    ],
    reads: { apiGroup: "external-secrets.io", resource: "externalsecrets" },
    timeoutMinutes: 5,
    dependsOn: secrets.map(({ delivered }) => delivered),
  });
  const name = id.replaceAll("_", "-");
  new Pods(layer, `${id}_pods`, {
    namespace,
    labels: { "app.kubernetes.io/name": name },
    name,
  }).allowToApiServer();
  return wait.ready;
}

/** The services, with what each of them calls. */
function addServices(context: Context, { store, valkey, signingKey }: Secrets) {
  const { layer, cluster, namespace, inputs, sources } = context;
  const { profile } = sources.settings;
  const backends = { layer, cluster, store };
  const messaging = viridialMessaging();
  const make = (name: ServiceName): MessagingWorkload => {
    const { image, tag, greenTag, color } = inputs.services[name];
    const service = new MessagingWorkload(layer, name, {
      namespace,
      image: Fn.join(":", [image.stringValue, tag.stringValue]),
      colors: {
        greenImage: Fn.join(":", [image.stringValue, greenTag.stringValue]),
        greenWhen: Op.gte(Fn.lengthOf(greenTag.value), 1),
        active: color.stringValue,
      },
      imagePullSecret: IMAGE_PULL_SECRET,
      ...SIZES[profile],
      port: PORTS.http,
      healthPath: PATHS.health,
      readyPath: PATHS.ready,
      metricsPath: PATHS.metrics,
      metricsPort: PORTS.metrics,
      // A JVM that has less than a CPU.
      startSeconds: 180,
      environment: {
        PORT: String(PORTS.http),
        METRICS_PORT: String(PORTS.metrics),
        TENANT_HEADER: TENANT.header,
        TENANT_CLAIM: TENANT.claim,
        JAVA_TOOL_OPTIONS: JAVA_OPTIONS,
      },
      targetCpuPercent: 70,
      targetMemoryPercent: 80,
      serviceAnnotations: apiServiceAnnotations(name, PATIENCE),
      messaging: messaging.service(name),
      broker: broker(backends, name),
    });
    service.uses(tracing(layer, cluster, name, profile));
    return service;
  };
  const identity = make("identity");
  identity.uses(database(backends, "identity", "reads-and-writes"));
  identity.uses(cache(backends, "identity", valkey));
  identity.publishTo("notification.events");
  identity.consume("notification.events");
  identity.readsSecret({ folder: "signing-key", secretName: signingKey.secretName, keys: ["private-key.pem"] });

  const property = make("property");
  property.uses(database(backends, "property", "reads-and-writes"));
  property.uses(cache(backends, "property", valkey));
  property.uses(objectStore(backends));
  property.publishTo("property.events");
  property.publishTo("lead.events");
  property.publishTo("notification.events");
  property.consume("lead.events");

  const search = make("search");
  const index = searchIndex(backends);
  search.uses(index);
  search.consume("property.events");

  const { minimumReplicas, resources } = SIZES[profile];
  // Of one service at a time, as the inputs make sure; a rolling update needs less.
  cluster.capacity.add({
    name: "room for green pods, or a rolling update",
    namespace: namespace.name,
    cpuMillis: resources.cpuMillis,
    memoryMib: resources.memoryMib,
    replicas: minimumReplicas,
  });
  return { identity, property, search, index };
}

/** Who may call the services through Kong, and how often. */
function addAccess(context: Context, { apiKeys, made }: Secrets): KongAccess {
  const { layer, cluster, namespace, inputs, sources } = context;
  const platform = layer.read(sources.platformLayer);
  const host = platform.getString("api_host");
  const gatewayNamespace = new ExistingNamespace(cluster, NAMESPACES.apiGateway);
  const password = vaultStore(layer, gatewayNamespace).secret("kong-rate-limit", {
    entry: VAULT_ENTRIES.valkey,
    keys: { password: "password" },
    // In quotes, as JSON.
    template: { data: { password: "{{ .password | toJson }}" } },
  });
  const passwordMade = secretsMade(context, "gateway_secrets", gatewayNamespace, [password]);
  const access = new KongAccess(layer, "access", {
    namespace,
    kong: neighbour(layer, cluster, "kong"),
    host,
    issuer: {
      name: Fn.coalesce([inputs.jwtIssuer.stringValue, Fn.format("https://%s/identity", [host])]) as string,
      publicKey: inputs.jwtPublicKey.stringValue,
    },
    tenant: TENANT,
    corsOrigins: Token.asList(
      Fn.concat([[Fn.format("https://%s", [platform.getString("domain_name")])], inputs.corsOrigins.listValue]),
    ),
    requestsPerMinute: REQUESTS_PER_MINUTE,
    counters: {
      pods: neighbour(layer, cluster, "valkey"),
      ...ADDRESSES.valkey,
      password: { namespace: gatewayNamespace.name, ...password.key("password") },
    },
    dependsOn: [made, passwordMade],
  });
  for (const { name, tenantId } of API_CONSUMERS[sources.settings.profile]) {
    access.allowKey({ name, tenantId, secretName: (apiKeys[name] as VaultSecret).secretName });
  }
  return access;
}

function watch({ layer, cluster, namespace }: Context, services: readonly MessagingWorkload[]): void {
  const monitors = new Monitors(layer, "services_monitors", {
    prometheus: neighbour(layer, cluster, "prometheus"),
    namespace,
  });
  for (const { pods } of services) {
    monitors.scrape({ pods, portName: "metrics", port: PORTS.metrics, path: PATHS.metrics });
  }
  monitors.alert("services", servicesAlerts(namespace.name));
}

/** Fills the search index from PostgreSQL, when ops ask for it. */
function addSearchIndexJob(
  { layer, cluster, namespace, inputs, sources }: Context,
  { store, made }: Secrets,
  index: Backend,
): void {
  const { image, tag, greenTag, color } = inputs.services.search;
  const { profile, tenantShards } = sources.settings;
  const backends = { layer, cluster, store };
  const revision = inputs.searchIndexRevision;
  new WorkloadJob(layer, "search_index", {
    namespace,
    // That which answers, so that both go by the same index.
    image: Fn.join(":", [
      image.stringValue,
      Token.asString(Fn.conditional(Op.eq(color.value, "green"), greenTag.value, tag.value)),
    ]),
    imagePullSecret: IMAGE_PULL_SECRET,
    args: ["index"],
    environment: {
      // It names each tenant in a transaction of its own: there is no other way to its rows.
      TENANTS_FOLDER: "/config",
      JAVA_TOOL_OPTIONS: JAVA_OPTIONS,
    },
    uses: [database(backends, "search-index", "reads"), index, tracing(layer, cluster, "search-index", profile)],
    // Made by the layers of the tenants, after this one.
    configMaps: Array.from({ length: tenantShards }, (_, shard) => `tenants-${shardName(shard)}`),
    resources: INDEX_RESOURCES,
    version: Token.asString(Fn.tostring(revision.value)),
    ignoreImage: true,
    timeoutMinutes: 60,
    retries: 1,
    count: TerraformCount.of(Token.asNumber(Fn.conditional(Op.gte(revision.value, 1), 1, 0))),
    dependsOn: [made],
  });
}

/** Asks the services through the gateway, whenever what answers is another. */
function addSmokeTest(
  { layer, cluster, namespace, inputs, sources }: Context,
  access: KongAccess,
  routes: readonly ApiRoute[],
  services: readonly MessagingWorkload[],
): void {
  // With Cloudflare in front, Traefik answers nobody else: then it is asked behind Traefik.
  const gateway =
    sources.settings.waf === "cloudflare"
      ? ({
          pods: neighbour(layer, cluster, "kong"),
          podPort: GATEWAY_PORTS.kong,
          address: `${ADDRESSES.apiGateway.host}:${ADDRESSES.apiGateway.port}`,
          scheme: "http",
        } as const)
      : ({
          pods: neighbour(layer, cluster, "traefik"),
          podPort: GATEWAY_PORTS.traefik,
          address: `traefik.${NAMESPACES.gateway}:443`,
          scheme: "https",
        } as const);
  const what = SERVICES.flatMap((name) => {
    const { image, tag, greenTag, color } = inputs.services[name];
    return [image, tag, greenTag, color].map((each) => each.stringValue);
  });
  new ApiSmoke(layer, "smoke", {
    namespace,
    host: access.host,
    gateway,
    checks: Object.fromEntries(SERVICES.map((name, index) => [name, (routes[index] as ApiRoute).healthPath])),
    version: Fn.substr(Fn.sha256(Fn.join(" ", what)), 0, 8),
    count: TerraformCount.of(Token.asNumber(Fn.conditional(inputs.smokeTestEnabled.value, 1, 0))),
    dependsOn: [
      ...services.flatMap(({ deployments, service }) => [...deployments, service]),
      ...routes.flatMap(({ ingresses }) => ingresses),
    ],
  });
}

function addOutputs({ layer, inputs }: Context, { host }: KongAccess): void {
  // Inputs are constructs of the same names.
  const deployed = (name: string, description: string, value: string) =>
    new TerraformOutput(layer, `${name}_output`, { description, value }).overrideLogicalId(name);
  for (const name of SERVICES) {
    const { tag, greenTag }: ServiceInputs = inputs.services[name];
    deployed(`${name}_tag`, `Tag of the ${name} service; of its blue pods, while it has green ones.`, tag.stringValue);
    deployed(
      `${name}_green_tag`,
      `Tag of the ${name} service's green pods; empty where there are none.`,
      greenTag.stringValue,
    );
  }
  new TerraformOutput(layer, "api_url", {
    description: "Address of the API; services are below it: /identity, /property, /search.",
    value: Fn.format("https://%s", [host]),
  });
}
