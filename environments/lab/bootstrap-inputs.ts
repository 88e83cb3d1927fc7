import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";

/** The choices of the lab's user for the layer lab-bootstrap, each a Terraform variable of it. */
export type BootstrapInputs = ReturnType<typeof bootstrapInputs>;

/** @param entries those of Vault that have something generated in them */
export function bootstrapInputs(layer: Layer, entries: readonly string[]) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  return {
    gitlabPasswordFile: input("gitlab_password_file", {
      type: "string",
      description:
        "Absolute path of the file with the password of GitLab's role, which GitLab's container mounts too. Left out: gitlab_db_password in the folder secrets_dir of the layer lab-services.",
      default: "",
      validation: [
        matches(
          "gitlab_password_file",
          "^(/[A-Za-z0-9._-]+)*$",
          'gitlab_password_file takes an absolute path such as "/home/me/.config/socle-lab/gitlab_db_password": letters, digits, ".", "_" and "-" between slashes, and no "~".',
        ),
      ],
    }),
    secretRevisions: input("secret_revisions", {
      type: "map(number)",
      description: `Entry of Vault → a number, 1 where it is left out: raised by one, the entry is written anew, and the role that logs in with it gets the new password; see Rotating a password in the README. Entries: ${entries.join(", ")}.`,
      default: {},
      validation: [
        {
          condition: `\${length(setsubtract(keys(var.secret_revisions), ${JSON.stringify(entries)})) == 0}`,
          errorMessage: `secret_revisions has an entry that is none of ${entries.join(", ")}.`,
        },
        {
          condition:
            "${alltrue([for revision in values(var.secret_revisions) : revision >= 1 && floor(revision) == revision])}",
          errorMessage: "secret_revisions takes whole numbers from 1 on.",
        },
      ],
    }),
  };
}
