import { Fn, Op, TerraformCount, type TerraformVariable, Token } from "cdktf";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { Construct } from "constructs";
import { type INamespace } from "./namespace";

export interface BootstrapTokenProps {
  /** `kube-system`: Kubernetes looks nowhere else. */
  readonly namespace: INamespace;
  /** `<id>.<secret>`, a sensitive token of cdktf. */
  readonly token: string;
  /** Which one it is: the first one is made known by kubeadm itself. */
  readonly generation: number;
  /** An input of type `bool`: the cluster knows the token only while it is true. */
  readonly when: TerraformVariable;
}

/** How long a token is valid, as Terraform writes it. */
const VALID_FOR = "24h";

/**
 * The token that a new node joins with, valid for 24 hours from when it is written.
 *
 * The expiry is a write-only value, which is never compared: the time of a later plan changes nothing. It is written again
 * only with another token. Kubernetes deletes an expired one, so an apply after that makes it once more, for another day.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export class BootstrapToken extends Construct {
  constructor(scope: Construct, id: string, { namespace, token, generation, when }: BootstrapTokenProps) {
    super(scope, id);
    const part = (index: number) => Token.asString(Fn.element(Fn.split(".", token), index));
    // Without the id, which is no secret, nobody could tell which Secret it is.
    const tokenId = Token.asString(Fn.nonsensitive(part(0)));
    const resource = new SecretV1(this, "Resource", {
      count: TerraformCount.of(Token.asNumber(Fn.conditional(Op.and(when.booleanValue, Op.gte(generation, 2)), 1, 0))),
      metadata: { name: `bootstrap-token-${tokenId}`, namespace: namespace.name },
      type: "bootstrap.kubernetes.io/token",
      // From 1 on: with 0, or none, the provider creates the Secret empty.
      dataWoRevision: Token.asNumber(Op.add(Fn.parseint(Fn.substr(Fn.sha256(token), 0, 8), 16), 1)),
      dependsOn: [...namespace.present],
    });
    resource.addOverride("data_wo", {
      "token-id": part(0),
      "token-secret": part(1),
      expiration: Fn.timeadd(Fn.timestamp(), VALID_FOR),
      description: "Lets new nodes join",
      // Nodes know the cluster by its authority, so it signs nothing.
      "usage-bootstrap-authentication": "true",
      "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    });
  }
}
