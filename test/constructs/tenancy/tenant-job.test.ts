import { countTenantJobs, TenantJob, type TenantJobProps } from "../../../constructs/tenancy/tenant-job";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

function build(more: Partial<TenantJobProps> = {}) {
  const { json, layer } = synthesizeLayer((each) => {
    const namespace = testNamespace(testCluster(each), "data");
    const job = new TenantJob(each, "job", {
      namespace,
      name: "tenants-00-job",
      image: "tool:1.2.3",
      command: ["tool", "/texts/a"],
      files: { mountPath: "/texts", texts: { a: "echo ${HOME}" } },
      environment: { HOST: "db" },
      secretEnvironment: { PASSWORD: { secretName: "login", key: "password" } },
      ...more,
    });
    job.pods.allowToBlocks("database", ["10.0.0.0/16"], { port: 5432 });
  });
  const job = json.resource?.["kubernetes_job_v1"]?.["job"] as {
    metadata: { name: string };
    wait_for_completion: boolean;
    spec: { template: { spec: Record<string, unknown> } };
  };
  return { json, layer, job };
}

describe("TenantJob", () => {
  const { json, layer, job } = build();

  test("THEN the apply waits for a restricted pod without rights in the cluster", () => {
    expect(job.wait_for_completion).toBe(true);
    expect(job.spec.template.spec).toMatchObject({
      restart_policy: "Never",
      automount_service_account_token: false,
      security_context: { run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } },
      container: [
        {
          resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } },
          security_context: { read_only_root_filesystem: true, allow_privilege_escalation: false },
        },
      ],
    });
  });

  test("THEN Terraform leaves its texts as they are", () => {
    expect(json.resource?.["kubernetes_config_map_v1"]?.["job_files"]?.["data"]).toEqual({ a: "echo $${HOME}" });
  });

  test("THEN it reaches what it is let", () => {
    expect(flowsOf(json)).toContainEqual(["egress", "data/tenants-00-job", "10.0.0.0/16", "5432"]);
  });

  test("THEN Jobs are counted once for all layers, not each by itself", () => {
    expect(layer.capacity?.().rows.filter(({ namespace }) => namespace === "data")).toEqual([]);
    const counted = synthesizeLayer((each) => {
      countTenantJobs(testCluster(each).capacity, "data", 2);
    });
    expect(counted.layer.capacity?.().rows.at(-1)).toEqual({
      name: "tenants/jobs",
      namespace: "data",
      replicas: 2,
      cpuMillis: 20,
      memoryMib: 96,
    });
  });

  test.each<[string, Partial<TenantJobProps>]>([
    ["text", { files: { mountPath: "/texts", texts: { a: "echo other" } } }],
    ["image", { image: "tool:1.2.4" }],
    ["variable", { environment: { HOST: "other" } }],
    ["changing number", { changing: { REVISION: "2" } }],
  ])("GIVEN another %s THEN it is another Job, which runs", (_name, more) => {
    expect(build().job.metadata.name).toBe(job.metadata.name);
    expect(build(more).job.metadata.name).not.toBe(job.metadata.name);
  });
});
