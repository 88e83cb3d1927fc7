import { parse } from "yaml";
import { type Values } from "../../constructs/cluster/component";
import { type TerraformJson } from "../../constructs/core/layer";

/** A Helm release of a layer: the values that are known at synth, and overlays as Terraform has them. */
export function releaseOf(
  json: TerraformJson,
  name: string,
): {
  readonly version: string;
  readonly known: Values;
  readonly rest: readonly string[];
  readonly dependsOn: string[];
} {
  const release = Object.values(json.resource?.["helm_release"] ?? {}).find((each) => each["name"] === name) as
    { version: string; values: string[]; depends_on?: string[] } | undefined;
  const [known = "", ...rest] = release?.values ?? [];
  return {
    version: release?.version ?? "",
    // Terraform's escape for what charts read as `${…}`.
    known: parse(known.replace(/([$%])\1\{/g, "$1{"), { version: "1.1" }) as Values,
    rest,
    dependsOn: release?.depends_on ?? [],
  };
}
