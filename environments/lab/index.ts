import { type App } from "cdktf";
import { Environment } from "../../constructs/core/environment";
import { labServices } from "./services";
import { checkLabSettings, type LabSettings, SETTINGS } from "./settings";

/** lab: everything on one workstation, in its Docker. */
export default function lab(app: App, settings: LabSettings = SETTINGS): Environment {
  const checked = checkLabSettings(settings);
  const environment = new Environment(app, "lab", {
    description: "A lab on one workstation, in its Docker; nothing of it can be reached from another machine.",
    backend: checked.backend,
  });
  labServices(environment, checked);
  return environment;
}
