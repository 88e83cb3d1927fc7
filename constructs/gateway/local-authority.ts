import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { CertRequest } from "@cdktf/provider-tls/lib/cert-request";
import { LocallySignedCert } from "@cdktf/provider-tls/lib/locally-signed-cert";
import { PrivateKey } from "@cdktf/provider-tls/lib/private-key";
import { SelfSignedCert } from "@cdktf/provider-tls/lib/self-signed-cert";
import { Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { addressOf } from "../core/address";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { KnownSecret } from "../secrets/known-secret";
import { type CertManager } from "./cert-manager";

export interface LocalAuthorityProps {
  /** What people read in their browser as who signed, such as `lab`. */
  readonly commonName: string;
  /** Which names a certificate of it is for: this domain and those below it. */
  readonly domain: string;
  /** Signs in the cluster what {@link LocalAuthority.request} asks for, and renews it there. */
  readonly certManager: CertManager;
}

/** A certificate that pods or an Ingress read, in a Secret of the type `kubernetes.io/tls`. */
export interface LocalCertificateProps {
  readonly namespace: INamespace;
  /** Where certificate and key are written. */
  readonly secretName: string;
  /** Names that it is for; the first one may begin with `*.`. */
  readonly dnsNames: readonly string[];
}

const HOURS_PER_DAY = 24;
const AUTHORITY_HOURS = 10 * 365 * HOURS_PER_DAY;
/** A year, renewed by an apply in its last 30 days. */
const CERTIFICATE_HOURS = 365 * HOURS_PER_DAY;
const RENEWAL_HOURS = 30 * HOURS_PER_DAY;

/**
 * A certificate authority of an environment's own, for names that no public one signs: whoever is to trust them is given
 * {@link certificate}. Made by Terraform; cert-manager has it too, as the ClusterIssuer {@link issuer}.
 *
 * ECDSA with P-256 throughout.
 */
export class LocalAuthority extends Construct {
  /** PEM, to be trusted. */
  readonly certificate: string;
  /** Name of the ClusterIssuer. */
  readonly issuer: string;
  private readonly privateKey: string;
  private readonly issuing: ITerraformDependable;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: LocalAuthorityProps,
  ) {
    super(scope, id);
    this.issuer = id.replaceAll("_", "-");
    this.privateKey = this.addKey(
      "key",
      "Signs certificates that whoever trusts this authority believes. The tls provider keeps its keys, and a later certificate needs this one.",
    ).privateKeyPem;
    this.certificate = new SelfSignedCert(this, "Default", {
      privateKeyPem: this.privateKey,
      subject: [{ commonName: props.commonName }],
      isCaCertificate: true,
      setSubjectKeyId: true,
      validityPeriodHours: AUTHORITY_HOURS,
      allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
    }).certPem;

    const { namespace, delivered } = props.certManager;
    const secret = new KnownSecret(this, "secret", {
      namespace,
      name: this.issuer,
      type: "kubernetes.io/tls",
      values: { "tls.crt": this.certificate, "tls.key": this.privateKey },
    });
    this.issuing = new Manifests(this, "issuer", {
      namespace,
      name: `${this.issuer}-issuer`,
      manifests: [
        {
          apiVersion: "cert-manager.io/v1",
          kind: "ClusterIssuer",
          metadata: { name: this.issuer },
          // Read from cert-manager's own namespace.
          spec: { ca: { secretName: secret.secretName } },
        },
      ],
      dependsOn: [delivered, secret.resource],
    }).delivered;
  }

  /**
   * A certificate that Terraform signs, for what has to have one before cert-manager can be asked. It is renewed by an apply
   * in its last month.
   *
   * @returns what depends on the Secret being there
   * @throws SocleError when a name is not below the domain
   */
  issue(id: string, { namespace, secretName, dnsNames }: LocalCertificateProps): ITerraformDependable {
    this.checkNames(id, dnsNames);
    const key = this.addKey(`${id}_key`, "The tls provider keeps its keys. It proves who answers for its names.");
    const request = new CertRequest(this, `${id}_request`, {
      privateKeyPem: key.privateKeyPem,
      dnsNames: [...dnsNames],
      subject: [{ commonName: dnsNames[0] }],
    });
    const certificate = new LocallySignedCert(this, id, {
      certRequestPem: request.certRequestPem,
      caCertPem: this.certificate,
      caPrivateKeyPem: this.privateKey,
      validityPeriodHours: CERTIFICATE_HOURS,
      earlyRenewalHours: RENEWAL_HOURS,
      allowedUses: ["digital_signature", "server_auth"],
    });
    return new KnownSecret(this, `${id}_secret`, {
      namespace,
      name: secretName,
      type: "kubernetes.io/tls",
      values: { "tls.crt": certificate.certPem, "tls.key": key.privateKeyPem },
    }).resource;
  }

  /**
   * Asks cert-manager for a certificate, which renews it by itself; its key is in no state.
   *
   * @param id names the Certificate too, `_` written as `-`
   * @throws SocleError when a name is not below the domain
   */
  request(id: string, { namespace, secretName, dnsNames }: LocalCertificateProps): void {
    this.checkNames(id, dnsNames);
    const name = id.replaceAll("_", "-");
    new Manifests(this, id, {
      namespace,
      name: `certificate-${name}`,
      manifests: [
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Certificate",
          metadata: { name },
          spec: {
            secretName,
            dnsNames: [...dnsNames],
            issuerRef: { kind: "ClusterIssuer", name: this.issuer },
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          },
        },
      ],
      dependsOn: [this.issuing],
    });
  }

  private checkNames(id: string, dnsNames: readonly string[]): void {
    const { domain } = this.props;
    SocleError.throwIfAny(this.node.path, [
      ...(dnsNames.length > 0 ? [] : [`the certificate "${id}" has no dnsNames`]),
      ...dnsNames
        .filter((name) => name !== domain && !name.endsWith(`.${domain}`))
        .map((name) => `the certificate "${id}" is for "${name}", which is not below ${domain}`),
    ]);
  }

  private addKey(id: string, why: string): PrivateKey {
    const key = new PrivateKey(this, id, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    Layer.of(this).addStateSecret({ what: `\`${addressOf(key)}.private_key_pem\``, why });
    return key;
  }
}
