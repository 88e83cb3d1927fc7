import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { wholeNumber } from "../../../constructs/core/input-validation";
import { type Layer } from "../../../constructs/core/layer";

/** The choices of ops for the foundation of viridial-staging-platform. */
export type FoundationInputs = ReturnType<typeof foundationInputs>;

export function foundationInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const group = (name: string, members: string, defaultName: string) =>
    input(name, {
      type: "string",
      description: `Group of the people who ${members}: the organization (O) of their certificates. See Giving a person access in the README.`,
      default: defaultName,
      validation: [
        {
          condition: `\${can(regex("^[A-Za-z0-9][A-Za-z0-9:._-]{0,62}$", var.${name})) && !startswith(var.${name}, "system:")}`,
          errorMessage: `${name} takes 1 to 63 letters, digits and ":", ".", "_", "-", and does not begin with "system:": those groups are Kubernetes' own.`,
        },
      ],
    });

  const hcloudToken = input("hcloud_token", {
    type: "string",
    description:
      "API token of the Hetzner project (read and write), for the cloud controller and for volumes in the cluster. A token of its own, not that of Terraform, so that each can be revoked alone. It reaches a Secret of the cluster and no state.",
    sensitive: true,
    validation: [
      {
        condition: '${can(regex("^[A-Za-z0-9]{64}$", var.hcloud_token))}',
        errorMessage: "hcloud_token is not a token of Hetzner's: those have 64 letters and digits.",
      },
    ],
  });
  // cdktf knows no ephemeral inputs: never in a plan file, nor in a state.
  hcloudToken.addOverride("ephemeral", true);

  return {
    hcloudToken,
    hcloudTokenRevision: input("hcloud_token_revision", {
      type: "number",
      description: "Raise it by one to have hcloud_token written anew: Terraform keeps no value to compare with.",
      default: 1,
      validation: [wholeNumber("hcloud_token_revision")],
    }),
    joinTokenEnabled: input("join_token_enabled", {
      type: "bool",
      description:
        "Whether the cluster knows the token of the earlier layer (join_token_generation 2 and more), for new nodes. False once they have joined: otherwise an apply makes an expired token valid for another day.",
      default: true,
    }),
    adminGroup: group("admin_group", "may do everything in the cluster", "viridial:admins"),
    developerGroup: group(
      "developer_group",
      "may change what runs in viridial-staging, and look at all else but Secrets",
      "viridial:developers",
    ),
    readOnlyGroup: group("read_only_group", "may look at everything but Secrets", "viridial:viewers"),
  };
}
