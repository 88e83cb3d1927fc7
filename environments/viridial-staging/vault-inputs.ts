import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { type Layer } from "../../constructs/core/layer";

/** The choices of ops for the layer viridial-staging-vault, each a Terraform variable of it. */
export type VaultInputs = ReturnType<typeof vaultInputs>;

/** @param entries paths of all entries, below the environment's prefix */
export function vaultInputs(layer: Layer, entries: readonly string[]) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  /** cdktf knows no ephemeral inputs: never in a plan file, nor in a state. */
  const ephemeral = (name: string, description: string) => {
    const variable = input(name, {
      type: "string",
      description,
      sensitive: true,
      validation: [{ condition: `\${length(var.${name}) >= 1}`, errorMessage: `${name} is empty.` }],
    });
    variable.addOverride("ephemeral", true);
    return variable;
  };
  return {
    caCertificate: input("vault_ca_certificate", {
      type: "string",
      description:
        'PEM of the authority that signed Vault\'s certificate, not secret: TF_VAR_vault_ca_certificate="$(cat vault-ca.crt)", see Reaching Vault in the README. Later layers take it from here.',
      validation: [
        {
          condition:
            '${startswith(trimspace(var.vault_ca_certificate), "-----BEGIN CERTIFICATE-----") && !strcontains(var.vault_ca_certificate, "PRIVATE KEY")}',
          errorMessage: "vault_ca_certificate takes a certificate in PEM, and never its private key.",
        },
      ],
    }),
    secretRevisions: input("secret_revisions", {
      type: "map(number)",
      description: `Entry of Vault → a number, 1 where it is left out: raised by one, the entry is written anew; see Rotating an entry in the README. Entries: ${entries.join(", ")}.`,
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
    backupAccessKey: ephemeral(
      "backup_access_key",
      "Access key of the S3 endpoint outside the cluster that backups go to. It is written to Vault when the entry backups is made, or its revision is raised.",
    ),
    backupSecretKey: ephemeral("backup_secret_key", "Secret key that belongs to backup_access_key."),
  };
}
