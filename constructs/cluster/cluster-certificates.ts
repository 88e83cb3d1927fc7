import { Fn } from "cdktf";
import { Construct } from "constructs";
import { CertRequest } from "@cdktf/provider-tls/lib/cert-request";
import { LocallySignedCert } from "@cdktf/provider-tls/lib/locally-signed-cert";
import { PrivateKey } from "@cdktf/provider-tls/lib/private-key";
import { SelfSignedCert } from "@cdktf/provider-tls/lib/self-signed-cert";
import { addressOf } from "../core/address";
import { Layer } from "../core/layer";

export interface ClusterCertificatesProps {
  /** Prefix of the authorities' common names, and the cluster's name in the kubeconfig. */
  readonly name: string;
}

/** A certificate and its private key, in PEM. */
export interface CertificatePair {
  readonly certificate: string;
  /** ECDSA, in SEC 1 form (`EC PRIVATE KEY`). */
  readonly privateKey: string;
}

/** An authority, whose key kubeadm reads in another form. */
export interface AuthorityPair extends CertificatePair {
  /** The same key in PKCS#8 form (`PRIVATE KEY`). */
  readonly privateKeyPkcs8: string;
}

const HOURS_PER_DAY = 24;

/** How long the authorities are valid, as those that K3s makes itself. @see https://docs.k3s.io/cli/certificate */
const AUTHORITY_HOURS = 10 * 365 * HOURS_PER_DAY;
/** The admin's certificate: one year, renewed by an apply in its last 30 days. */
const ADMIN_HOURS = 365 * HOURS_PER_DAY;
const ADMIN_RENEWAL_HOURS = 30 * HOURS_PER_DAY;

/**
 * What makes certificates for a cluster before it exists: who can read this layer's state can open the cluster, and
 * nobody needs SSH for it.
 *
 * ECDSA with P-256 throughout.
 */
export abstract class AdminCertificates extends Construct {
  /** Signs the certificates of the API server and the kubelets. */
  abstract readonly serverAuthority: CertificatePair;
  /** Member of `system:masters`. */
  abstract readonly admin: CertificatePair;
  private readonly name: string;

  constructor(scope: Construct, id: string, props: ClusterCertificatesProps) {
    super(scope, id);
    this.name = props.name;
  }

  /**
   * A kubeconfig for the admin.
   *
   * @param host address of the API server, such as `https://192.0.2.1:6443`
   */
  kubeconfig(host: string): string {
    const { name } = this;
    return Fn.yamlencode({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name,
          cluster: { server: host, "certificate-authority-data": Fn.base64encode(this.serverAuthority.certificate) },
        },
      ],
      users: [
        {
          name: "admin",
          user: {
            "client-certificate-data": Fn.base64encode(this.admin.certificate),
            "client-key-data": Fn.base64encode(this.admin.privateKey),
          },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: "admin" } }],
      "current-context": name,
    });
  }

  /** @param authority signs the certificates of the API server's clients */
  protected issueAdmin(authority: CertificatePair): CertificatePair {
    const key = this.privateKey(
      "admin",
      "Opens the cluster as admin. The tls provider keeps its keys; an ephemeral one would be another at each run.",
    );
    const request = new CertRequest(this, "admin", {
      privateKeyPem: key.privateKeyPem,
      subject: [{ commonName: "kubernetes-admin", organization: "system:masters" }],
    });
    const admin = new LocallySignedCert(this, "admin_certificate", {
      certRequestPem: request.certRequestPem,
      caCertPem: authority.certificate,
      caPrivateKeyPem: authority.privateKey,
      validityPeriodHours: ADMIN_HOURS,
      earlyRenewalHours: ADMIN_RENEWAL_HOURS,
      allowedUses: ["digital_signature", "key_encipherment", "client_auth"],
    });
    return { certificate: admin.certPem, privateKey: key.privateKeyPem };
  }

  protected authority(id: string): AuthorityPair {
    const key = this.privateKey(
      id,
      "Signs the cluster's certificates. The tls provider keeps its keys, and the server needs this one before its first start.",
    );
    const certificate = new SelfSignedCert(this, id, {
      privateKeyPem: key.privateKeyPem,
      subject: [{ commonName: `${this.name}-${id.replaceAll("_", "-")}-ca` }],
      isCaCertificate: true,
      setSubjectKeyId: true,
      validityPeriodHours: AUTHORITY_HOURS,
      allowedUses: ["cert_signing", "key_encipherment", "digital_signature"],
    });
    return {
      certificate: certificate.certPem,
      privateKey: key.privateKeyPem,
      privateKeyPkcs8: key.privateKeyPemPkcs8,
    };
  }

  /** @param why it is in the state, for the README */
  protected privateKey(id: string, why: string): PrivateKey {
    const key = new PrivateKey(this, `${id}_key`, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    Layer.of(this).addStateSecret({ what: `\`${addressOf(key)}.private_key_pem\``, why });
    return key;
  }
}

/** The three certificate authorities of a K3s cluster and an admin's certificate, as K3s makes its own. */
export class ClusterCertificates extends AdminCertificates {
  readonly serverAuthority: CertificatePair;
  /** Signs the certificates of the API server's clients. */
  readonly clientAuthority: CertificatePair;
  /** Signs the certificate of the API server where it is a client of an extension. */
  readonly requestHeaderAuthority: CertificatePair;
  readonly admin: CertificatePair;

  constructor(scope: Construct, id: string, props: ClusterCertificatesProps) {
    super(scope, id, props);
    this.serverAuthority = this.authority("server");
    this.clientAuthority = this.authority("client");
    this.requestHeaderAuthority = this.authority("request_header");
    this.admin = this.issueAdmin(this.clientAuthority);
  }
}
