import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { type Layer } from "../../../constructs/core/layer";
import { Monitors } from "../../../constructs/observability/monitors";
import { VAULT_IMAGE, VaultServer, type VaultServerProps } from "../../../constructs/secrets/vault-server";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { jsonOf, temporaryFolder, testEnvironment, testLayer } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { runTerraform } from "../../support/terraform-run";

type Manifests = Record<string, { spec: Record<string, unknown> }>;
interface VaultValues {
  readonly server: {
    readonly ha: { readonly raft: { readonly config: string } };
    readonly extraContainers: { readonly args: string[]; readonly resources: unknown }[];
  };
}

/** In an environment that has values of its own for Vault. */
const build = (props: Partial<VaultServerProps> = {}, use: (vault: VaultServer, layer: Layer) => void = () => {}) => {
  const layer = testLayer(testEnvironment("viridial-staging"));
  const cluster = testCluster(layer);
  const namespace = testNamespace(cluster, "vault_namespace", { name: "vault" });
  const vault = new VaultServer(layer, "vault", { namespace, replicas: 1, dependsOn: [], ...props });
  use(vault, layer);
  const json = jsonOf(layer);
  const releases = json.resource?.["helm_release"] ?? {};
  const valuesOf = <T>(name: string) => parse((releases[name]?.["values"] as string[])[0] ?? "") as T;
  return {
    json,
    layer,
    vault,
    releases,
    values: valuesOf<VaultValues>("vault"),
    manifests: (name: string) => valuesOf<{ manifests: Manifests }>(name).manifests,
  };
};

const seal = {
  address: "https://other.example.com",
  port: 443,
  mount: "transit",
  keyName: "viridial",
  token: { secretName: "vault-transit", key: "token" },
};

describe("VaultServer", () => {
  test("GIVEN one server THEN it is Vault with Raft and TLS, without injector, and no apply waits for it", () => {
    const { releases, values } = build();
    expect(releases["vault"]).toMatchObject({
      chart: "vault",
      version: "0.34.1",
      repository: "https://helm.releases.hashicorp.com",
      wait: false,
      atomic: false,
    });
    expect(values).toMatchObject({
      global: { tlsDisable: false },
      injector: { enabled: false },
      server: {
        authDelegator: { enabled: true },
        updateStrategyType: "OnDelete",
        dataStorage: { enabled: true, size: "10Gi" },
        shareProcessNamespace: true,
        ha: {
          enabled: true,
          replicas: 1,
          apiAddr: "https://$(VAULT_K8S_POD_NAME).vault-internal:8200",
          disruptionBudget: { enabled: false },
          raft: { enabled: true, setNodeId: true },
        },
        volumes: [{ name: "tls", secret: { secretName: "vault-tls" } }],
        extraEnvironmentVars: { VAULT_CACERT: "/vault/userconfig/tls/ca.crt" },
      },
    });
    expect(values.server.ha.raft.config).toBe(
      [
        "ui = false",
        "disable_mlock = true",
        "",
        'listener "tcp" {',
        '  address = "[::]:8200"',
        '  cluster_address = "[::]:8201"',
        '  tls_cert_file = "/vault/userconfig/tls/tls.crt"',
        '  tls_key_file = "/vault/userconfig/tls/tls.key"',
        '  tls_min_version = "tls12"',
        "  telemetry {",
        "    unauthenticated_metrics_access = true",
        "  }",
        "}",
        "",
        'storage "raft" {',
        '  path = "/vault/data"',
        "}",
        "",
        "telemetry {",
        '  prometheus_retention_time = "1h"',
        "  disable_hostname = true",
        "}",
        "",
        'service_registration "kubernetes" {}',
        "",
      ].join("\n"),
    );
  });

  test("GIVEN three servers THEN each looks for all, and they talk to each other only", () => {
    const { json, values } = build({ replicas: 3 });
    expect(values.server).toMatchObject({ ha: { replicas: 3, disruptionBudget: { enabled: true } } });
    for (const host of ["vault-0", "vault-1", "vault-2"]) {
      expect(values.server.ha.raft.config).toContain(
        [
          "  retry_join {",
          `    leader_api_addr = "https://${host}.vault-internal:8200"`,
          '    leader_tls_servername = "vault.vault"',
          '    leader_ca_cert_file = "/vault/userconfig/tls/ca.crt"',
          "  }",
        ].join("\n"),
      );
    }
    expect(flowsOf(json).filter(([, pods, peer]) => pods === peer)).toEqual([
      ["egress", "vault/vault+server", "vault/vault+server", "8200,8201"],
      ["ingress", "vault/vault+server", "vault/vault+server", "8200,8201"],
    ]);
  });

  test("THEN its certificate is by an authority of its own, for every name that it is asked by", () => {
    const { manifests, releases } = build({ replicas: 3 });
    const objects = manifests("vault_certificates");
    expect(Object.keys(objects)).toEqual([
      "Issuer/vault-self-signed",
      "Certificate/vault-ca",
      "Issuer/vault-ca",
      "Certificate/vault",
    ]);
    expect(objects["Certificate/vault-ca"]?.spec).toMatchObject({
      isCA: true,
      secretName: "vault-ca",
      privateKey: { rotationPolicy: "Never" },
      issuerRef: { kind: "Issuer", name: "vault-self-signed" },
    });
    expect(objects["Issuer/vault-ca"]?.spec).toEqual({ ca: { secretName: "vault-ca" } });
    expect(objects["Certificate/vault"]?.spec).toMatchObject({
      secretName: "vault-tls",
      ipAddresses: ["127.0.0.1"],
      issuerRef: { kind: "Issuer", name: "vault-ca" },
    });
    expect(objects["Certificate/vault"]?.spec["dnsNames"]).toEqual(
      expect.arrayContaining([
        "localhost",
        "vault.vault",
        "vault-active.vault",
        "vault.vault.svc",
        "vault-2.vault-internal",
      ]),
    );
    expect(releases["vault"]?.["depends_on"]).toContain("helm_release.vault_certificates");
  });

  test("THEN a renewed certificate is read again, by a container of the same image that is counted", () => {
    const { values, vault } = build();
    expect(values.server.extraContainers).toMatchObject([
      {
        name: "certificate-reloader",
        image: VAULT_IMAGE,
        resources: { requests: { cpu: "5m", memory: "16Mi" } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ]);
    expect(values.server.extraContainers[0]?.args[0]).toContain('kill -HUP "$(pidof vault)"');
    const rows = vault.namespace.cluster.capacity.entry.rows.filter(({ namespace }) => namespace === "vault");
    expect(rows.map(({ name, cpuMillis, memoryMib }) => [name, cpuMillis, memoryMib])).toEqual([
      ["vault", 100, 256],
      ["vault/certificate-reloader", 5, 16],
    ]);
  });

  test("GIVEN another Vault THEN it unseals this one, with a token from a Secret", () => {
    const { json, values } = build({ transitSeal: seal });
    expect(values.server).toMatchObject({
      extraSecretEnvironmentVars: [{ envName: "VAULT_TOKEN", secretName: "vault-transit", secretKey: "token" }],
    });
    expect(flowsOf(json)).toContainEqual([
      "egress",
      "vault/vault+server",
      "0.0.0.0/0 -10.42.0.0/16 -10.43.0.0/16 -169.254.0.0/16",
      "443",
    ]);
  });

  test("GIVEN Prometheus THEN it reads over TLS that it verifies, and a seal wakes somebody", () => {
    const { json, manifests } = build({}, (vault, layer) => {
      const namespace = testNamespace(vault.namespace.cluster, "monitoring");
      const prometheus = new Pods(layer, "prometheus", { namespace, labels: { app: "prometheus" } });
      vault.monitor(prometheus, new Monitors(layer, "monitors", { prometheus, namespace }), vault.delivered);
    });
    expect(manifests("vault_monitor")["PodMonitor/vault"]?.spec).toEqual({
      selector: { matchLabels: { "app.kubernetes.io/name": "vault", component: "server" } },
      podMetricsEndpoints: [
        {
          port: "https",
          path: "/v1/sys/metrics",
          params: { format: ["prometheus"] },
          scheme: "https",
          tlsConfig: { ca: { secret: { name: "vault-ca", key: "ca.crt" } }, serverName: "vault.vault" },
        },
      ],
    });
    expect(manifests("monitors")["PrometheusRule/vault"]?.spec).toMatchObject({
      groups: [
        {
          rules: [
            { alert: "VaultSealed", labels: { severity: "critical" } },
            { alert: "VaultAbsent", labels: { severity: "critical" } },
          ],
        },
      ],
    });
    expect(flowsOf(json)).toContainEqual(["ingress", "vault/vault+server", "monitoring/prometheus", "8200"]);
  });

  test("fails for a number of servers that gains nothing", () => {
    expect(() => build({ replicas: 2 })).toThrow(
      "viridial-staging/vault: replicas is 2: use 1, 3 or 5, since an even number outlives no more losses than one less",
    );
  });
});

describeWithTerraform("VaultServer with another Vault, as Helm gets it", () => {
  test("GIVEN inputs that say which THEN Terraform puts them into the configuration, whose quotes stay", () => {
    const layer = testLayer(testEnvironment("viridial-staging"));
    const namespace = testNamespace(testCluster(layer), "vault_namespace", { name: "vault" });
    const input = (name: string, value: string) =>
      new TerraformVariable(layer, name, { type: "string", description: name, default: value }).stringValue;
    const transitSeal = {
      ...seal,
      address: input("address", "https://other.example.com"),
      mount: input("mount", "transit"),
      keyName: input("key_name", "viridial"),
    };
    new VaultServer(layer, "vault", { namespace, replicas: 3, dependsOn: [], transitSeal });
    const json = jsonOf(layer);

    const folder = temporaryFolder();
    const output = { values: { value: json.resource?.["helm_release"]?.["vault"]?.["values"] } };
    fs.writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify({ variable: json.variable, output }));
    expect(runTerraform(folder, "apply", "-auto-approve", "-input=false", "-no-color")).toMatchObject({ status: 0 });
    const documents = JSON.parse(runTerraform(folder, "output", "-json", "values").output) as string[];
    const { config } = (parse(documents[1] ?? "") as VaultValues).server.ha.raft;
    expect(config).toContain(
      'seal "transit" {\n  address = "https://other.example.com"\n  mount_path = "transit/"\n  key_name = "viridial"\n}\n',
    );
    expect(config).toContain('listener "tcp" {\n  address = "[::]:8200"\n');
    expect(config).toContain('    leader_api_addr = "https://vault-2.vault-internal:8200"\n');
  });
});
