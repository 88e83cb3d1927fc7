import { type ITerraformDependable, type TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { GeneratedSecret } from "../secrets/generated-secret";

export interface BasicAuthGateProps {
  /** Where what it guards is. */
  readonly namespace: INamespace;
  /** The one user that it lets through. */
  readonly user: string;
  /** An input of type `number`, from 1 on: raised by one, there is another password. */
  readonly passwordRevision: TerraformVariable;
  /** What is behind it, for the README. */
  readonly what: string;
}

/**
 * A middleware of Traefik that asks for a name and a password, for pages that have no login of their own. The password is
 * generated, and is in a Secret of the cluster only.
 *
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/basicauth/
 */
export class BasicAuthGate extends Construct {
  /** Annotations of the Ingress that it guards. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: BasicAuthGateProps) {
    super(scope, id);
    const { namespace } = props;
    const name = id.replaceAll("_", "-");
    const secret = new GeneratedSecret(this, "user", {
      namespace,
      name,
      generate: { password: { length: 32 } },
      values: { username: props.user },
      revision: props.passwordRevision,
      afterRotation: `Traefik asks for it before it leads to ${props.what}, and takes another one at once.`,
    });
    // Traefik reads the two keys of this type as they are; of any other it wants a line with a hash.
    secret.resource.type = "kubernetes.io/basic-auth";
    this.delivered = new Manifests(this, "Default", {
      namespace,
      name,
      manifests: [
        {
          apiVersion: "traefik.io/v1alpha1",
          kind: "Middleware",
          metadata: { name },
          spec: { basicAuth: { secret: secret.secretName, removeHeader: true } },
        },
      ],
      dependsOn: [secret.resource],
    }).delivered;
    this.annotations = {
      "traefik.ingress.kubernetes.io/router.middlewares": `${namespace.name}-${name}@kubernetescrd`,
    };
  }
}
