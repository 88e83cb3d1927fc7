import { Fn, Op, Token } from "cdktf";
import { Construct } from "constructs";
import { SecretV1 } from "@cdktf/provider-kubernetes/lib/secret-v1";
import { PrivateKey } from "@cdktf/provider-tls/lib/private-key";
import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { SelfSignedCert } from "@cdktf/provider-tls/lib/self-signed-cert";
import { Component } from "../cluster/component";
import { Manifests } from "../cluster/manifests";
import { countOf, type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { type CertManager } from "../gateway/cert-manager";

const REPOSITORY = "https://helm.linkerd.io/edge";

/** Only edge releases are free; all charts of one release have its number. */
const VERSION = "2026.8.3";

/** Linkerd takes this name and this algorithm only. @see https://linkerd.io/2/tasks/automatically-rotating-control-plane-tls-credentials/ */
const TRUST_ANCHOR = "root.linkerd.cluster.local";
const ISSUER = { name: "identity.linkerd.cluster.local", secret: "linkerd-identity-issuer" };

const ANCHOR_SECRET = "linkerd-trust-anchor";

/** Ten years, and a new one when less than one is left. */
const ANCHOR_HOURS = { valid: 87600, renewal: 8760 };

/** Ports of the control plane that proxies use: identity, destinations, policy. */
const CONTROL_PORTS = { identity: 8080, destination: 8086, policy: 8090 };

/** Ports of its webhooks, which the API server calls. */
const WEBHOOKS = { injector: 8443, profiles: 8443, policy: 9443 };

export interface LinkerdProps {
  /** For the control plane. Its `when`, an input of type `bool`, decides whether there is a mesh. */
  readonly namespace: INamespace;
  /** For the agent that puts pods into the mesh from their node: Pod Security `privileged`, the same `when`. */
  readonly cniNamespace: INamespace;
  /** Renews the certificate that the control plane signs with. */
  readonly certManager: CertManager;
}

/**
 * Linkerd: pods that have its proxy speak mutual TLS with each other, by the identity of their service account.
 *
 * Network rules are set by an agent on each node (linkerd-cni), not by a container in each pod, which would need
 * NET_ADMIN: so namespaces stay `restricted`. The trust anchor is made by Terraform, so its key is in the state; what
 * signs daily is made and renewed by cert-manager every two days, in the cluster only.
 *
 * Its pods are not counted against the nodes: nothing of it is there until ops ask for it.
 */
export class Linkerd extends Construct {
  /** @throws SocleError when the namespaces are always there, or go by different inputs */
  constructor(scope: Construct, id: string, props: LinkerdProps) {
    super(scope, id);
    const { namespace, cniNamespace, certManager } = props;
    const { when } = namespace;
    SocleError.throwIfAny(this.node.path, [
      ...(when ? [] : [`the namespace "${namespace.name}" is always there: give it an input of type bool as its when`]),
      ...(when === cniNamespace.when
        ? []
        : [
            `the namespaces "${namespace.name}" and "${cniNamespace.name}" go by different inputs: give both the same when`,
          ]),
    ]);

    const anchor = this.trustAnchor(namespace);
    const issuer = new Manifests(this, "issuer", {
      name: "linkerd-issuer",
      namespace,
      manifests: [
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Issuer",
          metadata: { name: ANCHOR_SECRET },
          spec: { ca: { secretName: ANCHOR_SECRET } },
        },
        {
          apiVersion: "cert-manager.io/v1",
          kind: "Certificate",
          metadata: { name: ISSUER.secret },
          spec: {
            secretName: ISSUER.secret,
            issuerRef: { kind: "Issuer", name: ANCHOR_SECRET },
            commonName: ISSUER.name,
            dnsNames: [ISSUER.name],
            isCA: true,
            duration: "48h0m0s",
            renewBefore: "25h0m0s",
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
            usages: ["cert sign", "crl sign", "server auth", "client auth"],
          },
        },
      ],
      dependsOn: [certManager.delivered, anchor.secret],
    });
    const kinds = new Component(this, "crds", {
      name: "linkerd-crds",
      namespace,
      repository: REPOSITORY,
      version: VERSION,
      pods: {},
    });
    const cni = new Component(this, "cni", {
      name: "linkerd2-cni",
      namespace: cniNamespace,
      repository: REPOSITORY,
      version: VERSION,
      pods: {},
    });
    new Component(this, "control_plane", {
      name: "linkerd-control-plane",
      namespace,
      repository: REPOSITORY,
      version: VERSION,
      values: { identityTrustAnchorsPEM: anchor.certificate },
      pods: {},
      dependsOn: [kinds.delivered, cni.delivered, issuer.delivered],
    });
    this.allowFlows(namespace, cniNamespace);
  }

  private allowFlows(namespace: INamespace, cniNamespace: INamespace): void {
    const { podCidrBlock } = namespace.cluster.network;
    const pods = (component: string, webhooks: readonly number[]) => {
      const these = new Pods(this, component.replaceAll("-", "_"), {
        namespace,
        labels: { "linkerd.io/control-plane-component": component },
        name: `linkerd-${component}`,
      });
      these.allowToApiServer();
      if (webhooks.length > 0) {
        these.allowFromApiServer(...webhooks.map((port) => ({ port })));
      }
      return these;
    };
    const identity = pods("identity", []);
    const destination = pods("destination", [WEBHOOKS.profiles, WEBHOOKS.policy]);
    const injector = pods("proxy-injector", [WEBHOOKS.injector]);
    // Whatever has a proxy, in any namespace; who may is up to the policies of its own side.
    identity.allowFromBlocks("mesh", [podCidrBlock], { port: CONTROL_PORTS.identity });
    destination.allowFromBlocks(
      "mesh",
      [podCidrBlock],
      { port: CONTROL_PORTS.destination },
      { port: CONTROL_PORTS.policy },
    );
    // The control plane has proxies itself.
    for (const proxied of [identity, destination, injector]) {
      proxied.allowToBlocks("control-plane", [podCidrBlock], ...Object.values(CONTROL_PORTS).map((port) => ({ port })));
    }
    new Pods(this, "cni_agent", {
      namespace: cniNamespace,
      labels: { "k8s-app": "linkerd-cni" },
      name: "linkerd-cni",
    }).allowToApiServer();
  }

  /** What all identities go back to: made once, given to cert-manager as a Secret, and its certificate to every proxy. */
  private trustAnchor(namespace: INamespace): { secret: SecretV1; certificate: string } {
    const layer = Layer.of(this);
    if (!layer.node.tryFindChild("tls")) {
      new TlsProvider(layer, "tls");
    }
    const present = countOf(namespace.when);
    const key = new PrivateKey(this, "trust_anchor", { ...present, algorithm: "ECDSA", ecdsaCurve: "P256" });
    const certificate = new SelfSignedCert(this, "trust_anchor_certificate", {
      ...present,
      privateKeyPem: this.one(key, "private_key_pem"),
      subject: [{ commonName: TRUST_ANCHOR }],
      dnsNames: [TRUST_ANCHOR],
      isCaCertificate: true,
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: ANCHOR_HOURS.valid,
      earlyRenewalHours: ANCHOR_HOURS.renewal,
    });
    const pem = this.one(certificate, "cert_pem");
    const secret = new SecretV1(this, "trust_anchor_secret", {
      ...present,
      metadata: { name: ANCHOR_SECRET, namespace: namespace.name },
      type: "kubernetes.io/tls",
      // Another number with another certificate; from 1 on, or the provider creates the Secret empty.
      dataWoRevision: Token.asNumber(Op.add(Fn.parseint(Fn.substr(Fn.sha256(pem), 0, 8), 16), 1)),
      dependsOn: [...namespace.present],
    });
    secret.addOverride("data_wo", { "tls.crt": pem, "tls.key": this.one(key, "private_key_pem") });
    layer.addStateSecret({
      what: `\`${addressOf(key)}.private_key_pem\``,
      why: "Linkerd's trust anchor, where the mesh is asked for: the tls provider has no write-only way. Who reads it can be any pod of the mesh.",
    });
    return { secret, certificate: pem };
  }

  /** An attribute of a resource that is there once or not at all; null where it is not. */
  private one(resource: PrivateKey | SelfSignedCert, attribute: string): string {
    return Token.asString(expression(this, `one(${addressOf(resource)}[*].${attribute})`));
  }
}
