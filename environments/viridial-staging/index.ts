import { type App } from "cdktf";
import { Environment } from "../../constructs/core/environment";
import { viridialCapacity } from "./capacity";
import { viridialCluster } from "./cluster";
import { type ClusterSources } from "./cluster-access";
import { viridialData } from "./data";
import { viridialPlatform } from "./platform";
import { checkViridialSettings, SETTINGS, type ViridialSettings } from "./settings";
import { viridialVault } from "./vault";

/** viridial-staging: a multi-tenant SaaS on a kubeadm cluster at Hetzner. */
export default function viridialStaging(app: App, settings: ViridialSettings = SETTINGS): Environment {
  const checked = checkViridialSettings(settings);
  const environment = new Environment(app, "viridial-staging", {
    description: "A multi-tenant SaaS on a kubeadm cluster at Hetzner.",
    backend: checked.backend,
  });
  const sources: ClusterSources = {
    clusterLayer: viridialCluster(environment, checked),
    capacity: viridialCapacity(checked),
    settings: checked,
  };
  viridialPlatform(environment, sources);
  viridialVault(environment, sources);
  viridialData(environment, sources);
  return environment;
}
