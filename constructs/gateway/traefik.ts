import { Fn, type ITerraformDependable, Op, type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import { Component, type Delivery, mergeValues, type Values } from "../cluster/component";
import { type Manifest, Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type CertManager } from "./cert-manager";

/** Where Let's Encrypt answers. @see https://letsencrypt.org/docs/acme-protocol-updates/ */
const ACME_DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory";

/** What cert-manager's pods that answer Let's Encrypt's request are labelled with, and listen on. */
const SOLVER = { labels: { "acme.cert-manager.io/http01-solver": "true" }, port: 8089 };

/** What the chart's entry points `web` and `websecure` listen on. */
const PORTS = { http: 8000, https: 8443 };

/**
 * Coraza as a plugin of Traefik, which is WebAssembly and has the OWASP Core Rule Set in it.
 *
 * @see https://github.com/jcchavezs/coraza-http-wasm-traefik
 */
const CORAZA = { moduleName: "github.com/jcchavezs/coraza-http-wasm-traefik", version: "v0.3.0" };

/** A certificate for the name under which everything is reached. */
export interface GatewayCertificate {
  readonly certManager: CertManager;
  /** An input of type `bool`: whether a certificate is asked for; the one that cert-manager's namespace goes by. */
  readonly when: TerraformVariable;
  /** Where Let's Encrypt writes before a certificate expires. */
  readonly email: string;
  readonly domainName: string;
}

/** What every request over HTTPS goes through before it is routed. */
export interface TrafficProtection {
  /** Requests that one address may send on average; each replica counts by itself. */
  readonly requestsPerSecond: number;
  /** Requests that it may send at once. */
  readonly burst: number;
  /** A larger request body is refused with 413. Bodies are buffered, on disk above a mebibyte. */
  readonly maximumBodyMib: number;
  /**
   * CIDR blocks of proxies in front of the load balancer, such as Cloudflare's, which are believed when they say who is
   * asking. A token is fine. Limits are for the address of the proxy, unless `onlyProxies` is true.
   * @default - nobody is believed
   */
  readonly proxyBlocks?: string[];
  /** Whether those proxies alone are answered: what they filter cannot be gone around. @default false */
  readonly onlyProxies?: boolean;
  /** Whether Coraza looks at each request, by the OWASP Core Rule Set: a plugin that is downloaded at each start. @default false */
  readonly coraza?: boolean;
}

/** Where traces go. */
export interface TrafficTracing {
  readonly collector: Pods;
  /** Name of its Service, with its namespace. */
  readonly host: string;
  /** Port for OTLP over gRPC, of Service and pods. */
  readonly port: number;
  /** Share of the requests that are traced, 0 to 1. */
  readonly sampleRate: number;
}

export interface TraefikProps {
  readonly namespace: INamespace;
  /** @default - as the values files have it */
  readonly replicas?: number;
  /** IPv4 blocks that the load balancer's own addresses are in: it alone gets in. */
  readonly loadBalancerBlocks: readonly string[];
  /** Whether the load balancer says by PROXY protocol who is asking, and is believed. @default true */
  readonly proxyProtocol?: boolean;
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
  /** @default - requests are only routed */
  readonly protection?: TrafficProtection;
  /** @default - none */
  readonly tracing?: TrafficTracing;
  /**
   * IPv4 address that Ingresses say they are reached by: Argo CD takes one without an address for unfinished.
   * @default - none
   */
  readonly publishedAddress?: string;
  /** How it reaches the cluster. @default - as a Helm release */
  readonly delivery?: Delivery;
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

  /** @throws SocleError when no load balancer's block is given, or a limit or rate is out of range */
  constructor(scope: Construct, id: string, props: TraefikProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { certificate, redirectToHttps, namespace, protection } = props;
    const middlewares = protection ? middlewaresOf(protection) : [];
    const entryPoint =
      (props.proxyProtocol ?? true) ? { proxyProtocol: { trustedIPs: [...props.loadBalancerBlocks] } } : {};
    const component = new Component(this, "Default", {
      name: "traefik",
      namespace,
      repository: "https://traefik.github.io/charts",
      version: "41.3.0",
      values: [
        ...(protection ? [protectionValues(namespace, protection, middlewares)] : []),
        ...(props.tracing ? [tracingValues(props.tracing)] : []),
      ].reduce<Values>(mergeValues, {
        ...(props.replicas === undefined ? {} : { deployment: { replicas: props.replicas } }),
        ports: {
          web: {
            ...entryPoint,
            ...(redirectToHttps ? { http: { redirections: { entryPoint: redirection(redirectToHttps) } } } : {}),
          },
          websecure: entryPoint,
        },
        ...(props.publishedAddress === undefined
          ? {}
          : { providers: { kubernetesIngress: { ingressEndpoint: { ip: props.publishedAddress } } } }),
        ...(certificate ? { extraObjects: certificateObjects(namespace.name, certificate) } : {}),
      }),
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
      ...(props.delivery ? { delivery: props.delivery } : {}),
    });
    this.delivered = component.delivered;
    this.pods = component.pods("gateway");
    this.pods.allowFromBlocks("load-balancer", props.loadBalancerBlocks, { port: PORTS.http }, { port: PORTS.https });
    if (props.nodePorts) {
      this.listenOnNodes(namespace, props.nodePorts);
    }
    if (certificate) {
      this.reachSolvers("acme_solver", namespace, certificate.when);
    }
    if (protection) {
      new Manifests(this, "middlewares", { namespace, manifests: middlewares, dependsOn: [this.delivered] });
    }
    if (protection?.coraza) {
      this.pods.allowToInternet("plugin-catalogue", { port: 443 });
    }
    if (props.tracing) {
      this.pods.allowTo(props.tracing.collector, { port: props.tracing.port });
    }
  }

  /**
   * Lets it reach the pods by which cert-manager answers an authority that asks over HTTP, in the namespace of the
   * certificate.
   *
   * @param when an input of type `bool`: only while it is true
   */
  reachSolvers(id: string, namespace: INamespace, when?: TerraformVariable): void {
    const solver = new Pods(this, id, { namespace, labels: SOLVER.labels, ...(when ? { when } : {}) });
    solver.allowFrom(this.pods, { port: SOLVER.port });
  }

  private listenOnNodes(namespace: INamespace, { http, https }: { http: number; https: number }): void {
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
      dependsOn: [...namespace.present],
    });
  }
}

function problemsOf({ loadBalancerBlocks, protection, tracing }: TraefikProps): string[] {
  return [
    ...(loadBalancerBlocks.length > 0
      ? []
      : ["loadBalancerBlocks is empty, so nobody could reach it: give the block of the load balancer's addresses"]),
    ...(protection
      ? wholeNumberProblems({
          "protection.requestsPerSecond": protection.requestsPerSecond,
          "protection.burst": protection.burst,
          "protection.maximumBodyMib": protection.maximumBodyMib,
        })
      : []),
    ...(protection?.onlyProxies && !protection.proxyBlocks
      ? ["protection.onlyProxies is true without proxyBlocks, so nobody would be answered: give the proxies' blocks"]
      : []),
    ...(tracing && !(tracing.sampleRate >= 0 && tracing.sampleRate <= 1)
      ? [`tracing.sampleRate is ${tracing.sampleRate}: use a share from 0 to 1`]
      : []),
  ];
}

/** The middlewares, in the order in which a request goes through them: what is cheap to refuse first. */
function middlewaresOf(protection: TrafficProtection): Manifest[] {
  const { requestsPerSecond, burst, maximumBodyMib, proxyBlocks, onlyProxies, coraza } = protection;
  const middleware = (name: string, spec: unknown): Manifest => ({
    apiVersion: "traefik.io/v1alpha1",
    kind: "Middleware",
    metadata: { name },
    spec,
  });
  return [
    ...(onlyProxies ? [middleware("only-proxies", { ipAllowList: { sourceRange: proxyBlocks } })] : []),
    middleware("security-headers", {
      headers: {
        stsSeconds: 31536000,
        contentTypeNosniff: true,
        frameDeny: true,
        referrerPolicy: "strict-origin-when-cross-origin",
        // An empty value takes a header away.
        customResponseHeaders: { Server: "", "X-Powered-By": "" },
      },
    }),
    middleware("rate-limit", {
      rateLimit: {
        average: requestsPerSecond,
        burst,
        // The nearest address that is no proxy's. Who comes past the proxies has none there, and would share one limit.
        ...(onlyProxies ? { sourceCriterion: { ipStrategy: { excludedIPs: proxyBlocks } } } : {}),
      },
    }),
    middleware("body-limit", {
      buffering: { maxRequestBodyBytes: maximumBodyMib * 1024 * 1024, memRequestBodyBytes: 1024 * 1024 },
    }),
    ...(coraza
      ? [
          middleware("coraza", {
            plugin: {
              coraza: {
                directives: [
                  "Include @recommended-conf",
                  "Include @crs-setup-conf",
                  "Include @owasp_crs/*.conf",
                  // The recommended configuration only looks.
                  "SecRuleEngine On",
                ],
              },
            },
          }),
        ]
      : []),
  ];
}

function protectionValues(
  namespace: INamespace,
  { proxyBlocks, coraza }: TrafficProtection,
  middlewares: readonly Manifest[],
): Values {
  const forwarded = proxyBlocks ? { forwardedHeaders: { trustedIPs: proxyBlocks } } : {};
  return {
    ports: {
      web: forwarded,
      websecure: {
        ...forwarded,
        http: { middlewares: middlewares.map(({ metadata }) => `${namespace.name}-${metadata.name}@kubernetescrd`) },
      },
    },
    ...(coraza
      ? {
          // Rather no gateway than one that looks at nothing.
          experimental: { abortOnPluginFailure: true, plugins: { coraza: CORAZA } },
          // The rules, compiled, for each middleware that uses them.
          resources: { requests: { memory: "256Mi" }, limits: { memory: "512Mi" } },
        }
      : {}),
  };
}

function tracingValues({ host, port, sampleRate }: TrafficTracing): Values {
  return {
    tracing: {
      sampleRate,
      // In the cluster's own network; the mesh encrypts it where there is one.
      otlp: { enabled: true, grpc: { enabled: true, endpoint: `${host}:${port}`, insecure: true } },
    },
  };
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
        // The node ports of the namespace's quota are Traefik's own.
        solvers: [{ http01: { ingress: { ingressClassName: "traefik", serviceType: "ClusterIP" } } }],
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
