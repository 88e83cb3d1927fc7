import { type Delivery, helmRelease } from "../../constructs/cluster/component";
import { type ITerraformDependable } from "cdktf";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { ExistingNamespace } from "../../constructs/cluster/namespace";
import { Layer } from "../../constructs/core/layer";
import { GitOps, type GitOpsOptions } from "../../constructs/delivery/gitops";
import { type GitOpsProject } from "../../constructs/delivery/gitops-project";
import { SCENARIOS } from "./catalogue";
import { checkingHooks } from "./chart-hooks";
import { type LabSelection } from "./selection";
import { kubernetesRelease, type LabSettings } from "./settings";

/** How the components of a layer reach the cluster. */
export interface LabDelivery {
  /** The `delivery` of a component. */
  readonly of: (options?: GitOpsOptions) => Delivery;
  /** Undefined where Terraform applies charts itself. */
  readonly gitops: GitOps | undefined;
}

/**
 * Delivery of a layer's components, as the settings say: through git and Argo CD, or as Helm releases.
 *
 * @param project undefined only where the settings say Helm
 */
export function labDelivery(
  layer: Layer,
  settings: LabSettings,
  selection: LabSelection,
  project: GitOpsProject | undefined,
  dependsOn: readonly ITerraformDependable[] = [],
): LabDelivery {
  if (settings.delivery === "helm" || !project) {
    return { of: () => checkingHooks(helmRelease), gitops: undefined };
  }
  const gitops = new GitOps(layer, "gitops", {
    project,
    ...(Layer.of(project) === layer
      ? {}
      : {
          namespace: new ExistingNamespace(
            layer.node.findChild("cluster") as KubernetesCluster,
            project.namespace.name,
          ),
        }),
    scenarios: SCENARIOS,
    scenario: selection.scenario,
    extraComponents: selection.extraComponents,
    kubernetesRelease: kubernetesRelease(settings),
    dependsOn,
  });
  return { of: (options) => checkingHooks(gitops.deliver(options)), gitops };
}
