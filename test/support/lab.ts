import { TerraformOutput } from "cdktf";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { ExistingNamespace } from "../../constructs/cluster/namespace";
import { type Environment } from "../../constructs/core/environment";
import { Layer, type TerraformJson } from "../../constructs/core/layer";
import { GitOpsProject } from "../../constructs/delivery/gitops-project";
import { labBootstrap } from "../../environments/lab/bootstrap";
import { labCapacity } from "../../environments/lab/capacity";
import { labCluster, labClusterNetwork } from "../../environments/lab/cluster";
import { type ClusterSources, connectLabCluster } from "../../environments/lab/cluster-access";
import { NAMESPACES } from "../../environments/lab/names";
import { type LabPlatform } from "../../environments/lab/platform";
import { SELECTION_OUTPUTS } from "../../environments/lab/selection";
import { labServices } from "../../environments/lab/services";
import { type LabSettings, SETTINGS } from "../../environments/lab/settings";
import { jsonOf, testEnvironment } from "./layers";

/** A layer of the lab with what it delivers, after earlier layers of which lab-platform has its outputs only. */
export interface LaterLab {
  readonly environment: Environment;
  readonly layer: Layer;
  readonly json: TerraformJson;
}

/** Builds a layer of the lab that comes after lab-platform. */
export function laterLab(
  build: (environment: Environment, sources: ClusterSources, platform: LabPlatform) => Layer,
  given: Partial<LabSettings> = {},
): LaterLab {
  const settings = { ...SETTINGS, ...given };
  const environment = testEnvironment("lab");
  const servicesLayer = labServices(environment, settings);
  const bootstrapLayer = labBootstrap(environment, settings, servicesLayer);
  const sources: ClusterSources = {
    servicesLayer,
    bootstrapLayer,
    clusterLayer: labCluster(environment, settings, servicesLayer),
    capacity: labCapacity(settings),
    network: labClusterNetwork(settings),
    settings,
  };
  const layer = build(environment, sources, platformOf(environment, sources));
  return { environment, layer, json: jsonOf(layer) };
}

/** What later layers read of lab-platform. */
function platformOf(environment: Environment, sources: ClusterSources): LabPlatform {
  const layer = new Layer(environment, "lab-platform", { description: "A platform." });
  const output = (id: string, value: unknown) => new TerraformOutput(layer, id, { value, description: "An output." });
  output(SELECTION_OUTPUTS.scenario, "etl-minimal");
  output(SELECTION_OUTPUTS.extraComponents, []);
  output(SELECTION_OUTPUTS.components, ["minio", "airflow", "mlflow"]);
  const cluster: KubernetesCluster = connectLabCluster(layer, sources);
  return {
    layer,
    project:
      sources.settings.delivery === "helm"
        ? undefined
        : new GitOpsProject(layer, "lab", {
            namespace: new ExistingNamespace(cluster, NAMESPACES.argoCd),
            address: "http://gitlab.lab.local:8081/lab",
            dependsOn: [],
          }),
  };
}
