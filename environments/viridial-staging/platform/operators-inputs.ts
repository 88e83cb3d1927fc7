import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../../constructs/core/input-validation";
import { type Layer } from "../../../constructs/core/layer";

/** What ops say of the Vault whose transit engine unseals ours; only where the setting `vaultSeal` asks for it. */
export function transitInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const path = (name: string, description: string, value: string) =>
    input(name, {
      type: "string",
      description,
      default: value,
      validation: [
        matches(
          name,
          "^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
          `${name} takes a path such as "${value}", without "/" at its ends.`,
        ),
      ],
    });
  const token = input("vault_transit_token", {
    type: "string",
    description:
      "Periodic, orphan token of the other Vault, which may update encrypt/ and decrypt/ of that key and nothing else. It reaches a Secret of the cluster and no state.",
    sensitive: true,
    validation: [
      {
        condition: "${length(var.vault_transit_token) >= 16}",
        errorMessage: "vault_transit_token is not a token of Vault.",
      },
    ],
  });
  // cdktf knows no ephemeral inputs: never in a plan file, nor in a state.
  token.addOverride("ephemeral", true);
  return {
    address: input("vault_transit_address", {
      type: "string",
      description: "Where the other Vault answers, on port 443: one outside the cluster, since it must be there first.",
      validation: [
        matches(
          "vault_transit_address",
          "^https://[a-z0-9.-]+[.][a-z]+$",
          'vault_transit_address takes an address such as "https://vault.example.com", without a port or a path.',
        ),
      ],
    }),
    mount: path("vault_transit_mount", "Mount of its transit engine.", "transit"),
    keyName: path("vault_transit_key_name", "Name of the key there.", "viridial-staging"),
    token,
    tokenRevision: input("vault_transit_token_revision", {
      type: "number",
      description: "Raise it by one to have the token written anew: Terraform keeps no value to compare with.",
      default: 1,
      validation: [wholeNumber("vault_transit_token_revision")],
    }),
  };
}
