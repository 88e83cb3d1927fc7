import { Construct } from "constructs";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { countOf, countPods, type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { ONE_RUN_POD, restrictedContainer } from "../cluster/pod-parts";
import { readDashboard } from "./dashboards";
import { type Monitors } from "./monitors";
import { addRules } from "./rules";

const IMAGE = "docker.io/utkuozdemir/nvidia_gpu_exporter:1.14.0";
const PORT = 9835;
const RESOURCES = { cpuMillis: 20, memoryMib: 48, memoryLimitMib: 96 };

export interface GpuExporterProps {
  readonly namespace: INamespace;
  /** Runtime class whose containers see the driver. @default "nvidia" */
  readonly runtimeClass?: string;
  /** @default "docker.io/utkuozdemir/nvidia_gpu_exporter:1.14.0" */
  readonly image?: string;
}

/**
 * Tells metrics of the GPU of a workstation, by `nvidia-smi`.
 *
 * Not NVIDIA's DCGM exporter: DCGM is for data centre cards, while `nvidia-smi` is there on every machine with the driver,
 * WSL2 included. What the driver does not answer there, such as single processes, is left out.
 *
 * One pod, not one on each node: where nodes are containers of one machine they see the same GPU. It asks for no
 * `nvidia.com/gpu`, which would take the GPU from what computes.
 *
 * @see https://github.com/utkuozdemir/nvidia_gpu_exporter/blob/master/docs/INSTALL.md
 */
export class GpuExporter extends Construct {
  readonly pods: Pods;

  constructor(scope: Construct, id: string, { namespace, runtimeClass, image }: GpuExporterProps) {
    super(scope, id);
    const name = "gpu-exporter";
    const labels = { "app.kubernetes.io/name": name };
    const container = restrictedContainer({
      name,
      image: image ?? IMAGE,
      environment: { NVIDIA_VISIBLE_DEVICES: "all", NVIDIA_DRIVER_CAPABILITIES: "utility" },
      resources: RESOURCES,
      volumes: [],
    });
    new DeploymentV1(this, "Resource", {
      ...countOf(namespace.when),
      metadata: { name, namespace: namespace.name, labels },
      spec: {
        replicas: "1",
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            ...ONE_RUN_POD,
            restartPolicy: "Always",
            runtimeClassName: runtimeClass ?? "nvidia",
            container: [
              {
                ...container,
                port: [{ name: "metrics", containerPort: PORT }],
                readinessProbe: { httpGet: { path: "/", port: "metrics" }, periodSeconds: 20, timeoutSeconds: 3 },
              },
            ],
          },
        },
      },
      dependsOn: [...namespace.guardrails],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name });
    countPods(namespace, { name, cpuMillis: RESOURCES.cpuMillis, memoryMib: RESOURCES.memoryMib, replicas: 1 });
  }

  /** Has it read, with alerts and a dashboard. */
  monitor(monitors: Monitors): void {
    monitors.scrape({ pods: this.pods, portName: "metrics", port: PORT });
    addRules(monitors, "gpu");
    monitors.dashboard(readDashboard("gpu"));
  }
}
