import { type App } from "cdktf";
import { Environment } from "../../constructs/core/environment";
import { labBootstrap } from "./bootstrap";
import { labCapacity } from "./capacity";
import { labCluster, labClusterNetwork } from "./cluster";
import { type ClusterSources } from "./cluster-access";
import { labData } from "./data";
import { labForge } from "./forge";
import { labGenai } from "./genai";
import { labPlatform } from "./platform";
import { labRepositories } from "./repositories";
import { labSecurity } from "./security";
import { labServices } from "./services";
import { checkLabSettings, type LabSettings, SETTINGS } from "./settings";
import { labStreaming } from "./streaming";

/** lab: everything on one workstation, in its Docker. */
export default function lab(app: App, settings: LabSettings = SETTINGS): Environment {
  const checked = checkLabSettings(settings);
  const environment = new Environment(app, "lab", {
    description: "A lab on one workstation, in its Docker; nothing of it can be reached from another machine.",
    backend: checked.backend,
  });
  const servicesLayer = labServices(environment, checked);
  const bootstrapLayer = labBootstrap(environment, checked, servicesLayer);
  labForge(environment, checked, { servicesLayer, bootstrapLayer });
  const sources: ClusterSources = {
    servicesLayer,
    bootstrapLayer,
    clusterLayer: labCluster(environment, checked, servicesLayer),
    capacity: labCapacity(checked),
    network: labClusterNetwork(checked),
    settings: checked,
  };
  const platform = labPlatform(environment, sources);
  labSecurity(environment, sources, platform);
  labData(environment, sources, platform);
  labGenai(environment, sources, platform);
  labStreaming(environment, sources, platform);
  labRepositories(environment);
  return environment;
}
