import { flowsDocument, type PolicyLayer, reachability, withFlows } from "../../../tools/lab/flows";

type Labels = Record<string, string>;
const everyPod = {};
const pods = (namespace: string, labels: Labels) => ({
  namespace_selector: { match_labels: { "kubernetes.io/metadata.name": namespace } },
  pod_selector: { match_labels: labels },
});
const ports = (...all: (number | string)[]) =>
  all.map((port) => ({
    port: String(port).replace("/UDP", ""),
    protocol: String(port).endsWith("/UDP") ? "UDP" : "TCP",
  }));

/** A layer with policies, by their names. */
function layerOf(policies: Record<string, { namespace: string; spec: object }>): PolicyLayer {
  return {
    resource: {
      kubernetes_network_policy_v1: Object.fromEntries(
        Object.entries(policies).map(([name, { namespace, spec }]) => [name, { metadata: { name, namespace }, spec }]),
      ),
    },
  };
}
const deny = (namespace: string) => ({ namespace, spec: { pod_selector: everyPod } });
const egress = (namespace: string, labels: Labels, to: object, ...numbers: (number | string)[]) => ({
  namespace,
  spec: { pod_selector: { match_labels: labels }, egress: [{ to: [to], ports: ports(...numbers) }] },
});
const ingress = (namespace: string, labels: Labels, from: object, ...numbers: (number | string)[]) => ({
  namespace,
  spec: { pod_selector: { match_labels: labels }, ingress: [{ from: [from], ports: ports(...numbers) }] },
});

const WEB = { app: "web" };
const DATABASE = { app: "database" };

describe("reachability", () => {
  test("GIVEN policies of both sides, in different layers THEN the flow has the ports that both allow", () => {
    expect(
      reachability([
        layerOf({ "deny-web": deny("web"), "web-to-database": egress("web", WEB, pods("data", DATABASE), 5432, 8080) }),
        layerOf({
          "deny-data": deny("data"),
          "database-from-web": ingress("data", DATABASE, pods("web", WEB), 5432, "53/UDP"),
        }),
      ]),
    ).toEqual([{ from: "web/web", to: "data/database", ports: ["5432"] }]);
  });

  test("GIVEN a policy of one side only THEN there is no flow", () => {
    const denied = { "deny-web": deny("web"), "deny-data": deny("data") };
    expect(
      reachability([layerOf({ ...denied, "web-to-database": egress("web", WEB, pods("data", DATABASE), 5432) })]),
    ).toEqual([]);
    expect(
      reachability([layerOf({ ...denied, "database-from-web": ingress("data", DATABASE, pods("web", WEB), 5432) })]),
    ).toEqual([]);
  });

  test("GIVEN a namespace that denies nothing THEN the other side alone decides", () => {
    expect(
      reachability([
        layerOf({ "deny-web": deny("web"), "web-to-dns": egress("web", WEB, pods("kube-system", { app: "dns" }), 53) }),
      ]),
    ).toEqual([{ from: "web/web", to: "kube-system/dns", ports: ["53"] }]);
    expect(
      reachability([
        layerOf({ "deny-data": deny("data"), "database-from-web": ingress("data", DATABASE, pods("web", WEB), 5432) }),
      ]),
    ).toEqual([{ from: "web/web", to: "data/database", ports: ["5432"] }]);
  });

  test("GIVEN pods with more labels than a policy names THEN what is allowed to all of them is allowed to these", () => {
    const special = { app: "web", role: "batch" };
    expect(
      reachability([
        layerOf({
          "deny-web": deny("web"),
          "deny-data": deny("data"),
          "web-to-database": egress("web", WEB, pods("data", DATABASE), 5432),
          "database-from-batch": ingress("data", DATABASE, pods("web", special), 5432),
        }),
      ]),
    ).toEqual([{ from: "web/web+batch", to: "data/database", ports: ["5432"] }]);
  });

  test("GIVEN addresses outside the cluster THEN they are called as the policy calls them", () => {
    expect(
      reachability([
        layerOf({
          "deny-web": deny("web"),
          "web-to-gitlab": egress("web", WEB, { ip_block: { cidr: "172.30.0.13/32" } }, 8081),
          "web-to-models": egress("web", WEB, { ip_block: { cidr: "0.0.0.0/0" } }, 443),
        }),
      ]),
    ).toEqual([
      { from: "web/web", to: "gitlab", ports: ["8081"] },
      { from: "web/web", to: "internet (models)", ports: ["443"] },
    ]);
  });
});

describe("the document of flows", () => {
  const tables = flowsDocument(
    [
      { from: "web/web", to: "data/database", ports: ["5432"] },
      { from: "web/web", to: "internet (models)", ports: ["443"] },
    ],
    ["data"],
  );

  test("THEN a matrix shows namespaces, and a table each flow", () => {
    expect(tables.split("\n")).toEqual([
      "## Namespaces",
      "",
      "| from \\ to | data | internet (models) |",
      "| --------- | ---- | ----------------- |",
      "| web       | 5432 | 443               |",
      "",
      "## Pods",
      "",
      "| from    | to                | ports |",
      "| ------- | ----------------- | ----- |",
      "| web/web | data/database     | 5432  |",
      "| web/web | internet (models) | 443   |",
    ]);
  });

  test("THEN what is between the markers is replaced, and nothing else", () => {
    const document = "# Flows\n\n<!-- flows: tools/lab/flows-cli.ts -->\nold\n<!-- /flows -->\n\nThe end.\n";
    const once = withFlows(document, tables);

    expect(once).toBe(
      `# Flows\n\n<!-- flows: tools/lab/flows-cli.ts -->\n\n${tables}\n\n<!-- /flows -->\n\nThe end.\n`,
    );
    expect(withFlows(once, tables)).toBe(once);
  });

  test("fails for a document without markers", () => {
    expect(() => withFlows("# Flows\n", tables)).toThrow(
      "The document has no <!-- flows: tools/lab/flows-cli.ts --> with <!-- /flows --> after it: say where the flows belong.",
    );
  });
});
