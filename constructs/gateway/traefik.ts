import { Fn, type ITerraformDependable, Op, type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import { Component } from "../cluster/component";
import { type Namespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type CertManager } from "./cert-manager";

/** Where Let's Encrypt answers. @see https://letsencrypt.org/docs/acme-protocol-updates/ */
const ACME_DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory";

/** What cert-manager's pods that answer Let's Encrypt's request are labelled with, and listen on. */
const SOLVER = { labels: { "acme.cert-manager.io/http01-solver": "true" }, port: 8089 };

/** What the chart's entry points `web` and `websecure` listen on. */
const PORTS = { http: 8000, https: 8443 };

/** A certificate for the name under which everything is reached. */
export interface GatewayCertificate {
  readonly certManager: CertManager;
  /** An input of type `bool`: whether a certificate is asked for; the one that cert-manager's namespace goes by. */
  readonly when: TerraformVariable;
  /** Where Let's Encrypt writes before a certificate expires. */
  readonly email: string;
  readonly domainName: string;
}

export interface TraefikProps {
  readonly namespace: Namespace;
  /** IPv4 blocks that the load balancer's own addresses are in: it alone may say, by PROXY protocol, who is asking. */
  readonly loadBalancerBlocks: readonly string[];
  /**
   * Fixed ports of the nodes, 30000 to 32767, that a load balancer outside the cluster forwards to. The values files then
   * switch off the chart's own Service.
   * @default - the chart's own Service, as the values files have it
   */
  readonly nodePorts?: { readonly http: number; readonly https: number };
  /** An input of type `bool`: whether HTTP is sent to HTTPS. @default - it is not */
  readonly redirectToHttps?: TerraformVariable;
  /** @default - HTTPS answers with a certificate that nobody trusts */
  readonly certificate?: GatewayCertificate;
}

/**
 * The one way in: Traefik, which answers HTTP and HTTPS and goes by the Ingresses of class `traefik`.
 *
 * The certificate is its default one, for every Ingress; it stays in Traefik's namespace.
 */
export class Traefik extends Construct implements Connectable {
  readonly pods: Pods;
  /** Port of the pods where Prometheus reads, called `metrics`. */
  readonly metricsPort = 9100;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when no load balancer's block is given */
  constructor(scope: Construct, id: string, props: TraefikProps) {
    super(scope, id);
    SocleError.throwIfAny(
      this.node.path,
      props.loadBalancerBlocks.length > 0
        ? []
        : ["loadBalancerBlocks is empty, so nobody could reach it: give the block of the load balancer's addresses"],
    );
    const { certificate, redirectToHttps, namespace } = props;
    const proxyProtocol = { trustedIPs: [...props.loadBalancerBlocks] };
    const component = new Component(this, "Default", {
      name: "traefik",
      namespace,
      repository: "https://traefik.github.io/charts",
      version: "41.3.0",
      values: {
        ports: {
          web: {
            proxyProtocol,
            ...(redirectToHttps ? { http: { redirections: { entryPoint: redirection(redirectToHttps) } } } : {}),
          },
          websecure: { proxyProtocol },
        },
        ...(certificate ? { extraObjects: certificateObjects(namespace.name, certificate) } : {}),
      },
      pods: {
        gateway: {
          labels: { "app.kubernetes.io/name": "traefik" },
          resources: ["resources"],
          replicas: { valueAt: "deployment.replicas" },
          needsKubernetesApi: true,
        },
      },
      // Issuers and certificates are checked by its webhook.
      dependsOn: certificate ? [certificate.certManager.delivered] : [],
      preconditions: certificate
        ? [
            {
              condition: Op.or(Op.not(certificate.when.booleanValue), Op.gte(Fn.lengthOf(certificate.domainName), 1)),
              errorMessage: `${certificate.when.friendlyUniqueId} needs domain_name, an input of the earlier layer: Let's Encrypt gives certificates for names.`,
            },
          ]
        : [],
    });
    this.delivered = component.delivered;
    this.pods = component.pods("gateway");
    this.pods.allowFromBlocks("load-balancer", props.loadBalancerBlocks, { port: PORTS.http }, { port: PORTS.https });
    if (props.nodePorts) {
      this.listenOnNodes(namespace, props.nodePorts);
    }
    if (certificate) {
      const solver = new Pods(this, "acme_solver", { namespace, labels: SOLVER.labels, when: certificate.when });
      solver.allowFrom(this.pods, { port: SOLVER.port });
    }
  }

  private listenOnNodes(namespace: Namespace, { http, https }: { http: number; https: number }): void {
    const port = (name: string, number: number, targetPort: number, nodePort: number) => ({
      name,
      port: number,
      targetPort: String(targetPort),
      nodePort,
    });
    new ServiceV1(this, "nodes", {
      metadata: { name: "traefik", namespace: namespace.name, labels: { ...this.pods.labels } },
      spec: {
        type: "NodePort",
        // The address that Traefik sees is the load balancer's, not that of a node that forwards.
        externalTrafficPolicy: "Local",
        selector: { ...this.pods.labels },
        port: [port("web", 80, PORTS.http, http), port("websecure", 443, PORTS.https, https)],
      },
      dependsOn: [namespace.resource],
    });
  }
}

/** Null where it is off: Helm then drops the key. */
function redirection(when: TerraformVariable): unknown {
  return Fn.conditional(when.booleanValue, { to: "websecure", scheme: "https", permanent: true }, null);
}

/** Issuer, certificate, and that it is the default one; none of them while `when` is false. */
function certificateObjects(namespace: string, { when, email, domainName }: GatewayCertificate): unknown {
  const object = (apiVersion: string, kind: string, name: string, spec: unknown) => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec,
  });
  const secretName = "gateway-tls";
  const objects = [
    object("cert-manager.io/v1", "Issuer", "letsencrypt", {
      acme: {
        server: ACME_DIRECTORY,
        email,
        privateKeySecretRef: { name: "letsencrypt-account" },
        solvers: [{ http01: { ingress: { ingressClassName: "traefik" } } }],
      },
    }),
    object("cert-manager.io/v1", "Certificate", "gateway", {
      secretName,
      dnsNames: [domainName],
      issuerRef: { kind: "Issuer", name: "letsencrypt" },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    }),
    // Traefik takes this name for all that say nothing else.
    object("traefik.io/v1alpha1", "TLSStore", "default", { defaultCertificate: { secretName } }),
  ];
  return Fn.slice(objects, 0, Token.asNumber(Fn.conditional(when.booleanValue, objects.length, 0)));
}
