import { type Construct } from "constructs";
import {
  AdminCertificates,
  type AuthorityPair,
  type CertificatePair,
  type ClusterCertificatesProps,
} from "./cluster-certificates";

/** The key pair that service accounts' tokens are signed with, in PEM. */
export interface SigningKeyPair {
  readonly publicKey: string;
  /** In PKCS#8 form (`PRIVATE KEY`). */
  readonly privateKeyPkcs8: string;
}

/**
 * What all control planes of a kubeadm cluster share, made once: three authorities and the key pair of service
 * accounts; and an admin's certificate.
 *
 * @see https://kubernetes.io/docs/setup/best-practices/certificates/
 */
export class KubeadmCertificates extends AdminCertificates {
  /** Signs the certificates of the API server, the kubelets and their clients. */
  readonly serverAuthority: AuthorityPair;
  /** Signs the certificate of the API server where it is a client of an extension. */
  readonly frontProxyAuthority: AuthorityPair;
  /** Signs the certificates of etcd and its clients. */
  readonly etcdAuthority: AuthorityPair;
  readonly serviceAccounts: SigningKeyPair;
  readonly admin: CertificatePair;

  constructor(scope: Construct, id: string, props: ClusterCertificatesProps) {
    super(scope, id, props);
    this.serverAuthority = this.authority("cluster");
    this.frontProxyAuthority = this.authority("front_proxy");
    this.etcdAuthority = this.authority("etcd");
    const key = this.privateKey(
      "service_accounts",
      "Signs service accounts' tokens. The tls provider keeps its keys, and every control plane needs this one.",
    );
    this.serviceAccounts = { publicKey: key.publicKeyPem, privateKeyPkcs8: key.privateKeyPemPkcs8 };
    this.admin = this.issueAdmin(this.serverAuthority);
  }
}
