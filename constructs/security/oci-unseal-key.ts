import { Construct } from "constructs";
import { KmsKey } from "@cdktf/provider-oci/lib/kms-key";
import { KmsVault } from "@cdktf/provider-oci/lib/kms-vault";
import { type OciInstanceGroup } from "./oci-dynamic-group";

export interface OciUnsealKeyProps {
  readonly name: string;
  readonly compartmentId: string;
}

/**
 * A key in OCI's key management for the seal of a HashiCorp Vault. Software-protected in a shared vault: Always Free.
 *
 * Without this key what it has sealed is lost, so neither it nor its vault can be destroyed by Terraform; OCI itself
 * waits at least seven days.
 */
export class OciUnsealKey extends Construct {
  readonly keyId: string;
  /** Where data is encrypted and decrypted. */
  readonly cryptoEndpoint: string;
  /** Where keys are managed and read. */
  readonly managementEndpoint: string;
  private readonly compartmentId: string;

  constructor(scope: Construct, id: string, props: OciUnsealKeyProps) {
    super(scope, id);
    this.compartmentId = props.compartmentId;
    const vault = new KmsVault(this, "vault", {
      compartmentId: props.compartmentId,
      displayName: props.name,
      vaultType: "DEFAULT",
      lifecycle: { preventDestroy: true },
    });
    this.keyId = new KmsKey(this, "Resource", {
      compartmentId: props.compartmentId,
      displayName: props.name,
      managementEndpoint: vault.managementEndpoint,
      protectionMode: "SOFTWARE",
      keyShape: { algorithm: "AES", length: 32 },
      lifecycle: { preventDestroy: true },
    }).id;
    this.cryptoEndpoint = vault.cryptoEndpoint;
    this.managementEndpoint = vault.managementEndpoint;
  }

  /** Lets instances encrypt and decrypt with this key, and with no other. */
  grantUse(group: OciInstanceGroup): void {
    group.allow(
      "unseal",
      "Lets Vault on these instances unseal itself",
      `use keys in compartment id ${this.compartmentId} where target.key.id = '${this.keyId}'`,
    );
  }
}
