import { parse } from "yaml";
import { Cilium } from "../../../constructs/cluster/cilium";
import { type Values } from "../../../constructs/cluster/component";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { flowsOf, testCluster } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const counted: { name: string; replicas: number; memoryMib: number }[] = [];
let ui: { readonly labels: unknown; readonly port: number } | undefined;
const { json } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer, { nodeCount: 3 });
  const cilium = new Cilium(layer, "cilium", { namespace: new ExistingNamespace(cluster, "kube-system") });
  ui = { labels: cilium.ui.labels, port: cilium.uiPort };
  counted.push(...cluster.capacity.entry.rows);
});
const release = only(json.resource?.["helm_release"]);
const values = parse((release["values"] as string[])[0] ?? "", { version: "1.1" }) as Values;

describe("Cilium", () => {
  test("THEN it is the looked-up chart, and the apply waits for its agents", () => {
    expect(release).toMatchObject({
      name: "cilium",
      namespace: "kube-system",
      repository: "https://helm.cilium.io",
      chart: "cilium",
      version: "1.20.0",
      wait: true,
    });
    expect(release["values"]).toHaveLength(1);
  });

  test("THEN pods get addresses of the cluster's own block, and blocks of policies match nodes", () => {
    expect(values).toMatchObject({
      ipam: { operator: { clusterPoolIPv4PodCIDRList: ["10.42.0.0/16"] } },
      policyCIDRMatchMode: ["nodes"],
      kubeProxyReplacement: "false",
      operator: { replicas: 1 },
    });
  });

  test("THEN Hubble's certificates are made in the cluster: by Helm they would be others at each plan", () => {
    expect(values).toMatchObject({ hubble: { tls: { auto: { method: "cronJob" } }, relay: { enabled: true } } });
    expect(ui).toEqual({ labels: { "k8s-app": "hubble-ui" }, port: 8081 });
  });

  test("THEN an agent is counted on each node, and no policy shuts anything of the system in", () => {
    expect(counted.map(({ name, replicas, memoryMib }) => [name, replicas, memoryMib])).toEqual([
      ["system reserve", 3, 3072],
      ["cilium/agent", 3, 576],
      ["cilium/operator", 1, 96],
      ["cilium/hubble-relay", 1, 48],
      ["cilium/hubble-ui", 1, 40],
      ["cilium/hubble-certificates", 1, 32],
    ]);
    expect(flowsOf(json)).toEqual([]);
  });
});
