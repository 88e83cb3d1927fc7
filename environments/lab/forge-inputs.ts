import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { CONTAINER_MEMORY_MIB } from "./container-memory";

/** The choices of the lab's user for the layer lab-forge, each a Terraform variable of it. */
export type ForgeInputs = ReturnType<typeof forgeInputs>;

export function forgeInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  return {
    memoryMib: input("gitlab_memory_mib", {
      type: "number",
      description: "Most memory that GitLab may take, in MiB.",
      default: CONTAINER_MEMORY_MIB.gitlab,
      validation: [wholeNumber("gitlab_memory_mib", 3072)],
    }),
    imageDigest: input("gitlab_image_digest", {
      type: "string",
      description:
        "Digest that GitLab's image must have, such as sha256:…, beside its tag. Left out: whatever the tag has when it is first pulled.",
      default: "",
      validation: [
        matches(
          "gitlab_image_digest",
          "^(sha256:[0-9a-f]{64})?$",
          'gitlab_image_digest takes a digest such as "sha256:" and 64 hexadecimal digits in lower case.',
        ),
      ],
    }),
  };
}
