import { Fn, Token } from "cdktf";
import { KubectlWait, type KubectlWaitProps } from "../../../constructs/cluster/kubectl-wait";
import { type Condition, ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const READY = { of: ["node", "--all"], is: "condition=Ready" };

function build(props: Partial<KubectlWaitProps> = {}, when?: Condition) {
  const rows: unknown[] = [];
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster);
    new KubectlWait(layer, "my_wait", {
      namespace: when ? new ConditionalNamespace(namespace, when) : namespace,
      kubernetesRelease: "1.36.3",
      conditions: [{ of: ["crd/things.example.com"], is: "create" }, READY],
      reads: { apiGroup: "", resource: "nodes" },
      timeoutMinutes: 10,
      ...props,
    });
    rows.push(...cluster.capacity.entry.rows.slice(1));
  });
  return { json, rows, job: only(json.resource?.["kubernetes_job_v1"]) };
}

interface Pod {
  host_network?: boolean;
  toleration?: unknown;
  security_context: unknown;
  init_container: { args: string[] }[];
  container: { args: string[]; image: string; security_context: unknown }[];
}
const podOf = (job: Record<string, unknown>) => (job["spec"] as { template: { spec: Pod } }).template.spec;

describe("KubectlWait", () => {
  test("GIVEN conditions THEN a Job waits for one after the other with the cluster's kubectl, and the apply for the Job", () => {
    const { job } = build();
    const pod = podOf(job);
    expect([...pod.init_container, ...pod.container].map(({ args }) => args)).toEqual([
      ["wait", "crd/things.example.com", "--for=create", "--timeout=10m"],
      ["wait", "node", "--all", "--for=condition=Ready", "--timeout=10m"],
    ]);
    expect(pod.container[0]?.image).toBe("registry.k8s.io/kubectl:v1.36.3");
    expect(job).toMatchObject({
      metadata: { name: "my-wait-1-36-3", namespace: "apps" },
      wait_for_completion: true,
      spec: { active_deadline_seconds: 1500, backoff_limit: 6 },
      timeouts: { create: "26m", update: "26m" },
    });
    expect(job["depends_on"]).toEqual([
      "kubernetes_network_policy_v1.apps_default_deny",
      "kubernetes_limit_range_v1.apps_limits",
      "kubernetes_cluster_role_binding_v1.my_wait_binding",
    ]);
  });

  test("THEN it may look at one type of objects, and nothing else", () => {
    const { resource } = build().json;
    expect(only(resource?.["kubernetes_cluster_role_v1"])["rule"]).toEqual([
      { api_groups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
    ]);
    expect(only(resource?.["kubernetes_cluster_role_binding_v1"])["subject"]).toEqual([
      {
        kind: "ServiceAccount",
        name: "${kubernetes_service_account_v1.my_wait_account.metadata[0].name}",
        namespace: "apps",
      },
    ]);
  });

  test("THEN its pod is restricted, tolerates nothing, has no node's network, and is counted", () => {
    const { job, rows } = build();
    const pod = podOf(job);
    expect(pod.security_context).toMatchObject({ run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } });
    expect(pod.container[0]?.security_context).toEqual({
      allow_privilege_escalation: false,
      read_only_root_filesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod).not.toHaveProperty("toleration");
    expect(pod).not.toHaveProperty("host_network");
    expect(rows).toEqual([{ name: "my-wait", namespace: "apps", replicas: 1, cpuMillis: 10, memoryMib: 64 }]);
  });

  test("GIVEN nodes without a pod network THEN it runs on any of them, on the node's own", () => {
    expect(podOf(build({ beforeNetwork: true }).job)).toMatchObject({
      host_network: true,
      toleration: [{ operator: "Exists" }],
    });
  });

  test("GIVEN a namespace under a condition THEN it waits only while that holds", () => {
    const { job } = build({}, { booleanValue: Token.asAny(Fn.contains(["kafka"], "kafka")) });

    expect(job["count"]).toBe('${contains(["kafka"], "kafka") ? 1 : 0}');
    expect(build().job).not.toHaveProperty("count");
  });

  test("fails without a condition and for a timeout that is no number of minutes, both at once", () => {
    expect(() => build({ conditions: [], timeoutMinutes: 0.5 })).toThrow(
      [
        "test/my_wait: 2 problems",
        "  - conditions is empty: name one, or leave the Job out",
        "  - timeoutMinutes is 0.5: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});
