import { type Environment } from "../../constructs/core/environment";
import { type Layer, type TerraformJson } from "../../constructs/core/layer";
import { labBootstrap } from "../../environments/lab/bootstrap";
import { labCapacity } from "../../environments/lab/capacity";
import { labCluster, labClusterNetwork } from "../../environments/lab/cluster";
import { labPlatform } from "../../environments/lab/platform";
import { labServices } from "../../environments/lab/services";
import { type LabSettings, SETTINGS } from "../../environments/lab/settings";
import { flowsOf } from "./cluster";
import { jsonOf, testEnvironment } from "./layers";

/** lab-platform as it is after the layers that it reads. */
export interface BuiltPlatform {
  readonly environment: Environment;
  readonly layer: Layer;
  readonly json: TerraformJson;
}

/** Builds lab-platform with some settings other than the lab's. */
export function builtPlatform(
  given: Partial<LabSettings> = {},
  environment: Environment = testEnvironment("lab"),
): BuiltPlatform {
  const settings = { ...SETTINGS, ...given };
  const servicesLayer = labServices(environment, settings);
  const { layer } = labPlatform(environment, {
    servicesLayer,
    bootstrapLayer: labBootstrap(environment, settings, servicesLayer),
    clusterLayer: labCluster(environment, settings, servicesLayer),
    capacity: labCapacity(settings),
    network: labClusterNetwork(settings),
    settings,
  });
  return { environment, layer, json: jsonOf(layer) };
}

/** The flows of some pods, such as `traefik/traefik`, on their own side: direction, peer, ports. */
export function flowsOfPods({ json }: BuiltPlatform, pods: string): string[] {
  return flowsOf(json)
    .filter(([, of]) => of === pods)
    .map(([direction, , peer, ports]) => `${direction} ${peer} ${ports}`);
}
