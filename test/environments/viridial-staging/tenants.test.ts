import * as path from "node:path";
import { parse } from "yaml";
import { readProjectFile } from "../../../constructs/core/files";
import { type Layer, type TerraformJson } from "../../../constructs/core/layer";
import { POLICIES } from "../../../constructs/policy/policies";
import viridialStaging from "../../../environments/viridial-staging";
import { viridialCapacity } from "../../../environments/viridial-staging/capacity";
import { checkViridialSettings, PRODUCTION, SETTINGS } from "../../../environments/viridial-staging/settings";
import { TENANTS_FILE, viridialTenants } from "../../../environments/viridial-staging/tenants";
import { refusal } from "../../support/inputs";
import { filesBelow, jsonOf, testApp, testEnvironment, testLayer } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

/** The layers of tenants behind stand-ins for the earlier ones. */
function build(tenants?: string) {
  const environment = testEnvironment("viridial-staging", "http");
  const [clusterLayer, platformLayer] = ["cluster", "platform", "vault"].map((name) =>
    testLayer(environment, `viridial-staging-${name}`),
  ) as [Layer, Layer, Layer];
  const sources = { clusterLayer, platformLayer, settings: SETTINGS, capacity: viridialCapacity(SETTINGS) };
  const layers = viridialTenants(environment, tenants === undefined ? sources : { ...sources, tenants });
  return { layers };
}

const LIST = readProjectFile(TENANTS_FILE);
const NEW_TENANT = `
  - id: toits-et-jardins
    name: Toits et Jardins
    organizationId: 3e9a4f61-58d7-4c02-a1be-60f4d2c8975b
    plan: starter
    subdomain: toits-et-jardins
`;

const { layers } = build();
const jsons = layers.map(jsonOf);
const [, , json] = jsons as [TerraformJson, TerraformJson, TerraformJson];
const block = (type: string, name: string, of = json) => of.resource?.[type]?.[name];

/** The objects of a release of the local chart. */
function objectsOf(release: string): Record<string, unknown>[] {
  const { values } = block("helm_release", release) as { values: [string, ...string[]] };
  return Object.values((parse(values[0]) as { manifests: Record<string, Record<string, unknown>> }).manifests);
}

describe("the layers of tenants", () => {
  test("THEN there are as many as the setting says, and each tenant is in the one of its id's hash", () => {
    expect(layers.map(({ node }) => node.id)).toEqual([
      "viridial-staging-tenants-00",
      "viridial-staging-tenants-01",
      "viridial-staging-tenants-02",
      "viridial-staging-tenants-03",
    ]);
    expect(jsons.map((each) => Object.keys(each.resource?.["kubernetes_namespace_v1"] ?? {}))).toEqual([
      [],
      ["tenant_immo_horizon"],
      ["tenant_villa_conseil"],
      ["tenant_agence_du_lac"],
    ]);
  });

  test("GIVEN a shard without tenants THEN it has what it needs to take away what was there, and nothing else", () => {
    const [empty] = jsons as [TerraformJson];
    expect(empty.resource).toBeUndefined();
    expect(Object.keys(empty.provider ?? {}).sort()).toEqual(["helm", "http", "kubernetes", "vault"]);
  });

  test("THEN they open no port, keep no secret of a tenant, and hold every policy", () => {
    for (const [index, layer] of layers.entries()) {
      expect(layer.openPorts).toEqual([]);
      expect(layer.stateSecrets.map(({ what }) => what)).toEqual([
        "`data.terraform_remote_state.viridial_staging_cluster`: `kubernetes_client_key`, `kubeconfig`, `bootstrap_token`",
      ]);
      expect(POLICIES.flatMap((policy) => policy(layer, jsons[index] as TerraformJson))).toEqual([]);
    }
  });

  test("THEN a tenant has a virtual host, and a user of it whose credentials come from Vault", () => {
    const name = "tenant-villa-conseil";
    const rabbitmqClusterReference = { name: "rabbitmq" };
    const object = (kind: string, spec: unknown) => ({
      apiVersion: "rabbitmq.com/v1beta1",
      kind,
      metadata: { name },
      spec,
    });
    expect(objectsOf("messaging")).toEqual([
      object("Vhost", {
        name,
        defaultQueueType: "quorum",
        limits: { connections: 10, queues: 20 },
        rabbitmqClusterReference,
      }),
      object("User", { importCredentialsSecret: { name }, rabbitmqClusterReference }),
      object("Permission", {
        vhost: name,
        user: name,
        permissions: { configure: ".*", write: ".*", read: ".*" },
        rabbitmqClusterReference,
      }),
    ]);
    expect(block("helm_release", "messaging")).toMatchObject({
      namespace: "viridial-data",
      name: "tenants-02-messaging",
    });
  });

  test("THEN a tenant's host name leads to the API, with the plan's limit, and says nothing of the tenant", () => {
    const { namespace, values } = block("helm_release", "routes") as { namespace: string; values: [string, string] };
    expect(namespace).toBe("kong");
    expect(parse(values[0])).toEqual({
      manifests: {
        "Middleware/tenants-02-api-host": {
          apiVersion: "traefik.io/v1alpha1",
          kind: "Middleware",
          metadata: { name: "tenants-02-api-host" },
        },
        "Middleware/tenant-villa-conseil": {
          apiVersion: "traefik.io/v1alpha1",
          kind: "Middleware",
          metadata: { name: "tenant-villa-conseil" },
          spec: { rateLimit: { average: 30, period: "1m", burst: 30, sourceCriterion: { requestHost: true } } },
        },
        "Ingress/tenant-villa-conseil": {
          apiVersion: "networking.k8s.io/v1",
          kind: "Ingress",
          metadata: {
            name: "tenant-villa-conseil",
            annotations: {
              "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
              "traefik.ingress.kubernetes.io/router.tls": "true",
              "traefik.ingress.kubernetes.io/router.middlewares":
                "kong-tenant-villa-conseil@kubernetescrd,kong-tenants-02-api-host@kubernetescrd",
            },
          },
          spec: { ingressClassName: "traefik" },
        },
      },
    });
    expect(values[1]).toContain('"Host" = data.terraform_remote_state.viridial_staging_platform.outputs.api_host');
    expect(values[1]).toContain('"host" = "villa-conseil.${var.tenant_domain}"');
    expect(values[1]).toContain('"service" = {"name" = "kong-proxy", "port" = {"number" = 80}}');
    expect(values.join()).not.toContain("X-Tenant");
  });

  test("THEN the services read of the tenants and their quotas in a ConfigMap", () => {
    const { metadata, data } = block("kubernetes_config_map_v1", "metadata") as {
      metadata: unknown;
      data: Record<string, string>;
    };
    expect(metadata).toEqual({ name: "tenants-02", namespace: "viridial-staging" });
    expect(Object.entries(data).map(([file, text]) => [file, JSON.parse(text)])).toEqual([
      [
        "villa-conseil.json",
        {
          id: "villa-conseil",
          name: "Villa Conseil",
          organizationId: "c45a1e07-9b82-4d3c-b6f5-28e7d0a9136e",
          plan: "starter",
          subdomain: "villa-conseil",
          quotas: { cpuMillis: 200, memoryMib: 256, storageGib: 5, requestsPerMinute: 30, users: 5 },
        },
      ],
    ]);
  });

  test("THEN what brings the shared stores' secrets reads those of the shard's tenants, and of no other", () => {
    const { policy } = block("vault_policy", "data_role_policy") as { policy: string };
    expect(policy.match(/path "[^"]+"/g)).toEqual([
      'path "kv/data/viridial/object-store/root"',
      'path "kv/data/viridial/postgresql/migrator"',
      'path "kv/data/viridial/tenants/villa-conseil"',
    ]);
    const secrets = objectsOf("data_secrets").filter(({ kind }) => kind === "ExternalSecret");
    expect(secrets.map(({ metadata }) => (metadata as { name: string }).name)).toEqual([
      "tenants-02-object-store",
      "tenants-02-migrator",
      "tenant-villa-conseil",
    ]);
  });

  test("fails for an entry that no node could hold, with its line", () => {
    const line = LIST.split("\n").findIndex((each) => each.includes("plan: enterprise")) + 1;
    expect(() => build(LIST.replace("      storage: 40Gi", "      cpu: 20\n      storage: 40Gi"))).toThrow(
      `${TENANTS_FILE}: 2 problems\n  - line ${line + 3}: quotas.cpu is 20000m, above the 1000m of the plan "enterprise"`,
    );
  });

  test("GIVEN the profile of production THEN there are more layers; none and more than a hundred are refused", () => {
    expect([SETTINGS.tenantShards, PRODUCTION.tenantShards]).toEqual([4, 32]);
    for (const [tenantShards, message] of [
      [0, "tenantShards is 0: use 1 and more"],
      [101, "tenantShards is 101: use 100 and less"],
      [1.5, "tenantShards is 1.5: use a whole number"],
    ] as const) {
      expect(() => checkViridialSettings({ ...SETTINGS, tenantShards })).toThrow(message);
    }
  });

  test("fails for a subdomain of the platform itself", () => {
    expect(() => build(LIST.replace("subdomain: villa-conseil", "subdomain: grafana"))).toThrow(
      'subdomain is "grafana", which the platform itself uses: choose another',
    );
  });

  test("GIVEN one more tenant WHEN all is written THEN of all layers of the environment one has other files", () => {
    const write = (tenants: string) => {
      const app = testApp();
      viridialStaging(app, SETTINGS, tenants);
      app.synth();
      return filesBelow(app.outdir);
    };
    const [before, after, moved] = [
      LIST,
      LIST + NEW_TENANT,
      `${LIST.split("tenants:\n")[0]}tenants:${NEW_TENANT}${LIST.split("tenants:\n")[1]}`,
    ].map(write) as [Record<string, string>, Record<string, string>, Record<string, string>];

    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(Object.keys(after).filter((file) => after[file] !== before[file])).toEqual([
      path.join("stacks", "viridial-staging-tenants-01", "cdk.tf.json"),
    ]);
    // Nor does it matter where in the file the entry is.
    expect(moved).toEqual(after);
  });
});

describeWithTerraform("the inputs of the layers of tenants", () => {
  const addresses = Object.fromEntries(
    ["cluster", "platform", "vault"].map((name) => [`viridial_staging_${name}_state_address`, "https://example.com"]),
  );
  test.each<[string, Record<string, unknown>, string]>([
    ["the defaults", {}, ""],
    ["a domain with a scheme", { tenant_domain: "https://viridial.com" }, "tenant_domain takes a domain in lower case"],
    [
      "a revision of 0",
      { tenant_credentials_revision: 0 },
      "tenant_credentials_revision takes a whole number from 1 on.",
    ],
    [
      "half a revision",
      { tenant_credentials_revision: 1.5 },
      "tenant_credentials_revision takes a whole number from 1 on.",
    ],
  ])("GIVEN %s THEN Terraform says so", (_name, values, message) => {
    const said = refusal(json, { ...addresses, ...values });
    expect(message === "" ? said : said.includes(message)).toBe(message === "" ? "" : true);
  });
});
