import { GpuExporter } from "../../../constructs/observability/gpu-exporter";
import { ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { TerraformVariable } from "cdktf";
import { testNamespace } from "../../support/cluster";
import { only } from "../../support/construct";
import { watch } from "../../support/monitors";

const build = (runtimeClass?: string) =>
  watch((monitors, _, layer) => {
    const when = new TerraformVariable(layer, "gpu", { type: "bool", description: "Whether there is one" });
    const cluster = layer.node.findChild("cluster") as KubernetesCluster;
    new GpuExporter(layer, "exporter", {
      namespace: new ConditionalNamespace(testNamespace(cluster, "exporters"), when),
      ...(runtimeClass === undefined ? {} : { runtimeClass }),
    }).monitor(monitors);
  });

describe("GpuExporter", () => {
  const deploymentOf = ({ json }: ReturnType<typeof build>) =>
    only(json.resource?.["kubernetes_deployment_v1"]) as {
      count: string;
      spec: {
        template: {
          spec: {
            runtime_class_name: string;
            restart_policy: string;
            container: { image: string; env: unknown[]; resources: unknown; security_context: unknown }[];
          };
        };
      };
    };

  test("THEN one pod sees every GPU without asking for one, as long as there is any", () => {
    const { count, spec } = deploymentOf(build());
    expect(count).toBe("${var.gpu ? 1 : 0}");
    expect(spec.template.spec).toMatchObject({ runtime_class_name: "nvidia", restart_policy: "Always" });
    expect(spec.template.spec.container).toMatchObject([
      {
        image: "docker.io/utkuozdemir/nvidia_gpu_exporter:1.14.0",
        env: [
          { name: "NVIDIA_VISIBLE_DEVICES", value: "all" },
          { name: "NVIDIA_DRIVER_CAPABILITIES", value: "utility" },
        ],
        resources: { requests: { cpu: "20m", memory: "48Mi" }, limits: { memory: "96Mi" } },
        security_context: { read_only_root_filesystem: true },
      },
    ]);
  });

  test("GIVEN another runtime class THEN it is that one", () => {
    expect(deploymentOf(build("nvidia-cdi")).spec.template.spec.runtime_class_name).toBe("nvidia-cdi");
  });

  test("THEN it is read, with rules and a dashboard", () => {
    const { names, flows } = build();
    expect(names).toEqual(["PodMonitor/gpu-exporter", "PrometheusRule/gpu", "ConfigMap/dashboard-gpu"]);
    expect(flows).toEqual([["egress", "monitoring/prometheus", "exporters/gpu-exporter", "9835"]]);
  });
});
