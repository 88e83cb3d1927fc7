import { parse } from "yaml";
import { HcloudController } from "../../../constructs/cluster/hcloud-controller";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { testCluster } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = () =>
  synthesizeLayer((layer) => {
    new HcloudController(layer, "controller", {
      namespace: new ExistingNamespace(testCluster(layer), "kube-system"),
      secret: new TerraformData(layer, "secret"),
    });
  });

describe("HcloudController", () => {
  test("THEN it is the looked-up chart beside the Secret, which is there before it", () => {
    expect(only(build().json.resource?.["helm_release"])).toMatchObject({
      name: "hcloud-cloud-controller-manager",
      repository: "https://charts.hetzner.cloud",
      version: "1.35.0",
      namespace: "kube-system",
      depends_on: ["terraform_data.secret"],
    });
  });

  test("THEN it makes neither routes nor load balancers, gives nodes no public address, and stays on control planes", () => {
    const [values = ""] = only(build().json.resource?.["helm_release"])["values"] as string[];
    expect(parse(values)).toMatchObject({
      networking: { enabled: true, clusterCIDR: "10.244.0.0/16" },
      env: {
        HCLOUD_NETWORK_ROUTES_ENABLED: { value: "false" },
        HCLOUD_LOAD_BALANCERS_ENABLED: { value: "false" },
        HCLOUD_INSTANCES_ADDRESS_FAMILY: { value: "ipv6" },
      },
      nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
      additionalTolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoSchedule" }],
    });
  });
});
