import { summarize } from "../../../constructs/core/handoff";
import { testCluster } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

describe("KubernetesCluster", () => {
  test("GIVEN the access to a cluster THEN both providers of the layer have it", () => {
    const { json } = synthesizeLayer((layer) => void testCluster(layer));
    const access = {
      host: "https://192.0.2.1:6443",
      cluster_ca_certificate: "ca",
      client_certificate: "certificate",
      client_key: "key",
    };
    expect(json.provider).toEqual({ kubernetes: [access], helm: [{ kubernetes: access }] });
    expect(Object.values(json.terraform?.required_providers ?? {}).map(({ source }) => source)).toEqual([
      "hashicorp/kubernetes",
      "hashicorp/helm",
    ]);
  });

  test("WHEN the layer is summarized THEN the cluster's capacity is in it, with what came later", () => {
    const { layer, json } = synthesizeLayer((scope) => {
      const { capacity } = testCluster(scope);
      capacity.add({ name: "web", namespace: "apps", cpuMillis: 100, memoryMib: 128, replicas: 2 });
    });
    expect(summarize(layer, json, "stacks/test", {}).capacity).toMatchObject({
      nodeType: "small",
      available: { cpuMillis: 4000, memoryMib: 8192 },
      requested: { cpuMillis: 700, memoryMib: 1280 },
    });
  });

  test("GIVEN a layer that delivers to no cluster THEN its summary has no capacity", () => {
    const { layer, json } = synthesizeLayer(() => {});
    expect(summarize(layer, json, "stacks/test", {})).not.toHaveProperty("capacity");
  });

  test("fails at synth when what is deployed does not fit", () => {
    const problems: string[] = [];
    synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      cluster.capacity.add({ name: "web", namespace: "apps", cpuMillis: 2000, memoryMib: 128, replicas: 2 });
      problems.push(...cluster.node.validate());
    });
    expect(problems).toEqual([
      "4500 m CPU are requested, 1 × small have 4000 m CPU; the largest are web (4000 m CPU), system reserve (500 m CPU)",
    ]);
  });
});
