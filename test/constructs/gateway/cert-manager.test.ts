import { CertManager } from "../../../constructs/gateway/cert-manager";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

describe("CertManager", () => {
  const { json } = synthesizeLayer((layer) => {
    new CertManager(layer, "certificates", { namespace: testNamespace(testCluster(layer), "cert_manager") });
  });

  test("GIVEN cert-manager THEN the apply ends when its webhook answers", () => {
    expect(only(json.resource?.["helm_release"])).toMatchObject({
      name: "cert-manager",
      chart: "cert-manager",
      version: "v1.21.1",
      repository: "https://charts.jetstack.io",
      wait: true,
      wait_for_jobs: true,
    });
  });

  test("THEN each part uses the API, the webhook is called by it, and the controller alone reaches the internet", () => {
    const flows = flowsOf(json).filter(([, , peer]) => peer !== "kube-system/kube-dns");
    const of = (part: string) => `cert-manager/cert-manager+${part}`;
    expect(flows).toEqual([
      ["egress", of("cainjector"), "10.0.0.0/16", "6443"],
      ["egress", of("controller"), expect.stringMatching(/^0\.0\.0\.0\/0 -10\.0\.0\.0\/8 /), "443,80"],
      ["egress", of("controller"), "10.0.0.0/16", "6443"],
      ["egress", of("startupapicheck"), "10.0.0.0/16", "6443"],
      ["egress", of("webhook"), "10.0.0.0/16", "6443"],
      ["ingress", of("webhook"), "10.0.0.0/16", "10250"],
      ["ingress", of("webhook"), "10.42.0.0/32", "10250"],
      ["ingress", of("webhook"), "10.42.1.0/32", "10250"],
    ]);
  });

  test("GIVEN that no authority is asked over ACME THEN nothing of it reaches the internet", () => {
    const { json: other } = synthesizeLayer((layer) => {
      new CertManager(layer, "certificates", {
        namespace: testNamespace(testCluster(layer), "cert_manager"),
        acme: false,
      });
    });
    expect(flowsOf(other).filter(([, , peer]) => peer.startsWith("0.0.0.0/0"))).toEqual([]);
  });
});
