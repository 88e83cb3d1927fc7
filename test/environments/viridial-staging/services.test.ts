import * as fs from "node:fs";
import { parse } from "yaml";
import { type Layer, type TerraformJson } from "../../../constructs/core/layer";
import viridialStaging from "../../../environments/viridial-staging";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../environments/viridial-staging/settings";
import { type Flow, flowsOf } from "../../support/cluster";
import { withApp } from "../../support/construct";
import { jsonOf } from "../../support/layers";

const NAMESPACE = "viridial-staging";

/** Every layer of the environment, by name, with its JSON. */
function synthesize(settings: ViridialSettings): Readonly<Record<string, { layer: Layer; json: TerraformJson }>> {
  return withApp((app) =>
    Object.fromEntries(
      viridialStaging(app, settings).layers.map((layer) => [layer.node.id, { layer, json: jsonOf(layer) }]),
    ),
  );
}
const layers = synthesize(SETTINGS);
const { layer, json } = layers["viridial-staging-services"] as { layer: Layer; json: TerraformJson };

const blocks = (type: string, of = json) => of.resource?.[type] ?? {};

interface Pod {
  readonly container: readonly [{ env: { name: string; value: string }[] } & Record<string, unknown>];
  readonly volume: readonly {
    name: string;
    projected?: { sources: { secret: { name: string; items: { path: string }[] }[] }[] }[];
  }[];
}
const podOf = (type: string, name: string, of = json): Pod =>
  (blocks(type, of)[name]?.["spec"] as { template: { spec: Pod } }).template.spec;
const variablesOf = (type: string, name: string) =>
  Object.fromEntries(podOf(type, name).container[0].env.map(({ name: key, value }) => [key, value]));
/** Files below /secrets, and the Secrets that they are of. */
const filesOf = (type: string, name: string) =>
  Object.fromEntries(
    (podOf(type, name).volume.find(({ projected }) => projected)?.projected?.[0]?.sources ?? []).flatMap(({ secret }) =>
      (secret[0]?.items ?? []).map(({ path }) => [path, secret[0]?.name]),
    ),
  );
function objectsOf(release: string, of = json): Record<string, { spec: unknown; metadata: Record<string, unknown> }> {
  const [values] = blocks("helm_release", of)[release]?.["values"] as string[];
  return (parse((values ?? "").replaceAll("$${", "${"), { version: "1.1" }) as { manifests: Record<string, never> })
    .manifests;
}

describe("viridial-staging-services", () => {
  test("THEN each service has a blue Deployment, and a green one while it has a tag", () => {
    expect(
      Object.entries(blocks("kubernetes_deployment_v1")).map(([name, { count, metadata }]) => [
        name,
        count,
        (metadata as { namespace: string }).namespace,
      ]),
    ).toEqual(
      ["identity", "property", "search"].flatMap((name) => [
        [`${name}_blue`, undefined, NAMESPACE],
        [`${name}_green`, `\${(length(var.${name}_green_tag) >= 1) ? 1 : 0}`, NAMESPACE],
      ]),
    );
    expect(podOf("kubernetes_deployment_v1", "property_blue").container[0]["image"]).toBe(
      '${join(":", [var.property_image, var.property_tag])}',
    );
    expect(blocks("kubernetes_service_v1")["property_service"]?.["spec"]).toMatchObject({
      selector: { "app.kubernetes.io/name": "property", "socle/color": "${var.property_color}" },
    });
  });

  test("THEN probes ask /health and /ready, and replicas follow 70 % of the CPU and 80 % of the memory", () => {
    const path = (of: string) => ({ http_get: { path: of, port: "http" } });
    expect(podOf("kubernetes_deployment_v1", "search_blue").container[0]).toMatchObject({
      liveness_probe: path("/health"),
      readiness_probe: path("/ready"),
      port: [
        { name: "http", container_port: 8080 },
        { name: "metrics", container_port: 9090 },
      ],
    });
    const target = (name: string, average_utilization: number) => ({
      type: "Resource",
      resource: { name, target: { type: "Utilization", average_utilization } },
    });
    for (const autoscaler of Object.values(blocks("kubernetes_horizontal_pod_autoscaler_v2"))) {
      expect(autoscaler["spec"]).toMatchObject({
        min_replicas: 1,
        max_replicas: 2,
        metric: [target("cpu", 70), target("memory", 80)],
      });
    }
  });

  test("THEN the property service knows where what it calls is, and finds its credentials in files", () => {
    const of = ["kubernetes_deployment_v1", "property_blue"] as const;
    expect(variablesOf(...of)).toMatchObject({
      DATABASE_URL:
        "jdbc:postgresql://postgresql-pooler.viridial-data:5432/viridial?sslmode=require&prepareThreshold=0",
      DATABASE_PASSWORD_FILE: "/secrets/database/password",
      RABBITMQ_HOST: "rabbitmq.viridial-data",
      RABBITMQ_VHOST: "viridial",
      RABBITMQ_EXCHANGES: "property.events,lead.events,notification.events",
      RABBITMQ_QUEUE: "property",
      VALKEY_KEY_PREFIX: "property:",
      S3_ENDPOINT: "http://minio.viridial-data:9000",
      TENANT_HEADER: "X-Tenant-ID",
      OTEL_SERVICE_NAME: "property",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://opentelemetry-collector.viridial-monitoring:4317",
      OTEL_RESOURCE_ATTRIBUTES: "service.namespace=viridial,deployment.environment.name=staging",
    });
    expect(filesOf(...of)).toEqual({
      "database/username": "property-database",
      "database/password": "property-database",
      "rabbitmq/username": "property-rabbitmq",
      "rabbitmq/password": "property-rabbitmq",
      "valkey/password": "valkey",
      "object-store/access-key": "property-object-store",
      "object-store/secret-key": "property-object-store",
    });
  });

  test("THEN every file that a variable names is there", () => {
    for (const [type, name] of [
      ...Object.keys(blocks("kubernetes_deployment_v1")).map((each) => ["kubernetes_deployment_v1", each] as const),
      ["kubernetes_job_v1", "search_index"] as const,
    ]) {
      const named = Object.entries(variablesOf(type, name))
        .filter(([variable]) => variable.endsWith("_FILE"))
        .map(([, file]) => file);
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((file) => !(file.replace("/secrets/", "") in filesOf(type, name)))).toEqual([]);
    }
  });

  test("THEN only the identity service has the key that tokens are signed with, and only the search service that of the index", () => {
    const who = (file: string) =>
      Object.keys(blocks("kubernetes_deployment_v1")).filter(
        (name) => file in filesOf("kubernetes_deployment_v1", name),
      );
    expect(who("signing-key/private-key.pem")).toEqual(["identity_blue", "identity_green"]);
    expect(who("meilisearch/master-key")).toEqual(["search_blue", "search_green"]);
  });

  test("THEN users of PostgreSQL are Vault's, one a service: only the Job's may read and no more", () => {
    const generators = Object.entries(objectsOf("vault_store_viridial_staging"))
      .filter(([key]) => key.startsWith("VaultDynamicSecret/"))
      .map(([key, { spec }]) => [key.split("/")[1], (spec as { path: string }).path]);
    expect(Object.fromEntries(generators)).toEqual({
      "identity-database": "database/creds/app",
      "property-database": "database/creds/app",
      "search-index-database": "database/creds/readonly",
    });
  });

  test("THEN the namespace may read of Vault's what its Secrets are made of, and nothing more", () => {
    const policy = (of: TerraformJson, name: string) =>
      [...String(blocks("vault_policy", of)[name]?.["policy"]).matchAll(/path "(.*?)"/g)].map(([, path]) => path);
    const wanted = Object.values(objectsOf("vault_store_viridial_staging")).flatMap(({ spec }) => {
      const { data = [], path } = spec as { data?: { remoteRef: { key: string } }[]; path?: string };
      return [...data.map(({ remoteRef }) => `kv/data/${remoteRef.key}`), ...(path === undefined ? [] : [path])];
    });
    const vault = (layers["viridial-staging-vault"] as { json: TerraformJson }).json;
    expect([...new Set(wanted)].sort()).toEqual(policy(vault, "role_viridial_staging_policy").sort());
    expect(policy(json, "api_role_policy")).toEqual([
      "kv/data/viridial/identity/signing-key",
      "kv/data/viridial/api-keys/load-test",
    ]);
  });

  test("THEN Kong has Valkey's password as JSON, from a Secret of its own namespace", () => {
    expect(objectsOf("vault_store_kong")["ExternalSecret/kong-rate-limit"]?.spec).toMatchObject({
      data: [{ secretKey: "password", remoteRef: { key: "viridial/valkey", property: "password" } }],
      target: { template: { data: { password: "{{ .password | toJson }}" } } },
    });
    expect(objectsOf("access")["KongClusterPlugin/tenant-rate-limit"]).toMatchObject({
      config: { minute: 100, redis: { host: "valkey.viridial-data" } },
      configPatches: [{ valueFrom: { secretKeyRef: { namespace: "kong", name: "kong-rate-limit", key: "password" } } }],
    });
  });

  test("THEN an API key is generated into Vault, and its Secret has the label by which Kong takes it", () => {
    expect(blocks("vault_kv_secret_v2")["api_key_load_test"]).toMatchObject({
      mount: "kv",
      name: "viridial/api-keys/load-test",
      data_json_wo: '${jsonencode({"key" = ephemeral.random_password.api_key_load_test_key.result})}',
    });
    expect(objectsOf("api_secrets")["ExternalSecret/api-key-load-test"]?.spec).toMatchObject({
      target: { template: { metadata: { labels: { "konghq.com/credential": "key-auth" } } } },
    });
  });

  test("THEN Kong is told of consumers and the limit once their Secrets are there, which pods wait for by themselves", () => {
    const waitsFor = (name: string) => podOf("kubernetes_job_v1", name).container[0]["args"];
    const secret = (name: string) => `externalsecrets.external-secrets.io/${name}`;
    expect(waitsFor("service_secrets")).toEqual([
      "wait",
      ...["identity-signing-key", "api-key-load-test", "valkey"].map(secret),
      "--for=condition=Ready",
      "--timeout=5m",
    ]);
    expect(waitsFor("gateway_secrets")).toContain(secret("kong-rate-limit"));
    expect(blocks("helm_release")["access"]?.["depends_on"]).toEqual([
      "kubernetes_secret_v1.access_issuer",
      "kubernetes_job_v1.service_secrets",
      "kubernetes_job_v1.gateway_secrets",
    ]);
    // Green is made before it is destroyed, and so would be all that it depends on: two Jobs of one name.
    expect(blocks("kubernetes_deployment_v1")["property_green"]).not.toHaveProperty("depends_on");
  });

  test("THEN every consumer acts for a tenant of the list", () => {
    const tenants = (
      parse(fs.readFileSync("environments/viridial-staging/tenants.yaml", "utf8")) as {
        tenants: { organizationId: string }[];
      }
    ).tenants.map(({ organizationId }) => `tenant:${organizationId}`);
    const tags = Object.entries(objectsOf("access"))
      .filter(([key]) => key.startsWith("KongConsumer/") && key !== "KongConsumer/api-issuer")
      .map(([, { metadata }]) => (metadata["annotations"] as Record<string, string>)["konghq.com/tags"]);
    expect(tags).toHaveLength(1);
    expect(tags.filter((tag) => !tenants.includes(String(tag)))).toEqual([]);
  });

  test("THEN every route needs a token or a key, and a tenant, but those to each service's health, and to log in", () => {
    const routes = Object.values(blocks("kubernetes_ingress_v1")).map((ingress) => {
      const { name, annotations } = ingress["metadata"] as { name: string; annotations: Record<string, string> };
      const has = (annotations["konghq.com/plugins"] ?? "").split(",");
      return [name, has.find((plugin) => ["api-jwt", "api-key"].includes(plugin)), has.includes("api-tenant")];
    });
    expect(routes).toEqual(
      ["identity", "property", "search"].flatMap((name) => [
        [name, "api-jwt", true],
        [`${name}-api-key`, "api-key", true],
        [`${name}-health`, undefined, false],
        ...(name === "identity" ? [["identity-open", undefined, false]] : []),
      ]),
    );
  });

  test("THEN Prometheus reads each service's metrics at a port that no route leads to", () => {
    const monitors = Object.entries(objectsOf("services_monitors"));
    expect(monitors.map(([key]) => key)).toEqual([
      "PodMonitor/identity",
      "PodMonitor/property",
      "PodMonitor/search",
      "PrometheusRule/services",
    ]);
    expect(monitors[0]?.[1].spec).toMatchObject({
      namespaceSelector: { matchNames: [NAMESPACE] },
      podMetricsEndpoints: [{ port: "metrics", path: "/metrics" }],
    });
  });

  test("THEN the Job for the search index is there when ops ask, and reads all tenants' lists that there are", () => {
    expect(blocks("kubernetes_job_v1")["search_index"]).toMatchObject({
      count: "${(var.search_index_revision >= 1) ? 1 : 0}",
      metadata: { name: "search-index-${tostring(var.search_index_revision)}" },
      lifecycle: { ignore_changes: ["spec[0].template"] },
    });
    const { container, volume } = podOf("kubernetes_job_v1", "search_index");
    expect(container[0]).toMatchObject({
      args: ["index"],
      image: '${join(":", [var.search_image, (var.search_color == "green") ? var.search_green_tag : var.search_tag])}',
    });
    expect(variablesOf("kubernetes_job_v1", "search_index")).toMatchObject({
      DATABASE_URL: "jdbc:postgresql://postgresql-ro.viridial-data:5432/viridial?sslmode=require",
      TENANTS_FOLDER: "/config",
    });
    expect(volume.find(({ name }) => name === "config")?.projected?.[0]?.sources).toEqual(
      ["00", "01", "02", "03"].map((shard) => ({ config_map: [{ name: `tenants-${shard}`, optional: true }] })),
    );
  });

  test("THEN the smoke test comes last, and again whenever a tag or colour is another", () => {
    const { depends_on: after, metadata } = blocks("kubernetes_job_v1")["smoke"] as {
      depends_on: string[];
      metadata: { name: string };
    };
    for (const type of ["kubernetes_deployment_v1", "kubernetes_service_v1", "kubernetes_ingress_v1"]) {
      expect(after).toEqual(expect.arrayContaining(Object.keys(blocks(type)).map((name) => `${type}.${name}`)));
    }
    for (const name of ["identity", "property", "search"]) {
      expect(metadata.name).toContain(`var.${name}_tag, var.${name}_green_tag, var.${name}_color`);
    }
    expect(variablesOf("kubernetes_job_v1", "smoke")).toMatchObject({
      SCHEME: "https",
      GATEWAY: "traefik.traefik:443",
      CHECKS: "identity=/identity/health property=/property/health search=/search/health",
    });
  });

  test("GIVEN Cloudflare in front, which alone Traefik answers, THEN the smoke test asks Kong", () => {
    const { json: other } = synthesize({ ...SETTINGS, waf: "cloudflare" })["viridial-staging-services"] as {
      json: TerraformJson;
    };
    expect(podOf("kubernetes_job_v1", "smoke", other).container[0].env).toEqual(
      expect.arrayContaining([
        { name: "SCHEME", value: "http" },
        { name: "GATEWAY", value: "kong-proxy.kong:80" },
      ]),
    );
    expect(flowsOf(other).filter(([, pods]) => pods === `${NAMESPACE}/smoke`)).toEqual([
      ["egress", `${NAMESPACE}/smoke`, "kong/kong", "8000"],
    ]);
  });

  test("THEN what is deployed is an output for each input of that name, as the deployment's script wants it", () => {
    expect(Object.keys(json.output ?? {}).sort()).toEqual([
      "api_url",
      ...["identity", "property", "search"].flatMap((name) => [`${name}_green_tag`, `${name}_tag`]),
    ]);
    for (const name of ["identity_tag", "property_green_tag"]) {
      expect((json.output as unknown as Record<string, { value: string }>)[name]?.value).toBe(`\${var.${name}}`);
      expect(json.variable).toHaveProperty(name);
    }
  });

  test("THEN no secret is in its state but the way to the cluster", () => {
    expect(layer.stateSecrets).toHaveLength(1);
    expect(Object.keys(blocks("kubernetes_secret_v1"))).toEqual(["access_issuer"]);
    expect(Object.keys(blocks("kubernetes_secret_v1")["access_issuer"]?.["data"] as object)).toEqual([
      "algorithm",
      "key",
      "rsa_public_key",
    ]);
  });

  test("THEN at their most the services take what they may, with room for green pods", () => {
    const mine = (of: ViridialSettings) => {
      const all = of === SETTINGS ? layers : synthesize(of);
      const rows = (all["viridial-staging-services"] as { layer: Layer }).layer.capacity?.().rows ?? [];
      return rows
        .filter(({ namespace }) => [NAMESPACE, "viridial-production"].includes(namespace))
        .map(({ name, replicas, memoryMib }) => [name, replicas, memoryMib]);
    };
    expect(mine(SETTINGS)).toEqual([
      ["service-secrets", 1, 64],
      ["identity", 2, 704],
      ["property", 2, 704],
      ["search", 2, 704],
      ["room for green pods, or a rolling update", 1, 352],
      ["search-index", 1, 256],
      ["smoke", 1, 16],
    ]);
    expect(mine(PRODUCTION)).toEqual([
      ["service-secrets", 1, 64],
      ["identity", 3, 1152],
      ["property", 3, 1152],
      ["search", 3, 1152],
      ["room for green pods, or a rolling update", 2, 768],
      ["search-index", 1, 256],
      ["smoke", 1, 16],
    ]);
  });
});

describe("isolation of the services, from the NetworkPolicies of all layers", () => {
  const flows = Object.values(layers).flatMap(({ json: each }) => flowsOf(each));
  const of = (direction: Flow[0]) =>
    flows
      .filter(([way, pods]) => way === direction && pods.startsWith(`${NAMESPACE}/`))
      .map(([, pods, peer, ports]) => `${pods.slice(NAMESPACE.length + 1)} ${peer} ${ports}`)
      .sort();

  test("THEN they reach exactly what they call", () => {
    const data = "viridial-data";
    expect(of("egress")).toEqual(
      [
        "* kube-system/kube-dns 53/UDP,53",
        `identity ${data}/postgresql-pooler 5432`,
        `identity ${data}/rabbitmq 5672`,
        `identity ${data}/valkey 6379`,
        "identity viridial-monitoring/opentelemetry-collector 4317",
        `property ${data}/minio+minio 9000`,
        `property ${data}/postgresql-pooler 5432`,
        `property ${data}/rabbitmq 5672`,
        `property ${data}/valkey 6379`,
        "property viridial-monitoring/opentelemetry-collector 4317",
        `search ${data}/meilisearch 7700`,
        `search ${data}/rabbitmq 5672`,
        "search viridial-monitoring/opentelemetry-collector 4317",
        `search-index ${data}/meilisearch 7700`,
        `search-index ${data}/postgresql+database 5432`,
        "search-index viridial-monitoring/opentelemetry-collector 4317",
        "service-secrets 10.40.0.0/16 6443",
        "smoke traefik/traefik 8443",
      ].sort(),
    );
  });

  test("THEN only Kong and Prometheus reach them, each at its own port", () => {
    expect(of("ingress")).toEqual(
      ["identity", "property", "search"].flatMap((name) => [
        `${name} kong/kong 8080`,
        `${name} viridial-monitoring/prometheus 9090`,
      ]),
    );
  });

  test("THEN no tenant's namespace has a flow to or from them", () => {
    const services = (end: string) => end.startsWith(`${NAMESPACE}/`);
    expect(
      flows.filter(
        ([, pods, peer]) =>
          (pods.startsWith("tenant-") && services(peer)) || (peer.startsWith("tenant-") && services(pods)),
      ),
    ).toEqual([]);
  });
});
