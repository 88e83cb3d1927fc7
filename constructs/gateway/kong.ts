import { createHash } from "node:crypto";
import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { Component, toTerraformText } from "../cluster/component";
import { type Manifest, Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { wholeNumberProblems } from "../core/problems";
import { type Traefik } from "./traefik";

/** The class of the Ingresses, plugins and consumers that it goes by; the values files say the same. */
const INGRESS_CLASS = "kong";

/** What the values files make of the chart's names. */
const PROXY = { service: "kong-proxy", servicePort: 80, port: 8000 };

const STATUS = { portName: "status", port: 8100 };
const CONTROLLER = { webhookPort: 8080, metrics: { portName: "cmetrics", port: 10255 } };

/** Our own plugin: the files of its folder, which a ConfigMap brings into the pods. */
const TENANT_PLUGIN = { name: "tenant", folder: "constructs/gateway/kong/plugins/tenant" };
const TENANT_PLUGIN_FILES = ["handler.lua", "schema.lua"];

/** Where traces go. */
export interface KongTracing {
  readonly collector: Pods;
  /** Name of its Service, with its namespace. */
  readonly host: string;
  /** Port for OTLP over HTTP, of Service and pods: Kong's plugin knows no gRPC. */
  readonly port: number;
  /** Share of the requests that are traced, 0 to 1. */
  readonly sampleRate: number;
}

export interface KongProps {
  readonly namespace: INamespace;
  /** Of proxy and ingress controller, which are in one pod. */
  readonly replicas: number;
  /** A larger request body is refused with 413. */
  readonly maximumBodyMegabytes: number;
  /** Header that services are told the tenant by; a client's own is dropped on every route. */
  readonly tenantHeader: string;
  /** Claim of a verified token that holds the tenant's UUID. */
  readonly tenantClaim: string;
  /**
   * CIDR blocks of proxies in front of Traefik, such as Cloudflare's, which are believed when they say who is asking. A
   * token is fine.
   * @default - Traefik's word is the last
   */
  readonly proxyBlocks?: string[];
  /** @default - none */
  readonly tracing?: KongTracing;
}

/**
 * The API gateway: Kong without a database, whose ingress controller goes by Ingresses, plugins and consumers of the class
 * `kong`. Its admin API is on the pod's own loopback address.
 *
 * On every route, unless the route says otherwise: metrics, a correlation id, a limit on bodies, traces, and our own plugin
 * `tenant`, which drops the client's tenant header and sets it from the verified token or API key. There it refuses nothing;
 * a route that is for tenants only configures it once more, with `required: true`.
 */
export class Kong extends Construct implements Connectable {
  readonly pods: Pods;
  /** The same pods as {@link pods}, for the flow to the ingress controller's own metrics. */
  readonly controller: Pods;
  /** Where Prometheus reads what Kong did. */
  readonly metrics = STATUS;
  /** Where Prometheus reads whether Kong took what Ingresses say. */
  readonly controllerMetrics = CONTROLLER.metrics;
  /** What brings its kinds, for who makes plugins or consumers. */
  readonly delivered: ITerraformDependable;
  private readonly namespace: INamespace;

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: KongProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { namespace, replicas, proxyBlocks, tracing } = props;
    const { podCidrBlock } = namespace.cluster.network;
    this.namespace = namespace;

    const files = TENANT_PLUGIN_FILES.map(
      (file) => [file, readProjectFile(`${TENANT_PLUGIN.folder}/${file}`)] as const,
    );
    const plugin = new ConfigMapV1(this, "tenant_plugin", {
      metadata: { name: "kong-plugin-tenant", namespace: namespace.name },
      data: Object.fromEntries(files.map(([file, text]) => [file, toTerraformText(text)])),
      dependsOn: [...namespace.present],
    });
    const component = new Component(this, "Default", {
      name: "kong",
      namespace,
      repository: "https://charts.konghq.com",
      version: "3.4.1",
      values: {
        replicaCount: replicas,
        // The chart refuses one for a single replica: its node could never be drained.
        ...(replicas > 1 ? { podDisruptionBudget: { enabled: true, maxUnavailable: 1 } } : {}),
        // Who may say who is asking; no other pod but Traefik is let in.
        env: { trusted_ips: proxyBlocks ? Fn.join(",", Fn.concat([[podCidrBlock], proxyBlocks])) : podCidrBlock },
        plugins: { configMaps: [{ pluginName: TENANT_PLUGIN.name, name: "kong-plugin-tenant" }] },
        // Kong reads the files when it starts.
        podAnnotations: {
          "socle/plugin-tenant": createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16),
        },
      },
      pods: {
        kong: {
          labels: { "app.kubernetes.io/name": "kong" },
          resources: ["resources", "ingressController.resources"],
          replicas: { valueAt: "replicaCount" },
          needsKubernetesApi: true,
          webhookPorts: [CONTROLLER.webhookPort],
        },
      },
      dependsOn: [plugin],
    });
    this.delivered = component.delivered;
    this.pods = component.pods("kong");
    this.controller = new Pods(this, "controller", {
      namespace,
      labels: this.pods.labels,
      name: "kong-ingress-controller",
    });
    new Manifests(this, "plugins", {
      name: "kong-plugins",
      namespace,
      manifests: globalPlugins(props),
      dependsOn: [this.delivered],
    });
    if (tracing) {
      this.pods.allowTo(tracing.collector, { port: tracing.port });
    }
  }

  /**
   * Lets it answer a host name, over HTTPS, behind Traefik.
   *
   * @param host such as `api.example.com`; a token is fine
   */
  answerBehind(gateway: Traefik, host: string): void {
    new Manifests(this, "route", {
      name: "kong-route",
      namespace: this.namespace,
      manifests: [
        {
          apiVersion: "traefik.io/v1alpha1",
          kind: "IngressRoute",
          metadata: { name: "kong" },
          spec: {
            entryPoints: ["websecure"],
            routes: [
              {
                kind: "Rule",
                match: Fn.format("Host(`%s`)", [host]),
                services: [{ name: PROXY.service, port: PROXY.servicePort }],
              },
            ],
            tls: {},
          },
        },
      ],
      dependsOn: [this.delivered, gateway.delivered],
    });
    this.pods.allowFrom(gateway, { port: PROXY.port });
  }
}

function problemsOf({ replicas, maximumBodyMegabytes, tracing }: KongProps): string[] {
  return [
    ...wholeNumberProblems({ replicas, maximumBodyMegabytes }),
    ...(tracing && !(tracing.sampleRate >= 0 && tracing.sampleRate <= 1)
      ? [`tracing.sampleRate is ${tracing.sampleRate}: use a share from 0 to 1`]
      : []),
  ];
}

/** What is on every route. @see https://developer.konghq.com/plugins/ */
function globalPlugins({ maximumBodyMegabytes, tenantHeader, tenantClaim, tracing }: KongProps): Manifest[] {
  const plugin = (name: string, config: unknown): Manifest => ({
    apiVersion: "configuration.konghq.com/v1",
    kind: "KongClusterPlugin",
    metadata: {
      name,
      labels: { global: "true" },
      annotations: { "kubernetes.io/ingress.class": INGRESS_CLASS },
    },
    plugin: name,
    config,
  });
  return [
    plugin("prometheus", {
      status_code_metrics: true,
      latency_metrics: true,
      bandwidth_metrics: true,
      upstream_health_metrics: true,
    }),
    plugin("correlation-id", { header_name: "X-Request-ID", generator: "uuid", echo_downstream: true }),
    plugin("request-size-limiting", { allowed_payload_size: maximumBodyMegabytes, size_unit: "megabytes" }),
    plugin(TENANT_PLUGIN.name, { header_name: tenantHeader, claim: tenantClaim, required: false }),
    ...(tracing
      ? [
          plugin("opentelemetry", {
            traces_endpoint: `http://${tracing.host}:${tracing.port}/v1/traces`,
            sampling_rate: tracing.sampleRate,
            resource_attributes: { "service.name": "kong" },
          }),
        ]
      : []),
  ];
}
