import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Opa, OPA_POD_SECURITY, type OpaProps } from "../../../constructs/security/opa";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";

function build(props: Partial<Pick<OpaProps, "package" | "policies">> = {}) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const opa = new Opa(layer, "agent", {
      namespace: testNamespace(cluster, "opa", { podSecurity: OPA_POD_SECURITY }),
      delivery: helmRelease,
      package: "trino",
      policies: { "trino.rego": "package trino\nallow := `${x}` == 1\n" },
      ...props,
    });
    opa.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
    expect(opa.decisions).toBe("http://opa.opa:8181/v1/data/trino");
  });
}

const { json } = build();
const { known, version } = releaseOf(json, "opa");

describe("Opa", () => {
  test("THEN policies are ConfigMaps that kube-mgmt reads, as they are", () => {
    expect(Object.values(json.resource?.["kubernetes_config_map_v1"] ?? {})).toEqual([
      expect.objectContaining({
        metadata: {
          name: "policy-trino",
          namespace: "opa",
          labels: { "openpolicyagent.org/policy": "rego" },
        },
        data: { "trino.rego": "package trino\nallow := `$${x}` == 1\n" },
        lifecycle: { ignore_changes: ["metadata[0].annotations"] },
      }),
    ]);
    expect(known["mgmt"]).toMatchObject({ namespaces: ["opa"], policies: { enabled: true }, data: { enabled: false } });
  });

  test("THEN it speaks HTTP, gives decisions of one package to everybody, and takes changes from nobody else", () => {
    expect(version).toBe("11.0.7");
    expect(known).toMatchObject({ useHttps: false, authz: { enabled: true }, admissionController: { enabled: false } });
    expect((known["bootstrapPolicies"] as { decisions: string }).decisions).toBe(
      [
        "package system.authz",
        "import rego.v1",
        "allow if {",
        '  input.method == "POST"',
        '  array.slice(input.path, 0, 3) == ["v1", "data", "trino"]',
        "}",
      ].join("\n"),
    );
  });

  test("THEN it asks the API server, and only who is allowed asks it", () => {
    expect(flowsOf(json).filter(([, pods]) => pods === "opa/opa")).toEqual([
      ["egress", "opa/opa", "10.0.0.0/16", "6443"],
      ["ingress", "opa/opa", "apps/client", "8181"],
    ]);
  });

  test("fails without policies, with others than Rego's, and with a package that is none", async () => {
    expect(await messageOf(() => build({ policies: {} }))).toBe(
      "test/agent: policies is empty: everything would be denied without a reason",
    );
    expect(await messageOf(() => build({ policies: { "Trino.json": "{}" }, package: "a.b" }))).toBe(
      [
        "test/agent: 2 problems",
        '  - the policy "Trino.json" has no name such as trino.rego',
        '  - the package "a.b" is not made of lower-case letters, digits and "_"',
      ].join("\n"),
    );
  });
});
