import { Pods } from "../../../../constructs/cluster/network-policy";
import { CertManager } from "../../../../constructs/gateway/cert-manager";
import { type PrometheusStack } from "../../../../constructs/observability/prometheus-stack";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../../environments/viridial-staging/settings";
import { type FoundationNamespaces } from "../../../../environments/viridial-staging/platform/foundation-namespaces";
import { addOperators } from "../../../../environments/viridial-staging/platform/operators";
import { flowsOf, testCluster, testNamespace } from "../../../support/cluster";
import { refusal } from "../../../support/inputs";
import { jsonOf, testEnvironment, testLayer } from "../../../support/layers";
import { describeWithTerraform } from "../../../support/terraform";

const OPERATORS = ["cnpg-system", "rabbitmq-system", "external-secrets", "vault"];

const build = (settings: ViridialSettings = SETTINGS) => {
  const layer = testLayer(testEnvironment("viridial-staging"), "viridial-staging-platform");
  const cluster = testCluster(layer);
  const monitoring = testNamespace(cluster, "monitoring", { name: "viridial-monitoring" });
  const prometheus = new Pods(layer, "prometheus", { namespace: monitoring, labels: { app: "prometheus" } });
  const certManager = new CertManager(layer, "cert_manager", { namespace: testNamespace(cluster, "certificates") });
  addOperators(layer, {
    cluster,
    namespaces: { monitoring } as FoundationNamespaces,
    settings,
    monitoring: { prometheus, delivered: certManager.delivered } as PrometheusStack,
    certManager,
  });
  const rows = cluster.capacity.entry.rows.filter(({ namespace }) => OPERATORS.includes(namespace));
  const sum = (key: "cpuMillis" | "memoryMib") => rows.reduce((total, row) => total + row[key], 0);
  return { layer, json: jsonOf(layer), requested: { cpuMillis: sum("cpuMillis"), memoryMib: sum("memoryMib") } };
};

describe("operators and Vault of viridial-staging-platform", () => {
  const { layer, json, requested } = build();
  const releases = json.resource?.["helm_release"] ?? {};

  test("GIVEN staging THEN they keep within 400 m CPU and 900 MiB", () => {
    expect(requested).toEqual({ cpuMillis: 255, memoryMib: 720 });
  });

  test("THEN each is in a restricted namespace of its own, and Vault's is kept", () => {
    const namespaces = Object.values(json.resource?.["kubernetes_namespace_v1"] ?? {}) as unknown as {
      metadata: { name: string; labels: Record<string, string> };
      lifecycle?: unknown;
    }[];
    const own = namespaces.filter(({ metadata }) => OPERATORS.includes(metadata.name));
    expect(own.map(({ metadata }) => metadata.name)).toEqual(OPERATORS);
    for (const { metadata, lifecycle } of own) {
      expect(metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
      expect(lifecycle).toEqual(metadata.name === "vault" ? { prevent_destroy: true } : undefined);
    }
  });

  test("THEN what needs a certificate comes after cert-manager", () => {
    for (const name of [
      "cloudnative_pg_plugin",
      "rabbitmq_operators",
      "external_secrets_issuer",
      "vault_certificates",
    ]) {
      expect(releases[name]?.["depends_on"]).toContain("helm_release.cert_manager");
    }
  });

  test("THEN Vault is asked by external-secrets and Prometheus only", () => {
    const asked = flowsOf(json).filter(([direction, pods]) => direction === "ingress" && pods === "vault/vault+server");
    expect(asked).toEqual([
      ["ingress", "vault/vault+server", "external-secrets/external-secrets", "8200"],
      ["ingress", "vault/vault+server", "viridial-monitoring/prometheus", "8200"],
    ]);
  });

  test("THEN the README says how Vault is opened, upgraded and restored, for the seal that it has", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual([
      "Vault",
      "Upgrading Vault",
      "Snapshots of Vault",
      "Upgrading the operators",
    ]);
    expect(layer.readmeSections[0]?.body).toContain("vault operator init -key-shares=5 -key-threshold=3");
    const transit = build({ ...SETTINGS, vaultSeal: "transit" }).layer.readmeSections;
    const [vault] = transit.filter(({ title }) => title === "Vault");
    expect(vault?.body).toContain("vault operator init -recovery-shares=5 -recovery-threshold=3");
    expect(vault?.body).not.toContain("vault operator unseal");
  });

  test("GIVEN production THEN three servers of Vault hold one Raft, and each is unsealed", () => {
    const production = build({ ...PRODUCTION, workerCount: 4 });
    expect(production.json.resource?.["helm_release"]?.["vault"]?.["values"]).toEqual([
      expect.stringContaining('leader_api_addr = "https://vault-2.vault-internal:8200"'),
    ]);
    expect(production.layer.readmeSections[0]?.body).toContain(
      "exec --stdin --tty vault-2 -c vault -- vault operator unseal",
    );
  });
});

describeWithTerraform("inputs of another Vault that unseals, as Terraform sees them", () => {
  const { json } = build({ ...SETTINGS, vaultSeal: "transit" });
  const VALID = { vault_transit_address: "https://vault.example.com", vault_transit_token: "hvs.0123456789abcdef" };

  test("GIVEN a token and an address THEN they are accepted, and the token is in a Secret and no state", () => {
    expect(refusal(json, VALID)).toBe("");
    expect(json.resource?.["kubernetes_secret_v1"]?.["vault_transit"]).toMatchObject({
      metadata: { name: "vault-transit", namespace: "vault" },
      data_wo: { token: "${var.vault_transit_token}" },
      data_wo_revision: "${var.vault_transit_token_revision}",
    });
    expect(json.variable?.["vault_transit_token"]).toMatchObject({ sensitive: true, ephemeral: true });
  });

  test.each([
    [{ vault_transit_address: "http://vault.example.com" }, "vault_transit_address takes an address such as"],
    [{ vault_transit_address: "https://vault.vault:8200" }, "vault_transit_address takes an address such as"],
    [{ vault_transit_token: "short" }, "vault_transit_token is not a token of Vault"],
    [{ vault_transit_mount: "/transit" }, "vault_transit_mount takes a path"],
    [{ vault_transit_key_name: "" }, "vault_transit_key_name takes a path"],
    [{ vault_transit_token_revision: 0 }, "vault_transit_token_revision takes a whole number from 1 on"],
  ])("fails for %j", (values, message) => {
    expect(refusal(json, { ...VALID, ...values }).replace(/\s+/g, " ")).toContain(message);
  });
});
