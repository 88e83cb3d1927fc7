import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { allowFromTenants, Tenant, type TenantFlow } from "../../../constructs/tenancy/tenant";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

const ENTRY = {
  id: "lake",
  name: "Lake",
  organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10",
  plan: "small",
  subdomain: "lake",
  quotas: { cpuMillis: 200, memoryMib: 256, storageGib: 5, requestsPerMinute: 30, users: 10 },
};

function build(withFlows = true) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const data = testNamespace(cluster, "data");
    const flows: readonly TenantFlow[] = withFlows
      ? [{ to: new Pods(layer, "broker", { namespace: data, labels: { app: "broker" } }), port: { port: 5672 } }]
      : [];
    const credentialsRevision = new TerraformVariable(layer, "revision", { type: "number", description: "R" });
    const tenant = (id: string) =>
      new Tenant(layer, `tenant_${id}`, {
        entry: { ...ENTRY, id },
        cluster,
        flows,
        store: { address: "https://vault.vault:8200", mount: "kv", authMount: "kubernetes" },
        credentialsRevision,
      });
    allowFromTenants(layer, "tenants-00", [tenant("lake"), tenant("hill")], flows);
  });
}

describe("Tenant", () => {
  const { json } = build();
  const block = (type: string, name: string) => json.resource?.[type]?.[name];

  test("THEN it has a namespace with its quotas, restricted, and nothing gets in", () => {
    expect(block("kubernetes_namespace_v1", "tenant_lake")?.["metadata"]).toMatchObject({
      name: "tenant-lake",
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
    expect(block("kubernetes_resource_quota_v1", "tenant_lake_quota")?.["spec"]).toEqual({
      hard: {
        pods: "10",
        "requests.cpu": "200m",
        "requests.memory": "256Mi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
      },
    });
    expect(block("kubernetes_resource_quota_v1", "tenant_lake_storage")?.["spec"]).toEqual({
      hard: { "requests.storage": "5Gi", persistentvolumeclaims: "5" },
    });
    const inside = Object.values(json.resource?.["kubernetes_network_policy_v1"] ?? {}).filter(
      (policy) => (policy["metadata"] as { namespace: string }).namespace === "tenant-lake",
    );
    expect(inside.map(({ metadata }) => (metadata as { name: string }).name)).toEqual([
      "default-deny",
      "allow-dns",
      "allow-platform",
    ]);
    expect(inside.map(({ spec }) => (spec as { ingress?: unknown }).ingress)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("THEN its pods reach what they are let, and that lets in pods of these namespaces only", () => {
    expect(block("kubernetes_network_policy_v1", "tenant_lake_allow_platform")?.["spec"]).toEqual({
      pod_selector: {},
      policy_types: ["Egress"],
      egress: [
        {
          to: [
            {
              namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "data" } },
              pod_selector: { match_labels: { app: "broker" } },
            },
          ],
          ports: [{ port: "5672", protocol: "TCP" }],
        },
      ],
    });
    expect(block("kubernetes_network_policy_v1", "broker_from_tenants")).toMatchObject({
      metadata: { name: "broker-from-tenants-00", namespace: "data" },
      spec: {
        pod_selector: { match_labels: { app: "broker" } },
        policy_types: ["Ingress"],
        ingress: [
          {
            from: [
              {
                namespace_selector: {
                  match_expressions: [
                    { key: "kubernetes.io/metadata.name", operator: "In", values: ["tenant-lake", "tenant-hill"] },
                  ],
                },
              },
            ],
            ports: [{ port: "5672", protocol: "TCP" }],
          },
        ],
      },
    });
  });

  test("GIVEN no flow THEN its pods reach DNS and nothing else", () => {
    const names = Object.keys(build(false).json.resource?.["kubernetes_network_policy_v1"] ?? {});
    expect(names.filter((name) => name.startsWith("tenant_lake"))).toEqual([
      "tenant_lake_default_deny",
      "tenant_lake_allow_dns",
    ]);
  });

  test("THEN its credentials are generated in Vault, not kept by Terraform, and all go with the tenant", () => {
    expect(block("vault_kv_secret_v2", "tenant_lake_credentials")).toEqual({
      mount: "kv",
      name: "viridial/tenants/lake",
      data_json_wo_version: "${var.revision}",
      delete_all_versions: true,
      data_json_wo:
        '${jsonencode({"username" = "tenant-lake", "access-key" = "tenant-lake", "revision" = tostring(var.revision), ' +
        '"password" = ephemeral.random_password.tenant_lake_credentials_password.result, ' +
        '"secret-key" = ephemeral.random_password.tenant_lake_credentials_secret_key.result})}',
    });
    expect(Object.keys(json.ephemeral?.["random_password"] ?? {})).toEqual([
      "tenant_lake_credentials_password",
      "tenant_lake_credentials_secret_key",
      "tenant_hill_credentials_password",
      "tenant_hill_credentials_secret_key",
    ]);
  });

  test("THEN it may read its own entry of Vault and what is below it, from its own namespace", () => {
    expect(block("vault_policy", "tenant_lake_role_policy")).toEqual({
      name: "tenant-lake",
      policy: [
        'path "kv/data/viridial/tenants/lake" {\n  capabilities = ["read"]\n}\n',
        'path "kv/data/viridial/tenants/lake/*" {\n  capabilities = ["read"]\n}\n',
      ].join("\n"),
    });
    expect(block("vault_kubernetes_auth_backend_role", "tenant_lake_role")).toMatchObject({
      role_name: "tenant-lake",
      bound_service_account_names: ["vault"],
      bound_service_account_namespaces: ["tenant-lake"],
    });
  });

  test("THEN they are there as the Secret `credentials`", () => {
    const { values } = block("helm_release", "tenant_lake_vault") as { values: string[] };
    const { manifests } = parse(values[0] ?? "") as { manifests: Record<string, { spec: unknown }> };
    expect(manifests["SecretStore/vault"]?.spec).toMatchObject({
      provider: { vault: { server: "https://vault.vault:8200", auth: { kubernetes: { role: "tenant-lake" } } } },
    });
    expect(manifests["ExternalSecret/credentials"]?.spec).toMatchObject({
      data: ["username", "password", "access-key", "secret-key"].map((key) => ({
        secretKey: key,
        remoteRef: { key: "viridial/tenants/lake", property: key },
      })),
    });
  });
});
