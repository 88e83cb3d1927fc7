import { Fn, type ITerraformDependable, type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { type Manifest, Manifests } from "../cluster/manifests";
import { countOf, type INamespace } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { type CertManager } from "./cert-manager";

/** Name of the issuer → where Let's Encrypt answers. @see https://letsencrypt.org/docs/staging-environment/ */
export const ACME_ISSUERS = {
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
  "letsencrypt-production": "https://acme-v02.api.letsencrypt.org/directory",
} as const;

/** The Secret that holds the token for Cloudflare's API. */
const CLOUDFLARE = { secret: "cloudflare-api-token", key: "token" };

/** How a name is proven by a record in Cloudflare's DNS rather than by an answer over HTTP. */
export interface CloudflareSolver {
  /** An input of type `bool`: whether names are proven so. */
  readonly when: TerraformVariable;
  /** Token that may edit the zone's records: an ephemeral input. */
  readonly apiToken: TerraformVariable;
  /** An input of type `number`, from 1 on: raised by one, the token is written anew. */
  readonly apiTokenRevision: TerraformVariable;
}

export interface AcmeIssuersProps {
  readonly certManager: CertManager;
  /** Contact of the account at Let's Encrypt; empty for none. */
  readonly email: string;
  /** @default - names are proven over HTTP, so there are no wildcards */
  readonly cloudflare?: CloudflareSolver;
}

/** A certificate that is kept in a namespace, and renewed. */
export interface AcmeCertificate {
  readonly namespace: INamespace;
  /** Where the certificate and its key are written. */
  readonly secretName: string;
  /** Names that it is for; a token of a list is fine. */
  readonly dnsNames: string[];
  /** A key of {@link ACME_ISSUERS}; a token is fine. */
  readonly issuer: string;
}

/**
 * Let's Encrypt for every namespace: the ClusterIssuers `letsencrypt-staging`, whose certificates nobody trusts and which
 * may be asked as often as one likes, and `letsencrypt-production`.
 */
export class AcmeIssuers extends Construct {
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: AcmeIssuersProps) {
    super(scope, id);
    const { certManager, cloudflare } = props;
    const { namespace } = certManager;
    const token = cloudflare ? [this.keepToken(namespace, cloudflare)] : [];
    const manifests = new Manifests(this, "Default", {
      name: "acme-issuers",
      namespace,
      manifests: Object.entries(ACME_ISSUERS).map(([name, server]): Manifest => ({
        apiVersion: "cert-manager.io/v1",
        kind: "ClusterIssuer",
        metadata: { name },
        spec: {
          acme: {
            server,
            email: props.email,
            privateKeySecretRef: { name: `${name}-account` },
            solvers: solvers(cloudflare),
          },
        },
      })),
      dependsOn: [certManager.delivered, ...token],
    });
    this.delivered = manifests.delivered;
  }

  /**
   * Asks for a certificate. The apply does not wait for it: names have to point here first.
   *
   * @param id names the Certificate too, `_` written as `-`
   * @throws SocleError when there is no name
   */
  issue(id: string, { namespace, secretName, dnsNames, issuer }: AcmeCertificate): void {
    SocleError.throwIfAny(
      this.node.path,
      Token.isUnresolved(dnsNames) || dnsNames.length > 0 ? [] : [`the certificate "${id}" has no dnsNames`],
    );
    const name = id.replaceAll("_", "-");
    new Manifests(this, id, {
      name: `certificate-${name}`,
      namespace,
      manifests: [
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Certificate",
          metadata: { name },
          spec: {
            secretName,
            dnsNames,
            issuerRef: { kind: "ClusterIssuer", name: issuer },
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          },
        },
      ],
      dependsOn: [this.delivered],
    });
  }

  private keepToken(namespace: INamespace, { when, apiToken, apiTokenRevision }: CloudflareSolver): SecretV1 {
    const secret = new SecretV1(this, "cloudflare_api_token", {
      ...countOf(namespace.when, when),
      metadata: { name: CLOUDFLARE.secret, namespace: namespace.name },
      type: "Opaque",
      dataWoRevision: apiTokenRevision.numberValue,
      dependsOn: [...namespace.present],
    });
    secret.addOverride("data_wo", { [CLOUDFLARE.key]: apiToken.stringValue });
    return secret;
  }
}

/** One solver, by HTTP or by DNS. */
function solvers(cloudflare: CloudflareSolver | undefined): unknown {
  const http = {
    http01: {
      ingress: {
        ingressClassName: "traefik",
        // A node port, which is what it would get, is refused by the quota of a namespace.
        serviceType: "ClusterIP",
        // Let's Encrypt asks over HTTP, where there may be nothing but a redirection otherwise.
        ingressTemplate: { metadata: { annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "web" } } },
      },
    },
  };
  if (!cloudflare) {
    return [http];
  }
  const dns = {
    dns01: { cloudflare: { apiTokenSecretRef: { name: CLOUDFLARE.secret, key: CLOUDFLARE.key } } },
  };
  // As texts: the two have other attributes, and Terraform wants one type on both sides.
  return Fn.jsondecode(
    Token.asString(Fn.conditional(cloudflare.when.booleanValue, Fn.jsonencode([dns]), Fn.jsonencode([http]))),
  );
}

/**
 * The validation of an input that lists names of a certificate: host names, wildcards only where DNS proves them.
 *
 * @param variable name of the input, a list of strings
 * @param dns01 name of the input, a `bool`, that says whether names are proven by DNS
 */
export function certificateNames(variable: string, dns01: string) {
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  return [
    {
      condition: `\${alltrue([for name in var.${variable} : can(regex("^(\\\\*\\\\.)?(${label}\\\\.)+[a-z]{2,63}$", name))])}`,
      errorMessage: `${variable} takes host names such as "shop.example.com", or "*.example.com", in lower case.`,
    },
    {
      condition: `\${var.${dns01} || alltrue([for name in var.${variable} : !startswith(name, "*.")])}`,
      errorMessage: `${variable} has a wildcard, which Let's Encrypt gives only to who proves the name by DNS: set ${dns01}, or list the names one by one.`,
    },
  ];
}
