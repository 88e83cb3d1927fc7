import { parse } from "yaml";
import { Layer, type TerraformJson } from "../../../../constructs/core/layer";
import { Namespace } from "../../../../constructs/cluster/namespace";
import { POLICIES } from "../../../../constructs/policy/policies";
import { viridialCapacity } from "../../../../environments/viridial-staging/capacity";
import { viridialCluster } from "../../../../environments/viridial-staging/cluster";
import { connectCluster } from "../../../../environments/viridial-staging/cluster-access";
import { addFoundation } from "../../../../environments/viridial-staging/platform/foundation";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../../environments/viridial-staging/settings";
import { flowsOf } from "../../../support/cluster";
import { jsonOf, testEnvironment } from "../../../support/layers";

function build(settings: ViridialSettings = SETTINGS) {
  const environment = testEnvironment("viridial-staging", "http");
  const clusterLayer = viridialCluster(environment, settings);
  const capacity = viridialCapacity(settings);
  const layer = new Layer(environment, "viridial-staging-platform", { description: "What the test makes." });
  const cluster = connectCluster(layer, { clusterLayer, capacity, settings });
  addFoundation(layer, { cluster, earlier: layer.read(clusterLayer), settings });
  return { layer, json: jsonOf(layer), capacity };
}

const { layer, json, capacity } = build();
const blocks = (type: string) => Object.values(json.resource?.[type] ?? {});
const release = (name: string) => json.resource?.["helm_release"]?.[name] ?? {};
const valuesOf = (name: string) => parse((release(name)["values"] as string[])[0] ?? "") as Record<string, unknown>;

/** Every resource that one waits for, its own dependencies' included, by `depends_on` alone. */
function waitsFor(resource: TerraformJson["resource"], address: string, seen = new Set<string>()): Set<string> {
  const [type = "", name = ""] = address.split(".");
  for (const each of (resource?.[type]?.[name]?.["depends_on"] ?? []) as string[]) {
    if (!seen.has(each)) {
      seen.add(each);
      waitsFor(resource, each, seen);
    }
  }
  return seen;
}
const after = (address: string) => [...waitsFor(json.resource, address)];

describe("the foundation of viridial-staging-platform", () => {
  test("THEN the charts have the versions that were looked up, each in its namespace", () => {
    expect(
      blocks("helm_release")
        .map(({ chart, version, namespace }) => [chart, version, namespace])
        .sort(),
    ).toEqual([
      ["${path.module}/charts/manifests", undefined, "tigera-operator"],
      ["hcloud-cloud-controller-manager", "1.35.0", "kube-system"],
      ["hcloud-csi", "2.22.1", "kube-system"],
      ["kubelet-csr-approver", "1.2.14", "kubelet-csr-approver"],
      ["metrics-server", "3.13.1", "metrics-server"],
      ["tigera-operator", "v3.32.2", "tigera-operator"],
    ]);
  });

  test("THEN Calico and the cloud controller do not wait for each other, and the nodes are waited for after both", () => {
    expect(after("helm_release.calico")).not.toContain("helm_release.hcloud_controller");
    expect(after("helm_release.hcloud_controller")).toEqual(["kubernetes_secret_v1.hcloud"]);
    expect(after("kubernetes_job_v1.nodes_ready")).toEqual(
      expect.arrayContaining(["kubernetes_secret_v1.hcloud", "helm_release.calico", "helm_release.hcloud_controller"]),
    );
  });

  test("THEN volumes wait for the nodes, and everything else for both", () => {
    expect(after("helm_release.hcloud_csi")).toContain("kubernetes_job_v1.nodes_ready");
    const namespaces = Object.keys(json.resource?.["kubernetes_namespace_v1"] ?? {});
    const early = namespaces.filter(
      (name) => !after(`kubernetes_namespace_v1.${name}`).includes("helm_release.hcloud_csi"),
    );
    expect(early).toEqual(["calico_operator"]);
    expect(after("helm_release.metrics_server")).toEqual(
      expect.arrayContaining(["helm_release.csr_approver", "helm_release.hcloud_csi", "kubernetes_job_v1.nodes_ready"]),
    );
  });

  test("THEN Hetzner's token is an ephemeral input that reaches a Secret write-only, with the id of the network", () => {
    expect(json.variable?.["hcloud_token"]).toMatchObject({ sensitive: true, ephemeral: true });
    expect(json.resource?.["kubernetes_secret_v1"]?.["hcloud"]).toEqual({
      metadata: { name: "hcloud", namespace: "kube-system" },
      type: "Opaque",
      data_wo: {
        token: "${var.hcloud_token}",
        network: "${data.terraform_remote_state.viridial_staging_cluster.outputs.network_id}",
      },
      data_wo_revision: "${var.hcloud_token_revision}",
    });
  });

  test("THEN the token for new nodes is that of the earlier layer, from its second generation on", () => {
    const secret = json.resource?.["kubernetes_secret_v1"]?.["bootstrap_token"];
    const outputs = "data.terraform_remote_state.viridial_staging_cluster.outputs";
    expect(secret?.["count"]).toBe(
      `\${(var.join_token_enabled && (${outputs}.bootstrap_token_generation >= 2)) ? 1 : 0}`,
    );
    expect(secret?.["data_wo"]).toMatchObject({
      "token-id": `\${element(split(".", ${outputs}.bootstrap_token), 0)}`,
    });
    expect(after("kubernetes_secret_v1.bootstrap_token")).toEqual([]);
  });

  test.each([
    ["viridial-staging-control-plane", true],
    ["viridial-staging-control-plane-3", true],
    ["viridial-staging-worker-9", true],
    ["viridial-staging-worker-10", false],
    ["viridial-staging-worker-1.example.com", false],
    ["kubernetes", false],
  ])("WHEN a kubelet asks for a certificate of %s THEN the approver's pattern says %p", (name, approved) => {
    const { providerRegex, providerIpPrefixes } = valuesOf("csr_approver") as {
      providerRegex: string;
      providerIpPrefixes: string[];
    };
    expect(new RegExp(providerRegex).test(name)).toBe(approved);
    expect(providerIpPrefixes).toEqual(["10.40.0.0/16"]);
  });

  test("THEN the approver's pattern takes every name that the earlier layer gives, of three control planes too", () => {
    const environment = testEnvironment("viridial-staging", "http");
    const servers = Object.values(
      jsonOf(viridialCluster(environment, { ...SETTINGS, controlPlanes: 3 })).resource?.["hcloud_server"] ?? {},
    ).map(({ name }) => String(name).replace("${count.index + 1}", "1").replace("${(count.index + 1)}", "1"));
    const pattern = new RegExp((valuesOf("csr_approver") as { providerRegex: string }).providerRegex);
    expect(servers.sort()).toEqual([
      "viridial-staging-control-plane",
      "viridial-staging-control-plane-2",
      "viridial-staging-control-plane-3",
      "viridial-staging-worker-1",
    ]);
    expect(servers.filter((name) => !pattern.test(name))).toEqual([]);
  });

  test("THEN only what makes and observes the network and nodes may be privileged, and says why", () => {
    const exceptions = blocks("kubernetes_namespace_v1").flatMap((block) => {
      const { name, labels, annotations } = block["metadata"] as {
        name: string;
        labels: Record<string, string>;
        annotations?: Record<string, string>;
      };
      const level = labels["pod-security.kubernetes.io/enforce"];
      return level === "restricted" ? [] : [[name, level, annotations?.["socle/pod-security-reason"]]];
    });
    expect(exceptions).toEqual([
      ["tigera-operator", "privileged", expect.stringContaining("makes the network of pods")],
      ["viridial-node-agents", "privileged", expect.stringContaining("mount file systems of their node")],
    ]);
  });

  test("THEN pods reach nothing but DNS, and of the foundation the Kubernetes API and kubelets", () => {
    const network = "10.40.0.0/16";
    const [approver, metrics] = ["kubelet-csr-approver/kubelet-csr-approver", "metrics-server/metrics-server"];
    expect(flowsOf(json).filter(([, , peer]) => peer !== "kube-system/kube-dns")).toEqual([
      ["egress", approver, network, "6443"],
      ["egress", metrics, network, "10250"],
      ["egress", metrics, network, "6443"],
      ["ingress", metrics, "10.244.128.0/24", "10250"],
      ["ingress", metrics, network, "10250"],
    ]);
  });

  test("THEN no policy of the repository is broken, and the states' secrets are only those of the earlier layer", () => {
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual([expect.stringContaining("terraform_remote_state")]);
    expect(layer.openPorts).toEqual([]);
  });

  test("THEN it stays within its share of the workers: 1000 MiB and 900 m CPU", () => {
    const reserved = ["system reserve", "coredns"];
    const rows = capacity.entry.rows.filter(({ name }) => !reserved.includes(name));
    const sum = (key: "cpuMillis" | "memoryMib") => rows.reduce((total, row) => total + row[key], 0);
    expect(sum("memoryMib")).toBeLessThanOrEqual(1000);
    expect(sum("cpuMillis")).toBeLessThanOrEqual(900);
    expect(capacity.problems()).toEqual([]);
  });

  test.each([
    ["staging", SETTINGS],
    ["production", PRODUCTION],
    ["production with three control planes", { ...PRODUCTION, controlPlanes: 3 as const, workerCount: 2 }],
  ])("GIVEN the profile %s THEN it fits workers and control planes, and every quota", (_name, settings) => {
    const built = build(settings);
    expect(built.capacity.problems()).toEqual([]);
    const namespaces = built.layer.node.findAll().filter((each) => each instanceof Namespace);
    expect(namespaces).toHaveLength(8);
    expect(namespaces.flatMap((each) => each.node.validate())).toEqual([]);
  });

  test("THEN what holds Hetzner's token, or approves certificates, is on the control planes", () => {
    expect(capacity.entry.controlPlanes?.rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "tigera-operator",
        "hcloud-cloud-controller-manager",
        "hcloud-csi/controller",
        "kubelet-csr-approver",
      ]),
    );
  });

  test("THEN the README says what ops do first, and when nodes, tokens or people need something", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual([
      "First contact",
      "Nodes that stay NotReady",
      "A token for new nodes",
      "Giving a person access",
      "What cannot be changed later",
      "Rotating the Secret hcloud",
      "Keeping the Secret hcloud-volumes-passphrase",
    ]);
  });
});
