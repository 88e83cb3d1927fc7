import { parse } from "yaml";
import { type Values } from "../../constructs/cluster/component";
import { Environment } from "../../constructs/core/environment";
import { type Layer, type TerraformJson } from "../../constructs/core/layer";
import { viridialCapacity } from "../../environments/viridial-staging/capacity";
import { viridialCluster } from "../../environments/viridial-staging/cluster";
import { viridialData } from "../../environments/viridial-staging/data";
import { type ViridialSettings } from "../../environments/viridial-staging/settings";
import { viridialVault } from "../../environments/viridial-staging/vault";
import { withApp } from "./construct";
import { jsonOf } from "./layers";

/** The layer viridial-staging-data, with as many of the earlier ones as it reads. */
export function synthesizeData(settings: ViridialSettings): { layer: Layer; json: TerraformJson } {
  return withApp((app) => {
    const environment = new Environment(app, "viridial-staging", { description: "Staging.", backend: "http" });
    const clusterLayer = viridialCluster(environment, settings);
    const sources = { clusterLayer, capacity: viridialCapacity(settings), settings };
    viridialVault(environment, sources);
    const layer = viridialData(environment, sources);
    return { layer, json: jsonOf(layer) };
  });
}

/** What synth knows of a Helm release's values. */
export function valuesOf(json: TerraformJson, release: string): Values {
  const [known = ""] = (json.resource?.["helm_release"]?.[release]?.["values"] ?? []) as string[];
  return parse(known.replaceAll("$${", "${"), { version: "1.1" }) as Values;
}

/** The custom resources of a Helm release, by `kind/name`. */
export function manifestsOf(json: TerraformJson, release: string): Record<string, { metadata: Values; spec: Values }> {
  return valuesOf(json, release)["manifests"] as Record<string, { metadata: Values; spec: Values }>;
}
