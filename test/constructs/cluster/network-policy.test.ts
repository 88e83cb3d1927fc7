import { TerraformVariable } from "cdktf";
import {
  K3S_CALICO_BLOCKS,
  k3sCalicoNetwork,
  k3sCiliumNetwork,
  k3sNetwork,
  kubeadmNetwork,
  Pods,
} from "../../../constructs/cluster/network-policy";
import { type Layer } from "../../../constructs/core/layer";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

/** The flows beside DNS that `connect` allows between `web` (in `front`) and `api` (in `back`). */
function connect(use: (web: Pods, api: Pods, layer: Layer) => void) {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const pods = (name: string, namespace: string) =>
      new Pods(layer, name, { namespace: testNamespace(cluster, namespace), labels: { app: name } });
    use(pods("web", "front"), pods("api", "back"), layer);
  });
  return { json, flows: flowsOf(json).filter(([, , peer]) => peer !== "kube-system/kube-dns") };
}

describe("Pods", () => {
  test.each([
    ["api.allowFrom(web)", (web: Pods, api: Pods) => api.allowFrom(web, { port: 8000 }, { port: 53, protocol: "UDP" })],
    ["web.allowTo(api)", (web: Pods, api: Pods) => web.allowTo(api, { port: 8000 }, { port: 53, protocol: "UDP" })],
  ])("WHEN %s THEN both sides' policies are made, named after the two", (_verb, use) => {
    const { json, flows } = connect(use);

    expect(flows).toEqual([
      ["egress", "front/web", "back/api", "8000,53/UDP"],
      ["ingress", "back/api", "front/web", "8000,53/UDP"],
    ]);
    expect(json.resource?.["kubernetes_network_policy_v1"]?.["api_from_web"]).toEqual({
      metadata: { name: "api-from-web", namespace: "back" },
      spec: {
        pod_selector: { match_labels: { app: "api" } },
        policy_types: ["Ingress"],
        ingress: [
          {
            from: [
              {
                namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "front" } },
                pod_selector: { match_labels: { app: "web" } },
              },
            ],
            ports: [
              { port: "8000", protocol: "TCP" },
              { port: "53", protocol: "UDP" },
            ],
          },
        ],
      },
      depends_on: ["kubernetes_namespace_v1.back"],
    });
    expect(json.resource?.["kubernetes_network_policy_v1"]?.["web_to_api"]?.["metadata"]).toEqual({
      name: "web-to-api",
      namespace: "front",
    });
  });

  test("WHEN pods may use the API server, and it may call them, THEN policies name the nodes, where it runs", () => {
    const { flows } = connect((web) => {
      web.allowToApiServer();
      web.allowFromApiServer({ port: 9443 });
    });
    expect(flows).toEqual([
      ["egress", "front/web", "10.0.0.0/16", "6443"],
      ["ingress", "front/web", "10.0.0.0/16", "9443"],
      ["ingress", "front/web", "10.42.0.0/32", "9443"],
      ["ingress", "front/web", "10.42.1.0/32", "9443"],
    ]);
  });

  test("WHEN pods may reach the internet THEN neither private networks nor the cloud's metadata are meant", () => {
    expect(connect((web) => web.allowToInternet("acme", { port: 443 })).flows).toEqual([
      [
        "egress",
        "front/web",
        "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16",
        "443",
      ],
    ]);
  });

  test("WHEN pods may reach a service outside THEN the cluster and the cloud's metadata are not meant", () => {
    expect(connect((web) => web.allowToOutside("database", { port: 1521 })).flows).toEqual([
      ["egress", "front/web", "0.0.0.0/0 -10.42.0.0/16 -10.43.0.0/16 -169.254.0.0/16", "1521"],
    ]);
  });

  test("WHEN pods may reach nodes, metadata or blocks, or blocks them, THEN exactly these", () => {
    const { flows } = connect((web) => {
      web.allowToNodes({ port: 10250 });
      web.allowToMetadata();
      web.allowToBlocks("mail", ["192.0.2.0/28"], { port: 25 });
      web.allowFromBlocks("load-balancer", ["10.0.1.0/24"], { port: 8000 });
    });
    expect(flows).toEqual([
      ["egress", "front/web", "10.0.0.0/16", "10250"],
      ["egress", "front/web", "169.254.169.254/32", "80"],
      ["egress", "front/web", "192.0.2.0/28", "25"],
      ["ingress", "front/web", "10.0.1.0/24", "8000"],
    ]);
  });

  test("WHEN pods may reach some that no policy guards THEN these get none, which would shut out all others", () => {
    expect(connect((web, api) => web.allowToUnguarded(api, { port: 9153 })).flows).toEqual([
      ["egress", "front/web", "back/api", "9153"],
    ]);
  });

  test("GIVEN one side that is there only while an input is true THEN both policies are", () => {
    const { json } = connect((web, api, layer) => {
      const when = new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" });
      new Pods(layer, "extra", { namespace: api.namespace, labels: { app: "extra" }, when }).allowFrom(web, {
        port: 1,
      });
      api.allowFrom(web, { port: 2 });
    });
    const counts = Object.entries(json.resource?.["kubernetes_network_policy_v1"] ?? {})
      .filter(([, { count }]) => count !== undefined)
      .map(([name, { count }]) => [name, count])
      .sort();
    expect(counts).toEqual([
      ["extra_from_web", "${var.enabled ? 1 : 0}"],
      ["web_to_extra", "${var.enabled ? 1 : 0}"],
    ]);
  });

  test("fails for pods without a label: they would be all", () => {
    expect(() =>
      synthesizeLayer((layer) => {
        new Pods(layer, "all", { namespace: testNamespace(testCluster(layer)), labels: {} });
      }),
    ).toThrow('test/all: labels are empty, which selects every pod in "apps": give at least one');
  });

  test("fails for a flow without ports and for ports out of range", () => {
    expect(() => connect((web, api) => api.allowFrom(web))).toThrow(
      'test/api: the flow "api-from-web" has no port: name at least one',
    );
    expect(() => connect((web, api) => api.allowFrom(web, { port: 0 }, { port: 65536 }, { port: 1.5 }))).toThrow(
      [
        "test/api: 3 problems",
        '  - the flow "api-from-web" has port 0, which is not between 1 and 65535',
        '  - the flow "api-from-web" has port 65536, which is not between 1 and 65535',
        '  - the flow "api-from-web" has port 1.5, which is not between 1 and 65535',
      ].join("\n"),
    );
  });

  test("fails for no address block: that would be every address", () => {
    expect(() => connect((web) => web.allowToBlocks("nobody", [], { port: 1 }))).toThrow(
      'test/web: the flow "web-to-nobody" has no address block: that would allow every address',
    );
  });

  test("fails when the two are connected already", () => {
    expect(() =>
      connect((web, api) => {
        api.allowFrom(web, { port: 1 });
        web.allowTo(api, { port: 2 });
      }),
    ).toThrow('test/api: the flow "api-from-web" is allowed already: give all its ports in one call');
  });
});

test("GIVEN K3s THEN its API server calls webhooks from a node, or from the Flannel address of one", () => {
  expect(k3sNetwork(["10.1.0.0/24"], 3)).toEqual({
    nodeCidrBlocks: ["10.1.0.0/24"],
    podCidrBlock: "10.42.0.0/16",
    serviceCidrBlock: "10.43.0.0/16",
    apiServerPort: 6443,
    apiServerSourceBlocks: ["10.1.0.0/24", "10.42.0.0/32", "10.42.1.0/32", "10.42.2.0/32"],
  });
});

test.each([
  ["Cilium, from an address in the pod block, where Cilium matches nodes alone", k3sCiliumNetwork, "10.42.0.0/16"],
  ["Calico, from the tunnel address of one, in a block of their own", k3sCalicoNetwork, "10.42.128.0/24"],
])("GIVEN K3s with %s THEN its API server calls webhooks from there, or from a node", (_case, network, block) => {
  expect(network(["172.30.0.20/32", "172.30.0.21/32"])).toEqual({
    nodeCidrBlocks: ["172.30.0.20/32", "172.30.0.21/32"],
    podCidrBlock: "10.42.0.0/16",
    serviceCidrBlock: "10.43.0.0/16",
    apiServerPort: 6443,
    apiServerSourceBlocks: ["172.30.0.20/32", "172.30.0.21/32", block],
  });
});

test("GIVEN the blocks of K3s with Calico THEN pods and tunnels share the cluster's block, and no address", () => {
  expect(K3S_CALICO_BLOCKS).toEqual({ pods: "10.42.0.0/17", tunnels: "10.42.128.0/24" });
});

test("GIVEN kubeadm with Calico THEN its API server calls webhooks from a node, or from the tunnel address of one", () => {
  expect(kubeadmNetwork(["10.40.0.0/16"])).toEqual({
    nodeCidrBlocks: ["10.40.0.0/16"],
    podCidrBlock: "10.244.0.0/16",
    serviceCidrBlock: "10.96.0.0/12",
    apiServerPort: 6443,
    apiServerSourceBlocks: ["10.40.0.0/16", "10.244.128.0/24"],
  });
});
