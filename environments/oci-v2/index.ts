import { type App } from "cdktf";
import { Environment } from "../../constructs/core/environment";
import { ociInfrastructure } from "./infrastructure";
import { ociPlatform } from "./platform";
import { checkOciSettings, type OciSettings, SETTINGS } from "./settings";

/** oci-v2: a K3s cluster on OCI's Always Free tier with a Streamlit application, a FastAPI service and a database. */
export default function ociV2(app: App, settings: OciSettings = SETTINGS): Environment {
  const checked = checkOciSettings(settings);
  const environment = new Environment(app, "oci-v2", {
    description:
      "A K3s cluster on OCI's Always Free tier that serves a Streamlit application and a FastAPI service with an Autonomous Database.",
    backend: checked.backend,
  });
  const infrastructure = ociInfrastructure(environment, checked);
  ociPlatform(environment, infrastructure, checked);
  return environment;
}
