import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { NodesReady } from "../../../constructs/cluster/nodes-ready";
import { testCluster } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (timeoutMinutes?: number) =>
  only(
    synthesizeLayer((layer) => {
      new NodesReady(layer, "nodes_ready", {
        namespace: new ExistingNamespace(testCluster(layer), "kube-system"),
        kubernetesRelease: "1.36.3",
        ...(timeoutMinutes === undefined ? {} : { timeoutMinutes }),
      });
    }).json.resource?.["kubernetes_job_v1"],
  );

describe("NodesReady", () => {
  test("THEN it waits until every node is initialized, then until every node is ready, on a node without a taint", () => {
    const job = build();
    expect(job["metadata"]).toMatchObject({ name: "nodes-ready-1-36-3", namespace: "kube-system" });
    const { spec } = (
      job["spec"] as { template: { spec: Record<"container" | "init_container", { args: string[] }[]> } }
    ).template;
    expect([...spec.init_container, ...spec.container].map(({ args }) => args.slice(1))).toEqual([
      ["node", "--all", "--for=jsonpath={.spec.providerID}", "--timeout=15m"],
      ["node", "--all", "--for=condition=Ready", "--timeout=15m"],
    ]);
    expect(spec).not.toHaveProperty("toleration");
  });

  test("GIVEN another timeout THEN Terraform has as much patience", () => {
    expect(build(5)["timeouts"]).toEqual({ create: "16m", update: "16m" });
  });
});
