import { Pods } from "../../../constructs/cluster/network-policy";
import { neighbour } from "../../../environments/lab/neighbours";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("neighbour", () => {
  test("GIVEN pods of an earlier layer THEN flows to them have a policy on each side, and asking twice gives the same", () => {
    const { json } = synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      const web = new Pods(layer, "web", { namespace: testNamespace(cluster), labels: { app: "web" } });
      web.allowTo(neighbour(layer, cluster, "airflowTasks"), { port: 8080 });
      expect(neighbour(layer, cluster, "airflowTasks")).toBe(neighbour(layer, cluster, "airflowTasks"));
    });
    expect(Object.keys(json.resource?.["kubernetes_network_policy_v1"] ?? {})).toEqual(
      expect.arrayContaining(["airflow_tasks_pods_from_web", "web_to_airflow_tasks"]),
    );
    expect(flowsOf(json)).toContainEqual(["ingress", "airflow/worker+airflow", "apps/web", "8080"]);
  });
});
