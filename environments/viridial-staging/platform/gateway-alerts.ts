import { type AlertRule } from "../../../constructs/observability/monitors";

const DAY = 86400;

/** What somebody has to look at: Traefik, Kong and the certificates. */
export const GATEWAY_ALERTS: readonly AlertRule[] = [
  {
    alert: "GatewayMissing",
    expr: "absent(traefik_config_last_reload_success)",
    for: "5m",
    labels: { severity: "critical" },
    annotations: {
      summary: "No Traefik tells its metrics.",
      description: "Nothing is reachable from outside while none runs: look at the pods in the namespace traefik.",
    },
  },
  {
    alert: "GatewayErrors",
    expr:
      'sum(rate(traefik_entrypoint_requests_total{entrypoint="websecure",code=~"5.."}[5m]))' +
      ' / sum(rate(traefik_entrypoint_requests_total{entrypoint="websecure"}[5m])) > 0.05',
    for: "10m",
    labels: { severity: "critical" },
    annotations: {
      summary: "{{ $value | humanizePercentage }} of the requests are answered with a server error.",
      description: "Traefik's access log says for which route, in DownstreamStatus, RouterName and ServiceName.",
    },
  },
  {
    alert: "ApiGatewayMissing",
    expr: "absent(kong_nginx_connections_total)",
    for: "5m",
    labels: { severity: "critical" },
    annotations: {
      summary: "No Kong tells its metrics.",
      description: "The API is not reachable while none runs: look at the pods in the namespace kong.",
    },
  },
  {
    alert: "ApiGatewayConfigurationRefused",
    expr: 'sum(increase(ingress_controller_configuration_push_count{success="false"}[10m])) > 0',
    for: "10m",
    labels: { severity: "warning" },
    annotations: {
      summary: "Kong refuses what its Ingresses and plugins say.",
      description:
        "It goes on with what it had: changes have no effect, and a restarted pod stays unready. The log of the container ingress-controller names the object.",
    },
  },
  {
    alert: "CertificateExpires",
    expr: `certmanager_certificate_expiration_timestamp_seconds{exported_namespace!="linkerd"} - time() < ${14 * DAY}`,
    for: "1h",
    labels: { severity: "warning" },
    annotations: {
      summary: "The certificate {{ $labels.name }} expires in less than 14 days.",
      description:
        "cert-manager renews 30 days before. In the namespace {{ $labels.exported_namespace }}: kubectl describe certificate,order,challenge.",
    },
  },
  {
    alert: "CertificateNotReady",
    expr: 'certmanager_certificate_ready_status{condition="False"} == 1',
    for: "1h",
    labels: { severity: "warning" },
    annotations: {
      summary: "The certificate {{ $labels.name }} is not issued.",
      description:
        "Do its names point to the load balancer? In the namespace {{ $labels.exported_namespace }}: kubectl describe certificate,order,challenge.",
    },
  },
];
