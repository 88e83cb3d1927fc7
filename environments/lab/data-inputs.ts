import { TerraformVariable } from "cdktf";
import { type Layer } from "../../constructs/core/layer";
import { type GitLogin } from "./data/airflow";

/** What ops say of the layer lab-data; `make lab-up` gives both. */
export function dataInputs(layer: Layer): { readonly gitLogin: GitLogin } {
  const input = (name: string, description: string, sensitive: boolean) =>
    new TerraformVariable(layer, name, { type: "string", description, sensitive, nullable: false });
  return {
    gitLogin: {
      user: input("argocd_platform_repo_username", "Who reads the git repositories of GitLab's group.", false),
      password: input(
        "argocd_platform_repo_password",
        "Password of that user, a token of the group. It reaches a Secret of the cluster and no state.",
        true,
      ),
    },
  };
}
