import { type App } from "cdktf";
import { Environment } from "../../constructs/core/environment";
import { viridialCapacity } from "./capacity";
import { viridialCluster } from "./cluster";
import { type ClusterSources } from "./cluster-access";
import { viridialData } from "./data";
import { viridialDns } from "./dns";
import { viridialPlatform } from "./platform";
import { viridialServices } from "./services";
import { checkViridialSettings, SETTINGS, type ViridialSettings } from "./settings";
import { viridialTenants } from "./tenants";
import { viridialVault } from "./vault";

/**
 * viridial-staging: a multi-tenant SaaS on a kubeadm cluster at Hetzner.
 *
 * @param tenants the list of tenants, as YAML. @default - the file tenants.yaml
 */
export default function viridialStaging(
  app: App,
  settings: ViridialSettings = SETTINGS,
  tenants?: string,
): Environment {
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
  const platformLayer = viridialPlatform(environment, sources);
  viridialVault(environment, sources);
  viridialData(environment, sources);
  viridialServices(environment, { ...sources, platformLayer });
  viridialTenants(environment, { ...sources, platformLayer, ...(tenants === undefined ? {} : { tenants }) });
  viridialDns(environment, sources);
  return environment;
}
