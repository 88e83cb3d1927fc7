import { TerraformVariable } from "cdktf";
import { ApplyJob, type ApplyJobProps } from "../../../constructs/cluster/apply-job";
import { ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { temporaryVolume } from "../../../constructs/cluster/pod-parts";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (more: Partial<ApplyJobProps> = {}) =>
  synthesizeLayer((layer) => {
    const job = new ApplyJob(layer, "prepare", {
      namespace: testNamespace(testCluster(layer), "data"),
      name: "prepare",
      version: "1",
      image: "tool:1.0.0",
      command: ["tool"],
      environment: { HOME: "/tmp" },
      resources: { cpuMillis: 10, memoryMib: 64 },
      volumes: [temporaryVolume("16Mi")],
      ...more,
    });
    job.pods.allowToBlocks("database", ["10.0.0.0/16"], { port: 5432 });
  });

const jobOf = (more: Partial<ApplyJobProps> = {}) => only(build(more).json.resource?.["kubernetes_job_v1"]);

describe("ApplyJob", () => {
  test("GIVEN a container THEN the apply waits for a restricted pod of it, without rights in the cluster", () => {
    expect(jobOf()).toMatchObject({
      metadata: { name: "prepare-1", namespace: "data" },
      wait_for_completion: true,
      spec: {
        backoff_limit: 4,
        active_deadline_seconds: 840,
        template: {
          spec: {
            restart_policy: "Never",
            automount_service_account_token: false,
            enable_service_links: false,
            security_context: { run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } },
            container: [
              {
                name: "prepare",
                image: "tool:1.0.0",
                command: ["tool"],
                security_context: { read_only_root_filesystem: true, allow_privilege_escalation: false },
                volume_mount: [{ name: "tmp", mount_path: "/tmp" }],
              },
            ],
            volume: [{ name: "tmp", empty_dir: { size_limit: "16Mi" } }],
          },
        },
      },
      timeouts: { create: "15m", update: "15m" },
    });
  });

  test("GIVEN a namespace of a condition THEN the Job is there while it holds", () => {
    const { json } = synthesizeLayer((layer) => {
      const enabled = new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" });
      new ApplyJob(layer, "prepare", {
        namespace: new ConditionalNamespace(testNamespace(testCluster(layer), "data"), enabled),
        name: "prepare",
        version: "1",
        image: "tool:1.0.0",
        environment: {},
        resources: { cpuMillis: 10, memoryMib: 64 },
        volumes: [],
      });
    });
    expect(only(json.resource?.["kubernetes_job_v1"])["count"]).toBe("${var.enabled ? 1 : 0}");
  });

  test("GIVEN another version THEN it is another Job", () => {
    expect(jobOf({ version: "2" })["metadata"]).toMatchObject({ name: "prepare-2" });
  });

  test("GIVEN a timeout and retries THEN Kubernetes ends it a minute before the apply would", () => {
    expect(jobOf({ timeoutMinutes: 25, retries: 3 })).toMatchObject({
      spec: { backoff_limit: 3, active_deadline_seconds: 1500 },
      timeouts: { create: "26m", update: "26m" },
    });
  });

  test("THEN it comes after the namespace's guardrails, and reaches what it is let", () => {
    expect(jobOf()["depends_on"]).toEqual([
      "kubernetes_network_policy_v1.data_default_deny",
      "kubernetes_limit_range_v1.data_limits",
    ]);
    expect(flowsOf(build().json)).toContainEqual(["egress", "data/prepare", "10.0.0.0/16", "5432"]);
  });
});
