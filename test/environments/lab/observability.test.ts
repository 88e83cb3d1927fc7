import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { Pods } from "../../../constructs/cluster/network-policy";
import { type Layer, type TerraformJson } from "../../../constructs/core/layer";
import { readProjectFile } from "../../../constructs/core/files";
import { ComponentSelection } from "../../../constructs/delivery/component-selection";
import { GitOpsProject } from "../../../constructs/delivery/gitops-project";
import { VaultStore } from "../../../constructs/secrets/vault-store";
import { COMPONENT_NAMES } from "../../../environments/lab/catalogue";
import { labDelivery } from "../../../environments/lab/delivery";
import {
  grafanaSingleSignOn,
  type LabObservability,
  labObservability,
  lokiDataSource,
} from "../../../environments/lab/observability";
import { SETTINGS } from "../../../environments/lab/settings";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { jsonOf, testEnvironment, testLayer } from "../../support/layers";

interface Built {
  readonly layer: Layer;
  readonly cluster: KubernetesCluster;
  readonly observability: LabObservability;
  readonly json: TerraformJson;
}

function build(settings: typeof SETTINGS): Built {
  const layer = testLayer(testEnvironment("lab"), "lab-platform");
  const cluster = testCluster(layer, { node: { cpuMillis: 12000, memoryMib: 24576 } });
  const list = new TerraformVariable(layer, "list", { type: "list(string)", description: "Chosen." });
  const components = new ComponentSelection(COMPONENT_NAMES, list.listValue);
  const project = new GitOpsProject(layer, "lab", {
    namespace: testNamespace(cluster, "argocd"),
    address: "http://git.test/socle",
    dependsOn: [],
  });
  const selection = { scenario: "etl-minimal", extraComponents: list.value as never, components };
  const namespace = testNamespace(cluster, "monitoring");
  const store = new VaultStore(layer, "vault", {
    namespace,
    address: "http://vault.lab.local:8200",
    mount: "kv",
    role: "monitoring",
  });
  const observability = labObservability(layer, {
    cluster,
    settings,
    components,
    delivery: labDelivery(layer, settings, selection, project),
    namespace,
    nodeAgents: testNamespace(cluster, "node-agents"),
    traefik: new Pods(layer, "traefik_pods", {
      namespace: testNamespace(cluster, "traefik"),
      labels: { app: "traefik" },
    }),
    postgresql: store.secret("postgresql-monitoring", {
      entry: "lab/postgresql/monitoring",
      keys: { user: "user", password: "password" },
    }),
    singleSignOn: {
      when: components.of("keycloak"),
      issuer: "https://keycloak.lab.local/realms/lab",
      backchannel: "http://keycloak.keycloak/realms/lab",
      client: store.secret("grafana-oidc", {
        entry: "lab/oidc/grafana",
        keys: { "client-id": "client-id", "client-secret": "client-secret" },
      }),
    },
    grafanaPasswordRevision: new TerraformVariable(layer, "revision", { type: "number", description: "Revision" }),
  });
  return { layer, cluster, observability, json: jsonOf(layer) };
}

const releasesOf = ({ json }: Built) =>
  Object.values(json.resource?.["helm_release"] ?? {}) as unknown as {
    name: string;
    count?: string;
    values?: string[];
    depends_on?: string[];
  }[];
const releaseOf = (built: Built, name: string) => releasesOf(built).find((release) => release.name === name);

describe("labObservability, delivered by Helm", () => {
  const built = build({ ...SETTINGS, delivery: "helm" });

  test("THEN the kinds come first, and every monitor after them", () => {
    const kinds = "helm_release.prometheus_operator_crds";
    expect(releaseOf(built, "kube-prometheus-stack")?.depends_on).toContain(kinds);
    const monitors = releasesOf(built).filter(({ name }) => name.endsWith("-monitors"));
    expect(monitors.map(({ name }) => name).sort()).toEqual([
      "alloy-monitors",
      "cluster-monitors",
      "gpu-monitors",
      "loki-monitors",
      "network-flows-monitors",
      "postgresql-monitors",
      "pushgateway-monitors",
    ]);
    expect(monitors.filter(({ depends_on }) => !depends_on?.includes(kinds))).toEqual([]);
  });

  test("THEN only logs and the GPU's metrics depend on what was chosen", () => {
    const conditional = releasesOf(built).filter(({ count }) => count !== undefined);
    expect(Object.fromEntries(conditional.map(({ name, count }) => [name, count]))).toEqual({
      loki: '${contains(var.list, "loki") ? 1 : 0}',
      "loki-monitors": '${contains(var.list, "loki") ? 1 : 0}',
      alloy: '${contains(var.list, "alloy") ? 1 : 0}',
      "alloy-monitors": '${contains(var.list, "alloy") ? 1 : 0}',
      "gpu-monitors": '${contains(var.list, "gpu") ? 1 : 0}',
    });
  });

  test("THEN Prometheus is small, has three days on its volume, and leaves the kinds to their own chart", () => {
    const [text] = releaseOf(built, "kube-prometheus-stack")?.values ?? [];
    const values = parse(text ?? "") as Record<string, Record<string, unknown>>;
    expect(values["crds"]).toEqual({ enabled: false });
    expect(values["alertmanager"]).toEqual({ enabled: false });
    expect(values["prometheus"]?.["prometheusSpec"]).toMatchObject({
      retention: "3d",
      resources: { requests: { memory: "600Mi" } },
      storageSpec: { volumeClaimTemplate: { spec: { resources: { requests: { storage: "10Gi" } } } } },
    });
  });

  test("THEN Grafana's sidecar finds dashboards in its namespace, and may read nothing but ConfigMaps there", () => {
    const [text] = releaseOf(built, "kube-prometheus-stack")?.values ?? [];
    const { grafana } = parse(text ?? "") as { grafana: Record<string, unknown> };
    expect(grafana["sidecar"]).toMatchObject({
      dashboards: {
        enabled: true,
        label: "grafana_dashboard",
        labelValue: "1",
        resource: "configmap",
        searchNamespace: "monitoring",
      },
      datasources: { enabled: false },
    });
    expect(grafana["rbac"]).toEqual({ create: true, namespaced: true, useExistingRole: "grafana-dashboards" });
    expect(grafana["dashboardsConfigMaps"]).toBeUndefined();
    expect(built.json.resource?.["kubernetes_role_v1"]?.["prometheus_stack_dashboards"]).toMatchObject({
      metadata: { name: "grafana-dashboards", namespace: "monitoring" },
      rule: [{ api_groups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
    });
    expect(built.json.resource?.["kubernetes_config_map_v1"]).toBeUndefined();
  });

  test("THEN metrics request 1.1 GiB always, and logs 0.4 where they are chosen", () => {
    const { memoryMib } = built.cluster.capacity.requestedAlways;
    // Of one node; the reserve of the test's cluster is no pod's.
    expect(memoryMib - 1024).toBe(1088);
    const logs = built.cluster.capacity.requestedWhile(
      (when) => "component" in when && ["loki", "alloy"].includes(when.component as string),
    );
    expect(logs.memoryMib).toBe(368);
  });

  test("THEN people reach Grafana through Traefik, and everything else reaches what it has to", () => {
    const to = (peer: string) =>
      flowsOf(built.json)
        .filter(([direction, from]) => direction === "egress" && from === peer)
        .map(([, , target, ports]) => `${target} ${ports}`)
        .filter((flow) => !flow.startsWith("kube-system/kube-dns 53"));
    expect(to("traefik/traefik")).toEqual(["monitoring/grafana 3000"]);
    expect(to("monitoring/grafana")).toEqual([
      "10.0.0.0/16 6443",
      "monitoring/loki 3100",
      "monitoring/prometheus 9090",
    ]);
    expect(to("monitoring/postgresql-exporter")).toEqual(["172.30.0.10/32 5432"]);
    expect(to("monitoring/pushgateway")).toEqual([]);
    expect(to("monitoring/prometheus")).toEqual(
      expect.arrayContaining(["10.0.0.0/16 9965", "kube-system/kube-dns 9153", "monitoring/pushgateway 9091"]),
    );
  });
});

describe("labObservability, delivered through git", () => {
  const built = build(SETTINGS);
  const textOf = (repository: string, file: string) =>
    built.layer.environment.repository(repository).files.get(file) ?? "";

  test("THEN Prometheus, Loki and Alloy are Applications; kinds and monitors stay Helm releases", () => {
    const names = releasesOf(built).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["prometheus-operator-crds", "cluster-monitors"]));
    expect(names).not.toEqual(expect.arrayContaining(["kube-prometheus-stack"]));
    expect(textOf("platform-gitops", "lab-platform/templates/kube-prometheus-stack.yaml")).toContain(
      "kind: Application",
    );
    expect(textOf("platform-gitops", "lab-platform/templates/loki.yaml")).toContain("kind: Application");
    expect(textOf("platform-gitops", "lab-platform/templates/alloy.yaml")).toContain("kind: Application");
  });

  test("THEN Argo CD may deliver to both namespaces", () => {
    const project = releasesOf(built).find(({ name }) => name === "lab-project");
    expect(project?.values?.[0]).toContain("namespace: monitoring");
    expect(project?.values?.[0]).toContain("namespace: node-agents");
  });
});

test("GIVEN Calico THEN there is no Hubble to read", () => {
  const release = releaseOf(build({ ...SETTINGS, delivery: "helm", cni: "calico" }), "network-flows-monitors");
  expect(release?.values?.[0]).not.toContain("name: hubble");
  expect(release?.values?.[0]).toContain("name: coredns");
});

test("GIVEN Loki beside it THEN Grafana keeps its data source for metrics", () => {
  interface Sources {
    grafana: { datasources: Record<string, { datasources: { name: string }[] }> };
  }
  const file = "datasources.yaml";
  const [prometheus, loki] = (lokiDataSource("http://loki:3100") as unknown as Sources).grafana.datasources[file]
    ?.datasources ?? [{ name: "" }];
  const common = parse(readProjectFile("helm-values/kube-prometheus-stack.yaml")) as Sources;
  expect(common.grafana.datasources[file]?.datasources).toEqual([prometheus]);
  expect(loki).toEqual({ name: "Loki", uid: "loki", type: "loki", access: "proxy", url: "http://loki:3100" });
});

test("GIVEN Keycloak THEN the browser goes to its public name, Grafana to its Service, with a Secret for the client", () => {
  const { grafana } = grafanaSingleSignOn({
    issuer: "https://keycloak.lab.local/realms/lab",
    backchannel: "http://keycloak.keycloak/realms/lab",
    client: { secretName: "grafana-oidc" } as never,
  }) as { grafana: { envValueFrom: unknown; "grafana.ini": Record<string, Record<string, unknown>> } };
  expect(grafana.envValueFrom).toEqual({
    GF_AUTH_GENERIC_OAUTH_CLIENT_ID: { secretKeyRef: { name: "grafana-oidc", key: "client-id" } },
    GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: { secretKeyRef: { name: "grafana-oidc", key: "client-secret" } },
  });
  expect(grafana["grafana.ini"]["auth.generic_oauth"]).toMatchObject({
    enabled: true,
    auth_url: "https://keycloak.lab.local/realms/lab/protocol/openid-connect/auth",
    token_url: "http://keycloak.keycloak/realms/lab/protocol/openid-connect/token",
    api_url: "http://keycloak.keycloak/realms/lab/protocol/openid-connect/userinfo",
    role_attribute_path: "contains(groups[*], 'admins') && 'Admin' || 'Editor'",
  });
});
