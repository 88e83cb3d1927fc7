import { TerraformVariable } from "cdktf";
import {
  ConditionalNamespace,
  countOf,
  countPods,
  ExistingNamespace,
  type NamespaceProps,
} from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<NamespaceProps> = {}, id = "my_apps") =>
  synthesizeLayer((layer) => testNamespace(testCluster(layer), id, props));

describe("Namespace", () => {
  test("GIVEN any namespace THEN its pods are restricted", () => {
    expect(only(build().json.resource?.["kubernetes_namespace_v1"])).toEqual({
      metadata: {
        name: "my-apps",
        labels: {
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
          "pod-security.kubernetes.io/audit": "restricted",
        },
      },
    });
  });

  test("THEN nothing gets in or out of any pod but DNS", () => {
    const { json } = build();
    expect(json.resource?.["kubernetes_network_policy_v1"]?.["my_apps_default_deny"]).toEqual({
      metadata: { name: "default-deny", namespace: "my-apps" },
      spec: { pod_selector: {}, policy_types: ["Ingress", "Egress"] },
      depends_on: ["kubernetes_namespace_v1.my_apps"],
    });
    expect(flowsOf(json)).toEqual([["egress", "my-apps/*", "kube-system/kube-dns", "53/UDP,53"]]);
  });

  test("THEN requests are capped, and no Service is a load balancer or has a node port", () => {
    const { resource } = build({ quota: { cpuMillis: 1500, memoryMib: 2048, pods: 10 } }).json;
    expect(only(resource?.["kubernetes_resource_quota_v1"])["spec"]).toEqual({
      hard: {
        pods: "10",
        "requests.cpu": "1500m",
        "requests.memory": "2048Mi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
      },
    });
    expect(only(resource?.["kubernetes_limit_range_v1"])["spec"]).toEqual({
      limit: [
        {
          type: "Container",
          default_request: { cpu: "10m", memory: "32Mi" },
          default: { memory: "256Mi" },
          max: { memory: "4Gi" },
        },
      ],
    });
  });

  test("GIVEN a reason THEN more is enforced, the reason is an annotation, and warnings stay", () => {
    const reason = "It mounts the node's file systems.";
    const { metadata } = only(
      build({ podSecurity: { level: "privileged", reason } }).json.resource?.["kubernetes_namespace_v1"],
    ) as { metadata: { labels: Record<string, string>; annotations: unknown } };
    expect(metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("privileged");
    expect(metadata.labels["pod-security.kubernetes.io/warn"]).toBe("restricted");
    expect(metadata.annotations).toEqual({ "socle/pod-security-reason": reason });
  });

  test("GIVEN data in it THEN it is kept; GIVEN node ports THEN so many are allowed", () => {
    const { resource } = build({
      holdsData: true,
      quota: { cpuMillis: 1, memoryMib: 1, pods: 1, nodePorts: 2 },
    }).json;
    expect(only(resource?.["kubernetes_namespace_v1"])["lifecycle"]).toEqual({ prevent_destroy: true });
    expect(only(resource?.["kubernetes_resource_quota_v1"])["spec"]).toMatchObject({
      hard: { "services.nodeports": "2" },
    });
  });

  test("GIVEN an input THEN all of it is there only while the input is true", () => {
    const { json } = synthesizeLayer((layer) => {
      const when = new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" });
      testNamespace(testCluster(layer), "apps", { when });
    });
    const blocks = Object.values(json.resource ?? {}).flatMap((each) => Object.values(each));
    expect(blocks.map(({ count }) => count)).toEqual(Array(5).fill("${var.enabled ? 1 : 0}"));
  });

  test("GIVEN several inputs THEN all must be true, and one that is given twice counts once", () => {
    const { json } = synthesizeLayer((layer) => {
      const [a, b] = ["a", "b"].map(
        (name) => new TerraformVariable(layer, name, { type: "bool", description: "Whether" }),
      ) as [TerraformVariable, TerraformVariable];
      layer.addOverride("locals.both", countOf(a, undefined, b, a).count?.toString());
      layer.addOverride("locals.none", JSON.stringify(countOf(undefined)));
    });
    expect(json.locals).toEqual({ both: "${(var.a && var.b) ? 1 : 0}", none: "{}" });
  });

  test("GIVEN one that is there already THEN nothing is made, and what goes into it waits for the cluster alone", () => {
    const { json } = synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      cluster.requireFirst(new TerraformData(layer, "nodes"));
      const namespace = new ExistingNamespace(cluster, "kube-system");
      new Pods(layer, "dns", { namespace, labels: { app: "dns" } }).allowToApiServer();
      expect(namespace).toMatchObject({ name: "kube-system", when: undefined, cluster });
      expect(namespace.guardrails).toEqual(cluster.prerequisites);
    });
    expect(json.resource).not.toHaveProperty("kubernetes_namespace_v1");
    expect(only(json.resource?.["kubernetes_network_policy_v1"])).toMatchObject({
      metadata: { namespace: "kube-system" },
      depends_on: ["terraform_data.nodes"],
    });
  });

  test("fails for a name that Kubernetes does not take and an exception without a reason, both at once", () => {
    expect(() => build({ name: "My_Apps", podSecurity: { level: "baseline", reason: " " } })).toThrow(
      [
        "test/my_apps: 2 problems",
        '  - the namespace name "My_Apps" is not made of at most 63 lower-case letters, digits and "-"',
        '  - podSecurity is "baseline" without a reason: say what needs more than "restricted", and why',
      ].join("\n"),
    );
  });

  test("fails when what is in it requests more than its quota", () => {
    const problems: string[] = [];
    synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      const namespace = testNamespace(cluster, "apps", { quota: { cpuMillis: 300, memoryMib: 512, pods: 2 } });
      cluster.capacity.add({ name: "web", namespace: "apps", cpuMillis: 100, memoryMib: 200, replicas: 3 });
      problems.push(...namespace.node.validate());
    });
    expect(problems).toEqual([
      'quota.memoryMib is 512, but what is in "apps" requests 600: raise it or deploy less',
      'quota.pods is 2, but what is in "apps" requests 3: raise it or deploy less',
    ]);
  });
});

describe("ConditionalNamespace", () => {
  test("GIVEN a condition THEN the namespace stays, and what is given the view is there and counted only while it holds", () => {
    let rows: unknown;
    const { json } = synthesizeLayer((layer) => {
      const enabled = new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" });
      const cluster = testCluster(layer, { cases: { on: (when) => when === enabled, off: () => false } });
      const namespace = testNamespace(cluster);
      const view = new ConditionalNamespace(namespace, enabled);
      expect([view.name, view.present, view.guardrails]).toEqual(["apps", namespace.present, namespace.guardrails]);
      new Pods(layer, "web", { namespace: view, labels: { app: "web" } }).allowToApiServer();
      countPods(view, { name: "web", cpuMillis: 10, memoryMib: 32, replicas: 1 });
      countPods(namespace, { name: "always", cpuMillis: 10, memoryMib: 32, replicas: 1 });
      rows = Object.values(cluster.capacity.entry.cases ?? {}).map((each) => each.rows.map(({ name }) => name));
    });
    expect(only(json.resource?.["kubernetes_namespace_v1"])).not.toHaveProperty("count");
    expect(json.resource?.["kubernetes_network_policy_v1"]?.["web_to_api_server"]).toMatchObject({
      count: "${var.enabled ? 1 : 0}",
    });
    expect(rows).toEqual([
      ["system reserve", "web", "always"],
      ["system reserve", "always"],
    ]);
  });

  test("fails for a namespace that itself comes and goes", () => {
    synthesizeLayer((layer) => {
      const enabled = new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" });
      const namespace = testNamespace(testCluster(layer), "apps", { when: enabled });
      expect(() => new ConditionalNamespace(namespace, enabled)).toThrow(
        "namespace apps: is itself there under a condition only: give what is in it no other one",
      );
    });
  });
});
