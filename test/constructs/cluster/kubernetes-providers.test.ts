import { KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { k3sNetwork } from "../../../constructs/cluster/network-policy";
import { summarize } from "../../../constructs/core/handoff";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { testCluster, testNamespace } from "../../support/cluster";
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

  test("WHEN something is required first THEN what is made from then on waits for it, each for all of them", () => {
    const existing: unknown[] = [];
    const { json } = synthesizeLayer((layer) => {
      const cluster = testCluster(layer);
      testNamespace(cluster, "before");
      const nodes = new TerraformData(layer, "nodes");
      cluster.requireFirst(nodes);
      testNamespace(cluster, "between");
      cluster.requireFirst(new TerraformData(layer, "volumes"));
      testNamespace(cluster, "after");
      existing.push(...new ExistingNamespace(cluster, "kube-system").present);
      expect(existing[0]).toBe(nodes);
    });
    const namespaces = json.resource?.["kubernetes_namespace_v1"] ?? {};
    expect(Object.entries(namespaces).map(([name, block]) => [name, block["depends_on"]])).toEqual([
      ["before", undefined],
      ["between", ["terraform_data.nodes"]],
      ["after", ["terraform_data.nodes", "terraform_data.volumes"]],
    ]);
    expect(existing).toHaveLength(2);
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

  test("fails once, though a second layer delivers to the same cluster", () => {
    const problems: string[] = [];
    synthesizeLayer((first) => {
      const { capacity } = testCluster(first);
      capacity.add({ name: "web", namespace: "apps", cpuMillis: 2000, memoryMib: 128, replicas: 2 });
      synthesizeLayer((second) => {
        const other = new KubernetesCluster(second, "cluster", {
          host: "https://192.0.2.1:6443",
          caCertificate: "ca",
          clientCertificate: "certificate",
          clientKey: "key",
          network: k3sNetwork(["10.0.0.0/16"], 2),
          capacity,
        });
        problems.push(...other.node.validate());
      });
      problems.push(...first.node.findChild("cluster").node.validate());
    });
    expect(problems).toHaveLength(1);
  });
});
