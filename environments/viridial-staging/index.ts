import { type App } from "cdktf";
import { Environment } from "../../constructs/core/environment";
import { viridialCluster } from "./cluster";
import { checkViridialSettings, SETTINGS, type ViridialSettings } from "./settings";

/** viridial-staging: a kubeadm cluster at Hetzner. */
export default function viridialStaging(app: App, settings: ViridialSettings = SETTINGS): Environment {
  const checked = checkViridialSettings(settings);
  const environment = new Environment(app, "viridial-staging", {
    description: "A kubeadm cluster at Hetzner.",
    backend: checked.backend,
  });
  viridialCluster(environment, checked);
  return environment;
}
