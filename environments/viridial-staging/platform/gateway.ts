import { Fn, type TerraformRemoteState, TerraformOutput, Token } from "cdktf";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { Namespace } from "../../../constructs/cluster/namespace";
import { Pods } from "../../../constructs/cluster/network-policy";
import { type Layer } from "../../../constructs/core/layer";
import { AcmeIssuers } from "../../../constructs/gateway/acme-issuers";
import { CertManager } from "../../../constructs/gateway/cert-manager";
import { Kong } from "../../../constructs/gateway/kong";
import { Traefik } from "../../../constructs/gateway/traefik";
import { Monitors } from "../../../constructs/observability/monitors";
import { type PrometheusStack } from "../../../constructs/observability/prometheus-stack";
import { Linkerd } from "../../../constructs/security/linkerd";
import { TRAEFIK_NODE_PORTS } from "../cluster";
import { ADDRESSES, NAMESPACES, PODS, TENANT } from "../names";
import { type Profile, type ViridialSettings } from "../settings";
import { type FoundationNamespaces } from "./foundation-namespaces";
import { GATEWAY_ALERTS } from "./gateway-alerts";
import { type GatewayInputs, gatewayInputs } from "./gateway-inputs";
import { gatewayReadme } from "./gateway-readme";

export interface GatewayProps {
  readonly cluster: KubernetesCluster;
  /** Outputs of the layer that made the cluster. */
  readonly earlier: TerraformRemoteState;
  readonly namespaces: FoundationNamespaces;
  readonly settings: ViridialSettings;
  readonly monitoring: PrometheusStack;
}

interface Size {
  /** On different nodes. */
  readonly traefikReplicas: number;
  readonly kongReplicas: number;
}

const SIZES: Readonly<Record<Profile, Size>> = {
  staging: { traefikReplicas: 2, kongReplicas: 1 },
  production: { traefikReplicas: 3, kongReplicas: 2 },
};

/** All requests: which share of the traces is kept is up to the collector, or the two would multiply. */
const TRACED = 1;

/** Coarse limits for every address: those of tenants are Kong's. */
const LIMITS = { requestsPerSecond: 50, burst: 100, maximumBodyMib: 10 };

/** OTLP over HTTP, where the collector listens beside gRPC: Kong speaks nothing else. */
const OTLP_HTTP_PORT = 4318;

/** Where the certificate is that the values files of Traefik name. */
const CERTIFICATE_SECRET = "gateway-tls";

/** The way in: Traefik with certificates, and Kong behind it. */
export function addGateway(layer: Layer, props: GatewayProps): CertManager {
  const { cluster, settings } = props;
  const inputs = gatewayInputs(layer, settings);
  const apiHost = Fn.join(".", ["api", inputs.domainName.stringValue]);
  const collector = new Pods(layer, "trace_collector", {
    namespace: props.namespaces.monitoring,
    labels: PODS.openTelemetryCollector.labels,
    name: "opentelemetry-collector",
  });
  const certManager = new CertManager(layer, "cert_manager", {
    namespace: new Namespace(layer, "certificates", {
      cluster,
      name: NAMESPACES.certManager,
      quota: { cpuMillis: 200, memoryMib: 768, pods: 10 },
    }),
  });
  const traefik = addTraefik(layer, props, inputs, collector);
  const kong = addKong(layer, props, inputs, collector);
  kong.answerBehind(traefik, apiHost);
  issueCertificate(layer, traefik, certManager, inputs, apiHost);
  addMesh(layer, cluster, certManager, inputs);
  watch(layer, props, { traefik, kong, certManager });
  addOutputs(layer, inputs, apiHost);
  gatewayReadme(settings.waf).forEach((section) => layer.addReadmeSection(section));
  return certManager;
}

function addTraefik(
  layer: Layer,
  { cluster, earlier, settings }: GatewayProps,
  inputs: GatewayInputs,
  collector: Pods,
): Traefik {
  const { traefikReplicas } = SIZES[settings.profile];
  const coraza = settings.waf === "coraza";
  return new Traefik(layer, "traefik", {
    namespace: new Namespace(layer, "gateway", {
      cluster,
      name: NAMESPACES.gateway,
      // All replicas twice, in a rolling update, and the pods that answer Let's Encrypt.
      quota: {
        cpuMillis: 100 * traefikReplicas + 200,
        memoryMib: (coraza ? 512 : 256) * traefikReplicas + 512,
        pods: 2 * traefikReplicas + 8,
        nodePorts: 2,
      },
    }),
    replicas: traefikReplicas,
    loadBalancerBlocks: [Fn.format("%s/32", [earlier.getString("load_balancer_private_ip")])],
    nodePorts: TRAEFIK_NODE_PORTS,
    protection: {
      ...LIMITS,
      proxyBlocks: inputs.trustedProxyCidrBlocks.listValue,
      onlyProxies: settings.waf === "cloudflare",
      coraza,
    },
    tracing: { collector, ...ADDRESSES.openTelemetryCollector, sampleRate: TRACED },
  });
}

function addKong(layer: Layer, { cluster, settings }: GatewayProps, inputs: GatewayInputs, collector: Pods): Kong {
  const { kongReplicas } = SIZES[settings.profile];
  return new Kong(layer, "kong", {
    namespace: new Namespace(layer, "api_gateway", {
      cluster,
      name: NAMESPACES.apiGateway,
      // One more replica, in a rolling update.
      quota: { cpuMillis: 150 * (kongReplicas + 1), memoryMib: 416 * (kongReplicas + 1), pods: kongReplicas + 3 },
    }),
    replicas: kongReplicas,
    maximumBodyMegabytes: LIMITS.maximumBodyMib,
    tenantHeader: TENANT.header,
    tenantClaim: TENANT.claim,
    proxyBlocks: inputs.trustedProxyCidrBlocks.listValue,
    tracing: { collector, host: ADDRESSES.openTelemetryCollector.host, port: OTLP_HTTP_PORT, sampleRate: TRACED },
  });
}

function issueCertificate(
  layer: Layer,
  traefik: Traefik,
  certManager: CertManager,
  inputs: GatewayInputs,
  apiHost: string,
): void {
  const issuers = new AcmeIssuers(layer, "acme_issuers", {
    certManager,
    email: inputs.acmeEmail.stringValue,
    cloudflare: {
      when: inputs.dns01Enabled,
      apiToken: inputs.cloudflareApiToken,
      apiTokenRevision: inputs.cloudflareApiTokenRevision,
    },
  });
  const names = Fn.concat([[inputs.domainName.stringValue, apiHost], inputs.certificateNames.listValue]);
  issuers.issue("gateway", {
    namespace: traefik.pods.namespace,
    secretName: CERTIFICATE_SECRET,
    dnsNames: Token.asList(Fn.distinct(names)),
    issuer: inputs.certificateIssuer.stringValue,
  });
  traefik.reachSolvers("acme_solver", traefik.pods.namespace);
}

function addMesh(layer: Layer, cluster: KubernetesCluster, certManager: CertManager, inputs: GatewayInputs): void {
  const when = inputs.linkerdEnabled;
  new Linkerd(layer, "mesh", {
    namespace: new Namespace(layer, "linkerd", {
      cluster,
      name: NAMESPACES.linkerd,
      quota: { cpuMillis: 300, memoryMib: 768, pods: 10 },
      when,
    }),
    cniNamespace: new Namespace(layer, "linkerd_cni", {
      cluster,
      name: NAMESPACES.linkerdCni,
      quota: { cpuMillis: 300, memoryMib: 512, pods: 12 },
      podSecurity: {
        level: "privileged",
        reason:
          "Linkerd's agent writes a network plugin and its configuration into its node's file system, so that no pod of the mesh needs NET_ADMIN.",
      },
      when,
    }),
    certManager,
  });
}

function watch(
  layer: Layer,
  { namespaces, monitoring }: GatewayProps,
  { traefik, kong, certManager }: { traefik: Traefik; kong: Kong; certManager: CertManager },
): void {
  const monitors = new Monitors(layer, "gateway_monitors", {
    prometheus: monitoring.prometheus,
    namespace: namespaces.monitoring,
    dependsOn: [monitoring.delivered],
  });
  monitors.scrape({ pods: traefik.pods, portName: "metrics", port: traefik.metricsPort });
  monitors.scrape({ pods: kong.pods, ...kong.metrics });
  monitors.scrape({ pods: kong.controller, ...kong.controllerMetrics });
  monitors.scrape({ pods: certManager.controller, ...certManager.metrics });
  monitors.alert("gateway", GATEWAY_ALERTS);
}

function addOutputs(layer: Layer, inputs: GatewayInputs, apiHost: string): void {
  // Inputs are constructs of the same names.
  const forwarded = (name: string, description: string, value: string) =>
    new TerraformOutput(layer, `${name}_output`, { description, value }).overrideLogicalId(name);
  forwarded("domain_name", "Name that the environment is reached by, for later layers.", inputs.domainName.stringValue);
  forwarded(
    "certificate_issuer",
    "ClusterIssuer of the environment, for later layers.",
    inputs.certificateIssuer.stringValue,
  );
  new TerraformOutput(layer, "api_host", {
    description: "Host name of the API: services are behind https://<api_host>/.",
    value: apiHost,
  });
}
