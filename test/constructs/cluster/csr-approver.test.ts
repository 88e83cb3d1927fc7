import { parse } from "yaml";
import { CsrApprover, type CsrApproverProps } from "../../../constructs/cluster/csr-approver";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<CsrApproverProps> = {}) =>
  synthesizeLayer((layer) => {
    new CsrApprover(layer, "approver", {
      namespace: testNamespace(testCluster(layer)),
      nodeNames: "^prod-(control-plane|worker-[1-9])$",
      nodeCidrBlocks: ["10.40.0.0/16"],
      ...props,
    });
  });

describe("CsrApprover", () => {
  test("GIVEN names and addresses of nodes THEN only these are approved, for one name each, beside the control plane", () => {
    const release = only(build().json.resource?.["helm_release"]);
    expect(release).toMatchObject({
      repository: "https://postfinance.github.io/kubelet-csr-approver",
      chart: "kubelet-csr-approver",
      version: "1.2.14",
    });
    expect(parse((release["values"] as string[])[0] ?? "")).toMatchObject({
      providerRegex: "^prod-(control-plane|worker-[1-9])$",
      providerIpPrefixes: ["10.40.0.0/16"],
      allowedDnsNames: 1,
      bypassDnsResolution: true,
      nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
    });
  });

  test("THEN it reaches the Kubernetes API and nothing else", () => {
    expect(flowsOf(build().json).filter(([, pods]) => pods === "apps/kubelet-csr-approver")).toEqual([
      ["egress", "apps/kubelet-csr-approver", "10.0.0.0/16", "6443"],
    ]);
  });

  test("fails for a pattern that takes longer names and for no address block, both at once", () => {
    expect(() => build({ nodeNames: "prod-.*", nodeCidrBlocks: [] })).toThrow(
      [
        "test/approver: 2 problems",
        '  - nodeNames is "prod-.*": begin it with ^ and end it with $, or longer names match too',
        "  - nodeCidrBlocks is empty, which allows every address: name one",
      ].join("\n"),
    );
  });
});
