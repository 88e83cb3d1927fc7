import { TerraformOutput, type TerraformVariable } from "cdktf";
import { type Values } from "../../constructs/cluster/component";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { ConditionalNamespace, ExistingNamespace, type INamespace } from "../../constructs/cluster/namespace";
import { Pods } from "../../constructs/cluster/network-policy";
import { type Layer } from "../../constructs/core/layer";
import { Alloy } from "../../constructs/observability/alloy";
import { monitorCluster, monitorNetworkFlows } from "../../constructs/observability/cluster-monitoring";
import { GpuExporter } from "../../constructs/observability/gpu-exporter";
import { Loki } from "../../constructs/observability/loki";
import { type Monitors } from "../../constructs/observability/monitors";
import { PostgresqlExporter } from "../../constructs/observability/postgresql-exporter";
import { PrometheusOperatorCrds } from "../../constructs/observability/prometheus-operator-crds";
import { PrometheusStack } from "../../constructs/observability/prometheus-stack";
import { Pushgateway } from "../../constructs/observability/pushgateway";
import { GeneratedSecret } from "../../constructs/secrets/generated-secret";
import { type VaultSecret } from "../../constructs/secrets/vault-store";
import { type SingleSignOn } from "../../constructs/security/single-sign-on";
import { type LabDelivery } from "./delivery";
import { labMonitors } from "./monitors";
import { GROUPS, NAMESPACES, publicName } from "./names";
import { allowToContainer } from "./network";
import { type LabSelection } from "./selection";
import { type LabSettings } from "./settings";

export interface LabObservabilityProps {
  readonly cluster: KubernetesCluster;
  readonly settings: LabSettings;
  readonly components: LabSelection["components"];
  readonly delivery: LabDelivery;
  /** `monitoring`. */
  readonly namespace: INamespace;
  /** `node-agents`, whose pods may mount what is the node's. */
  readonly nodeAgents: INamespace;
  /** What leads to Grafana's pages. */
  readonly traefik: Pods;
  /** Secret with the keys `user` and `password` of PostgreSQL's role `monitoring`. */
  readonly postgresql: VaultSecret;
  /** Login through Keycloak, whose Secret is in the same namespace; the layer that brings Keycloak allows the flow. */
  readonly singleSignOn: Omit<SingleSignOn, "pods" | "port">;
  /** Raised by one, Grafana's admin gets another password. */
  readonly grafanaPasswordRevision: TerraformVariable;
}

/** What other parts of the layer connect to. */
export interface LabObservability {
  /** What needs the kinds of the Prometheus Operator depends on it. */
  readonly kinds: PrometheusOperatorCrds;
  readonly stack: PrometheusStack;
  readonly pushgateway: Pushgateway;
}

const LOGS = { retentionDays: 3, volumeGib: 5 };

/**
 * Metrics, alerts and dashboards in every scenario; logs where Loki and Alloy are chosen, metrics of the GPU where that is.
 *
 * The kinds of the Prometheus Operator come first and by Helm, as everything after brings monitors.
 */
export function labObservability(layer: Layer, props: LabObservabilityProps): LabObservability {
  const { cluster, components, delivery, namespace, nodeAgents, settings } = props;
  const kinds = new PrometheusOperatorCrds(layer, "prometheus_operator_crds", { namespace });
  const monitors = (name: string, component?: "loki" | "alloy" | "gpu"): Monitors =>
    labMonitors(layer, cluster, name, component && components.of(component), [kinds.delivered]);

  const stack = addPrometheus(layer, props, kinds);
  monitorCluster(monitors("cluster"));
  const kubeSystem = new ExistingNamespace(cluster, "kube-system");
  const system = (id: string, app: string) =>
    new Pods(layer, `${id}_pods`, { namespace: kubeSystem, labels: { "k8s-app": app }, name: id });
  monitorNetworkFlows(monitors("network-flows"), {
    coreDns: system("coredns", "kube-dns"),
    ...(settings.cni === "cilium" ? { cilium: system("cilium", "cilium") } : {}),
  });

  const exporter = new PostgresqlExporter(layer, "postgresql_exporter", {
    namespace,
    host: publicName(settings, "postgres"),
    credentials: props.postgresql,
    // Container and cluster are on one machine's own Docker network.
    sslMode: "disable",
  });
  allowToContainer(exporter.pods, settings, "postgres");
  exporter.monitor(monitors("postgresql"));

  const pushgateway = new Pushgateway(layer, "pushgateway", { namespace });
  pushgateway.monitor(monitors("pushgateway"));

  new GpuExporter(layer, "gpu_exporter", {
    namespace: new ConditionalNamespace(namespace, components.of("gpu")),
  }).monitor(monitors("gpu", "gpu"));

  const loki = new Loki(layer, "loki", {
    namespace: new ConditionalNamespace(namespace, components.of("loki")),
    ...LOGS,
    delivery: delivery.of(),
  });
  stack.grafana.allowTo(loki, { port: loki.port });
  monitors("loki", "loki").scrape(loki.metrics);
  const alloy = new Alloy(layer, "alloy", {
    namespace: new ConditionalNamespace(nodeAgents, components.of("alloy")),
    loki,
    gatewayNamespace: NAMESPACES.kong,
    delivery: delivery.of({ wave: 1 }),
  });
  monitors("alloy", "alloy").scrape(alloy.metrics);

  addOutputs(layer, settings);
  return { kinds, stack, pushgateway };
}

function addPrometheus(layer: Layer, props: LabObservabilityProps, kinds: PrometheusOperatorCrds): PrometheusStack {
  const { components, delivery, namespace, settings, singleSignOn } = props;
  const host = publicName(settings, "grafana");
  const grafanaAdmin = new GeneratedSecret(layer, "grafana_admin", {
    namespace,
    generate: { "admin-password": { length: 32 } },
    values: { "admin-user": "admin" },
    revision: props.grafanaPasswordRevision,
    afterRotation: `Grafana keeps nothing of its own, so a restart is enough: \`kubectl --namespace ${namespace.name} rollout restart deployment/kube-prometheus-stack-grafana\`.`,
  });
  const stack = new PrometheusStack(layer, "prometheus_stack", {
    namespace,
    nodeExporterNamespace: props.nodeAgents,
    grafanaAdmin,
    dashboardSidecar: true,
    commonAlerts: false,
    delivery: delivery.of(),
    dependsOn: [kinds.delivered, singleSignOn.client.delivered],
    values: {
      grafana: {
        "grafana.ini": { server: { root_url: `https://${host}` } },
        ingress: { enabled: true, ingressClassName: "traefik", hosts: [host], tls: [{ hosts: [host] }] },
      },
    },
    overlays: [
      { when: components.of("loki"), values: lokiDataSource(`http://loki.${namespace.name}:3100`) },
      { when: singleSignOn.when, values: grafanaSingleSignOn(singleSignOn) },
    ],
  });
  stack.grafana.allowFrom(props.traefik, { port: 3000 });
  return stack;
}

/** Grafana's data sources with logs beside metrics. Helm replaces the list as a whole. */
export function lokiDataSource(url: string): Values {
  return {
    grafana: {
      datasources: {
        "datasources.yaml": {
          apiVersion: 1,
          datasources: [
            {
              name: "Prometheus",
              uid: "prometheus",
              type: "prometheus",
              access: "proxy",
              url: "http://kube-prometheus-stack-prometheus:9090",
              isDefault: true,
              jsonData: { timeInterval: "30s" },
            },
            { name: "Loki", uid: "loki", type: "loki", access: "proxy", url },
          ],
        },
      },
    },
  };
}

/**
 * Grafana's login through Keycloak, beside that of its own admin. Members of the group `admins` administer it, others edit.
 *
 * @see https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/keycloak/
 */
export function grafanaSingleSignOn({
  issuer,
  backchannel,
  client,
}: Pick<SingleSignOn, "issuer" | "backchannel" | "client">): Values {
  const protocol = "protocol/openid-connect";
  const fromSecret = (key: string) => ({ secretKeyRef: { name: client.secretName, key } });
  return {
    grafana: {
      envValueFrom: {
        GF_AUTH_GENERIC_OAUTH_CLIENT_ID: fromSecret("client-id"),
        GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: fromSecret("client-secret"),
      },
      "grafana.ini": {
        "auth.generic_oauth": {
          enabled: true,
          name: "Keycloak",
          allow_sign_up: true,
          use_pkce: true,
          scopes: "openid email profile",
          // The browser goes to the first, Grafana itself to the others.
          auth_url: `${issuer}/${protocol}/auth`,
          token_url: `${backchannel}/${protocol}/token`,
          api_url: `${backchannel}/${protocol}/userinfo`,
          login_attribute_path: "preferred_username",
          role_attribute_path: `contains(groups[*], '${GROUPS.admins}') && 'Admin' || 'Editor'`,
        },
      },
    },
  };
}

function addOutputs(layer: Layer, settings: LabSettings): void {
  new TerraformOutput(layer, "grafana_url", {
    description: "Dashboards, alerts and logs; the user is admin, or yours of Keycloak.",
    value: `https://${publicName(settings, "grafana")}`,
  });
  new TerraformOutput(layer, "grafana_password_command", {
    description: "Prints the password of Grafana's admin.",
    value: `kubectl --namespace ${NAMESPACES.monitoring} get secret grafana-admin --output jsonpath='{.data.admin-password}' | base64 --decode`,
  });
  new TerraformOutput(layer, "prometheus_command", {
    description: "Makes Prometheus http://localhost:9090 until it is stopped.",
    value: `kubectl --namespace ${NAMESPACES.monitoring} port-forward service/kube-prometheus-stack-prometheus 9090:9090`,
  });
}
