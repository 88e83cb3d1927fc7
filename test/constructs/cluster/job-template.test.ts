import { JobTemplate, type JobTemplateProps } from "../../../constructs/cluster/job-template";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

function build(given: Partial<JobTemplateProps> = {}) {
  let requested: unknown;
  const { json } = synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer));
    const template = new JobTemplate(layer, "fine_tuning", {
      namespace,
      image: "registry.lab.local:5001/lab/fine-tuning:1",
      args: ["run"],
      resources: { cpuMillis: 500, memoryMib: 3072 },
      deadlineMinutes: 240,
      ...given,
    });
    template.pods.allowToApiServer();
    requested = namespace.cluster.capacity.requestedIn("apps");
  });
  return { json, requested };
}

describe("JobTemplate", () => {
  test("THEN it is a CronJob that never starts by itself, whose runs are not tried again", () => {
    const { json, requested } = build();

    const { metadata, spec } = only(json.resource?.["kubernetes_cron_job_v1"]) as {
      metadata: unknown;
      spec: { job_template: { spec: Record<string, unknown> } };
    };
    expect(metadata).toMatchObject({ name: "fine-tuning", namespace: "apps" });
    expect(spec).toMatchObject({ suspend: true, concurrency_policy: "Forbid" });
    expect(spec.job_template.spec).toMatchObject({
      backoff_limit: 0,
      active_deadline_seconds: 14_400,
      ttl_seconds_after_finished: "86400",
      template: { spec: { restart_policy: "Never", container: [{ name: "fine-tuning", args: ["run"] }] } },
    });
    expect(requested).toEqual({ cpuMillis: 500, memoryMib: 3072, pods: 1 });
    expect(flowsOf(json)).toContainEqual(["egress", "apps/fine-tuning", "10.0.0.0/16", "6443"]);
  });

  test("AND it is run instead of another one that is counted THEN it is not counted", () => {
    expect(build({ counted: false }).requested).toEqual({ cpuMillis: 0, memoryMib: 0, pods: 0 });
  });

  test("fails with a deadline that is none", async () => {
    expect(await messageOf(() => build({ deadlineMinutes: 0 }))).toBe(
      "test/fine_tuning: deadlineMinutes is 0: use a whole number from 1 on",
    );
  });
});
