import { OpenSearch } from "../../../constructs/data-platform/opensearch";
import { Pods } from "../../../constructs/cluster/network-policy";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const { json, layer } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer);
  const search = new OpenSearch(layer, "search", { namespace: testNamespace(cluster, "catalogue") });
  search.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  expect([search.host, search.port]).toEqual(["opensearch", 9200]);
});
interface PodSpec {
  readonly container: { readonly env: { name: string; value: string }[]; readonly security_context: unknown }[];
  readonly volume: unknown;
}
const { spec } = only(json.resource?.["kubernetes_deployment_v1"]) as unknown as {
  spec: { strategy: unknown; template: { spec: PodSpec } };
};

describe("OpenSearch", () => {
  test("THEN it is one server without passwords, whose index is gone with its pod", () => {
    const { container, volume } = spec.template.spec;
    const variables = Object.fromEntries((container[0]?.env ?? []).map(({ name, value }) => [name, value]));
    expect(variables).toEqual({
      "discovery.type": "single-node",
      DISABLE_SECURITY_PLUGIN: "true",
      DISABLE_INSTALL_DEMO_CONFIG: "true",
      OPENSEARCH_JAVA_OPTS: "-Xms512m -Xmx512m",
      "node.store.allow_mmap": "false",
      "indices.query.bool.max_clause_count": "4096",
    });
    expect(volume).toEqual([{ name: "data", empty_dir: { size_limit: "5Gi" } }]);
    expect(container[0]?.security_context).toEqual({
      allow_privilege_escalation: false,
      capabilities: { drop: ["ALL"] },
    });
    expect(spec.strategy).toEqual({ type: "Recreate" });
  });

  test("THEN only who is allowed reaches it, and it reaches nothing; it is counted", () => {
    expect(flowsOf(json).filter(([, pods]) => pods === "catalogue/opensearch")).toEqual([
      ["ingress", "catalogue/opensearch", "apps/client", "9200"],
    ]);
    expect(layer.capacity?.().rows.at(-1)).toMatchObject({ name: "opensearch", memoryMib: 1024 });
  });
});
