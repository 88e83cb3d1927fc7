import { parse } from "yaml";
import { NvidiaDevicePlugin } from "../../../constructs/cluster/nvidia-device-plugin";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

describe("NvidiaDevicePlugin", () => {
  test("THEN it is the looked-up chart, in NVIDIA's runtime, without what reads PCI addresses", () => {
    const { json } = synthesizeLayer((layer) => {
      new NvidiaDevicePlugin(layer, "plugin", { namespace: testNamespace(testCluster(layer)) });
    });
    const release = only(json.resource?.["helm_release"]);
    expect(release).toMatchObject({
      repository: "https://nvidia.github.io/k8s-device-plugin",
      chart: "nvidia-device-plugin",
      version: "0.20.0",
    });
    expect(parse((release["values"] as string[])[0] ?? "")).toEqual({
      runtimeClassName: "nvidia",
      gfd: { enabled: false },
      nfd: { enabled: false },
      failOnInitError: true,
      resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "128Mi" } },
    });
  });

  test("GIVEN another way of delivery THEN that brings it", () => {
    const { json } = synthesizeLayer((layer) => {
      new NvidiaDevicePlugin(layer, "plugin", {
        namespace: testNamespace(testCluster(layer)),
        delivery: (scope) => new TerraformData(scope, "Resource"),
      });
    });
    expect(json.resource).toHaveProperty("terraform_data.plugin");
  });
});
