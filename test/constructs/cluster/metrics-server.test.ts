import { parse } from "yaml";
import { MetricsServer, type MetricsServerProps } from "../../../constructs/cluster/metrics-server";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<MetricsServerProps> = {}) =>
  synthesizeLayer((layer) => {
    new MetricsServer(layer, "metrics", {
      namespace: testNamespace(testCluster(layer)),
      dependsOn: [new TerraformData(layer, "approver")],
      ...props,
    });
  });
const releaseOf = (built: ReturnType<typeof build>) => only(built.json.resource?.["helm_release"]);
const valuesOf = (built: ReturnType<typeof build>) =>
  parse((releaseOf(built)["values"] as string[])[0] ?? "") as { args: string[]; replicas: number };

describe("MetricsServer", () => {
  test("THEN it takes kubelets' certificates of the cluster's authority only, once these are approved", () => {
    const { args } = valuesOf(build());
    expect(args).toEqual(["--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"]);
    expect(releaseOf(build())).toMatchObject({ chart: "metrics-server", version: "3.13.1" });
    expect(releaseOf(build())["depends_on"]).toContain("terraform_data.approver");
  });

  test("THEN it reaches kubelets and the Kubernetes API, and the API server reaches it", () => {
    expect(flowsOf(build().json).filter(([, pods]) => pods === "apps/metrics-server")).toEqual([
      ["egress", "apps/metrics-server", "10.0.0.0/16", "10250"],
      ["egress", "apps/metrics-server", "10.0.0.0/16", "6443"],
      ["ingress", "apps/metrics-server", "10.0.0.0/16", "10250"],
      ["ingress", "apps/metrics-server", "10.42.0.0/32", "10250"],
      ["ingress", "apps/metrics-server", "10.42.1.0/32", "10250"],
    ]);
  });

  test.each([
    [undefined, 1],
    [2, 2],
  ])("GIVEN %p replicas THEN there are %i", (replicas, expected) => {
    expect(valuesOf(build(replicas === undefined ? {} : { replicas })).replicas).toBe(expected);
  });
});
