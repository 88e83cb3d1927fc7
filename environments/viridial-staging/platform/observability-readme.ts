import { type ReadmeSection } from "../../../constructs/core/layer";

/** What the README says in numbers. */
export interface ObservabilityNumbers {
  /** Namespace of Prometheus, Loki, Jaeger and Grafana. */
  readonly namespace: string;
  /** Namespace of what runs on every node. */
  readonly nodeAgents: string;
  readonly metricsGib: number;
  readonly logDays: number;
  readonly traceDays: number;
  readonly sampledPercent: number;
}

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer viridial-staging-platform says of metrics, logs, traces and alerts. */
export function observabilityReadme(numbers: ObservabilityNumbers): readonly ReadmeSection[] {
  const { namespace, nodeAgents, metricsGib, logDays, traceDays, sampledPercent } = numbers;
  return [
    section(
      "Grafana and Prometheus",
      "Neither is reached from outside: the outputs `grafana_command` and `prometheus_command` open a way that ends with the command.",
      "",
      "```sh",
      'eval "$(terraform output -raw grafana_command)"            # then http://localhost:3000, user admin',
      'eval "$(terraform output -raw grafana_password_command)"   # its password',
      "```",
      "",
      "Grafana has three dashboards (Infrastructure, Services, Business) and the data sources Prometheus, Alertmanager, Loki and Jaeger. All come",
      "from the repository, and it keeps nothing: what is changed in the browser is gone after a restart.",
      "",
      `Prometheus reads every 15 seconds and keeps 30 days, or less once its volume of ${metricsGib} GB is nearly full. It takes ServiceMonitors,`,
      "PodMonitors and rules of every namespace; later layers bring theirs.",
      "",
      "Who uses how much is in the recordings `tenant:api_requests_billed:increase1h` and `tenant:api_response_bytes:increase1h`, by the label",
      "`tenant`, which is the id of the organization. Alloy counts what the API gateway logs (`tenant_api_requests_total`, with `tenant`,",
      "`upstream` and `status`), and only lines with a tenant that the gateway itself verified: a forged header and a refused caller count for",
      "nobody. When Alloy restarts, its counters begin anew, which `increase` knows; the calls of the last seconds before are not counted, so the",
      "numbers are never too high.",
    ),
    section(
      "Logs",
      `Alloy reads the logs of all pods on every node, and the audit log of the Kubernetes API on control planes; Loki keeps them for ${logDays} days.`,
      "In Grafana: Explore, data source Loki.",
      "",
      "| What | LogQL |",
      "| --- | --- |",
      '| Errors of a service | `{service="property", level="error"}` |',
      '| Everything of one tenant | `{tenant="0b8f5e0c-1d2e-4f3a-8b9c-0d1e2f3a4b5c"}` |',
      '| One request through all services | `{namespace=~"viridial-.+"} \\| trace_id="4bf92f3577b34da6a3ce929d0e0e4736"` |',
      '| One pod | `{namespace="viridial-data"} \\| pod="postgresql-1"` |',
      '| Who changed Secrets | `{job="kubernetes-audit"} \\| resource="secrets" \\| json` |',
      '| Who changed who may do what | `{job="kubernetes-audit"} \\| resource=~"(cluster)?role(binding)?s" \\| json` |',
      '| What Falco saw | `{service="falco"} \\| json` |',
      '| Slow calls at the API gateway | `{namespace="kong"} \\| json \\| latencies_request > 1000` |',
      "",
      "Labels are `namespace`, `service`, `level` (debug, info, warn, error, unknown), `tenant` and, for the audit log, `job`. `pod`, `container`",
      "and `trace_id` are structured metadata: behind a `|`, since each value of a label would be another stream.",
      "",
      "A service writes one JSON object a line, with `level`, `message` and, where it has them, `tenant_id` and `trace_id`. What is no JSON is kept",
      "too, with the level `unknown`.",
      "",
      "The API server's own policy leaves reading out of the audit log, and the content of every object.",
    ),
    section(
      "Traces",
      `Gateways and services send OTLP to \`opentelemetry-collector.${namespace}\` (4317 gRPC, 4318 HTTP), every trace; the collector keeps ${sampledPercent} % of`,
      `them, whole. Jaeger keeps those for ${traceDays} days. A namespace is let in by its own layer. See them in Grafana, or by \`jaeger_command\`.`,
      "",
      "A trace leads to its lines in Loki, and a line with a `trace_id` to its trace.",
    ),
    section(
      "How an alert reaches somebody",
      "A rule of Prometheus holds for a while, Prometheus tells Alertmanager, and that goes by the alert's label `severity`:",
      "",
      "| severity | told by | again after | means |",
      "| --- | --- | --- | --- |",
      "| critical | PagerDuty, Slack, e-mail | 4 hours | somebody has to act now, at night too |",
      "| warning | Slack, e-mail | 12 hours | somebody has to act on a working day |",
      "| info | nobody | | to be seen in Grafana |",
      "",
      "Each way is off until its input is true, and needs the others beside it:",
      "",
      "| Way | Inputs |",
      "| --- | --- |",
      "| Slack | `alert_slack_enabled`, `alert_slack_webhook_url` (secret), `alert_slack_channel` |",
      "| PagerDuty | `alert_pagerduty_enabled`, `alert_pagerduty_routing_key` (secret) |",
      "| e-mail | `alert_email_enabled`, `alert_email_to`, `alert_email_from`, `alert_smtp_host`, `alert_smtp_username`, `alert_smtp_password` (secret) |",
      "| heartbeat | `alert_heartbeat_enabled`, `alert_heartbeat_url` |",
      "",
      "With none of them nobody is told: that is what a first apply does. When a secret one is given for the first time, or changed, raise",
      "`alert_secrets_revision` with it. Secrets are ephemeral inputs: needed by `plan` and by `apply`, in no plan file and no state.",
      "",
      "The heartbeat is the way round: a service outside expects a call every few minutes, and tells somebody when it stops, because the cluster",
      "is gone or Alertmanager is.",
      "",
      "Try it once, after enabling a way:",
      "",
      "```sh",
      `kubectl --namespace ${namespace} exec alertmanager-kube-prometheus-stack-alertmanager-0 -c alertmanager -- \\`,
      "  amtool alert add Test severity=critical --annotation=summary='A test' --annotation=description='Nothing to do.' \\",
      "  --alertmanager.url=http://localhost:9093",
      "```",
      "",
      "To silence an alert while it is worked on, always with an end and a reason: in Alertmanager (`alertmanager_command`, New Silence), or",
      "",
      "```sh",
      `kubectl --namespace ${namespace} exec alertmanager-kube-prometheus-stack-alertmanager-0 -c alertmanager -- \\`,
      "  amtool silence add alertname=NodeCpu instance=worker-1 --duration=2h --author=\"$USER\" --comment='resizing' \\",
      "  --alertmanager.url=http://localhost:9093",
      "```",
      "",
      "The rules are `environments/viridial-staging/alerts.yaml` and those that other parts bring: `kubectl get prometheusrules --all-namespaces`.",
    ),
    section(
      "Falco",
      `It watches the system calls of every node from \`${nodeAgents}\`, by a probe of its own (\`modern_ebpf\`, in the kernel since 5.8; no module is`,
      "built). Its container is not privileged but has the capabilities BPF, PERFMON, SYS_PTRACE and SYS_RESOURCE, no AppArmor profile, and mounts",
      "the node's `/proc`, `/etc`, `/usr` and containerd's socket: that is why the namespace has the Pod Security level `privileged`.",
      "",
      'Events of the priority notice and above are in Loki (`{service="falco"}`); from warning on they raise SuspiciousBehaviour, from critical on',
      "CriticalBehaviour. The rules are those of Falco's image, so they change with the chart's version only.",
    ),
  ];
}
