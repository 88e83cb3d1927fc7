import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { expression } from "../core/address";
import { Layer } from "../core/layer";

export interface GeneratedKeyPairProps {
  readonly namespace: INamespace;
  /** Name of the Kubernetes Secret. @default - the id, `_` written as `-` */
  readonly name?: string;
  /** What is lost with the private key; sentences for the README. */
  readonly whenLost: string;
}

/** Size that signatures of the kind RS256 need at least. */
const RSA_BITS = 2048;

/** What is left of PEM without it is DER in Base64. */
const AROUND_BASE64 = "/-----[A-Z ]+-----|[^A-Za-z0-9+/=]/";

/**
 * A pair of RSA keys that an apply generates once, as a Secret with the binary files `private_key.der` (PKCS#8) and
 * `public_key.der` (X.509). It is ephemeral and written through the write-only `binary_data_wo`, so it is neither in JSON nor
 * in a state or plan.
 *
 * @see https://registry.terraform.io/providers/hashicorp/tls/latest/docs/ephemeral-resources/private_key
 */
export class GeneratedKeyPair extends Construct {
  readonly secretName: string;
  readonly privateKeyFile = "private_key.der";
  readonly publicKeyFile = "public_key.der";
  readonly resource: SecretV1;

  constructor(scope: Construct, id: string, { namespace, name, whenLost }: GeneratedKeyPairProps) {
    super(scope, id);
    const layer = Layer.of(this);
    if (!layer.node.tryFindChild("tls")) {
      new TlsProvider(layer, "tls");
    }
    this.secretName = name ?? id.replaceAll("_", "-");
    this.resource = new SecretV1(this, "Resource", {
      metadata: { name: this.secretName, namespace: namespace.name },
      type: "Opaque",
      binaryDataWoRevision: 1,
      lifecycle: { preventDestroy: true },
      dependsOn: [...namespace.present],
    });
    const address = `ephemeral.tls_private_key.${this.resource.friendlyUniqueId}`;
    // cdktf has no ephemeral blocks.
    layer.addOverride(address, { algorithm: "RSA", rsa_bits: RSA_BITS });
    const der = (attribute: string) =>
      Fn.replace(Token.asString(expression(this.resource, `${address}.${attribute}`)), AROUND_BASE64, "");
    this.resource.addOverride("binary_data_wo", {
      [this.privateKeyFile]: der("private_key_pem_pkcs8"),
      [this.publicKeyFile]: der("public_key_pem"),
    });
    layer.addReadmeSection({
      title: `Keeping the Secret ${this.secretName}`,
      body: `The keys of the Secret \`${this.secretName}\` in the namespace \`${namespace.name}\` are generated once and are nowhere else. ${whenLost}`,
    });
  }
}
