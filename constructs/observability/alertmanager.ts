import { Fn, type TerraformVariable, Token } from "cdktf";
import { type Construct } from "constructs";
import { type Values } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { type GeneratedSecret } from "../secrets/generated-secret";

/** Ways to tell people of alerts. Each is there only while its input is true. */
export interface AlertReceivers {
  readonly slack: {
    /** An input of type `bool`. */
    readonly enabled: TerraformVariable;
    /** Channel, such as `#alerts`. */
    readonly channel: string;
  };
  readonly email: {
    /** An input of type `bool`. */
    readonly enabled: TerraformVariable;
    /** Addresses, joined by `, `. */
    readonly to: string;
    readonly from: string;
    /** Name of the server that takes the mail, on port 587 with STARTTLS. */
    readonly host: string;
    readonly username: string;
  };
  readonly pagerDuty: {
    /** An input of type `bool`. */
    readonly enabled: TerraformVariable;
  };
  /** An address outside that expects a call every few minutes, and tells somebody when it stops. */
  readonly heartbeat: {
    /** An input of type `bool`. */
    readonly enabled: TerraformVariable;
    readonly url: string;
  };
}

export interface AlertmanagerProps {
  readonly receivers: AlertReceivers;
  /** Secret with the keys of {@link RECEIVER_KEYS}: Alertmanager reads them from files, so no value has them. */
  readonly secret: GeneratedSecret;
}

/** What the Secret of the receivers holds. */
export const RECEIVER_KEYS = {
  slackWebhookUrl: "slack-webhook-url",
  pagerDutyRoutingKey: "pagerduty-routing-key",
  smtpPassword: "smtp-password",
} as const;

const SMTP_PORT = 587;

/** Where the Prometheus Operator mounts the Secrets of Alertmanager. */
const secretFile = (secret: GeneratedSecret, key: string) =>
  `/etc/alertmanager/secrets/${secret.secretName}/${secret.key(key).key}`;

/** A list with one element while an input is true, and an empty one otherwise. */
const whileTrue = (enabled: TerraformVariable, element: unknown) =>
  Token.asAny(Fn.conditional(enabled.booleanValue, [element], []));

const TEXT = "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ end }}";

/**
 * The configuration of Alertmanager: `critical` wakes somebody (PagerDuty) and is told everywhere else, `warning` is told
 * in Slack and by e-mail, `info` is only to be seen. Where none is enabled, nobody is told.
 *
 * Alerts of one name and namespace come as one message. An alert that has the label `subject` is not told while a
 * critical one of the same subject, namespace and instance is: a full disk is not "nearly full" as well.
 *
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function alertmanagerConfig({ receivers, secret }: AlertmanagerProps): Values {
  const { slack, email, pagerDuty, heartbeat } = receivers;
  const slackConfigs = whileTrue(slack.enabled, {
    api_url_file: secretFile(secret, RECEIVER_KEYS.slackWebhookUrl),
    channel: slack.channel,
    send_resolved: true,
    title: "{{ .Status | toUpper }} {{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }}",
    text: TEXT,
  });
  const emailConfigs = whileTrue(email.enabled, {
    to: email.to,
    from: email.from,
    smarthost: Fn.format("%s:%d", [email.host, SMTP_PORT]),
    auth_username: email.username,
    auth_password_file: secretFile(secret, RECEIVER_KEYS.smtpPassword),
    require_tls: true,
    send_resolved: true,
  });
  return {
    global: { resolve_timeout: "5m" },
    route: {
      receiver: "warning",
      group_by: ["alertname", "namespace"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "12h",
      routes: [
        {
          receiver: "heartbeat",
          matchers: ['alertname = "Watchdog"'],
          group_wait: "0s",
          group_interval: "1m",
          repeat_interval: "4m",
        },
        { receiver: "nobody", matchers: ['severity = "info"'] },
        { receiver: "critical", matchers: ['severity = "critical"'], repeat_interval: "4h" },
      ],
    },
    inhibit_rules: [
      {
        source_matchers: ['severity = "critical"', 'subject != ""'],
        target_matchers: ['severity = "warning"', 'subject != ""'],
        equal: ["subject", "namespace", "instance"],
      },
    ],
    receivers: [
      { name: "nobody" },
      {
        name: "heartbeat",
        webhook_configs: whileTrue(heartbeat.enabled, { url: heartbeat.url, send_resolved: false }),
      },
      { name: "warning", slack_configs: slackConfigs, email_configs: emailConfigs },
      {
        name: "critical",
        pagerduty_configs: whileTrue(pagerDuty.enabled, {
          routing_key_file: secretFile(secret, RECEIVER_KEYS.pagerDutyRoutingKey),
          severity: "critical",
          send_resolved: true,
          description: "{{ .CommonLabels.alertname }}: {{ .CommonAnnotations.summary }}",
        }),
        slack_configs: slackConfigs,
        email_configs: emailConfigs,
      },
    ],
    templates: [],
  };
}

/** Lets Alertmanager reach those that it tells, each only while it is enabled. */
export function allowToReceivers(scope: Construct, namespace: INamespace, receivers: AlertReceivers): void {
  const { slack, email, pagerDuty, heartbeat } = receivers;
  const allow = (name: string, when: TerraformVariable, port: number) =>
    new Pods(scope, `alertmanager_${name}`, { namespace, name: "alertmanager", labels: ALERTMANAGER_LABELS, when })
      // Their addresses are known to DNS only.
      .allowToInternet(name, { port });
  allow("slack", slack.enabled, 443);
  allow("email", email.enabled, SMTP_PORT);
  allow("pagerduty", pagerDuty.enabled, 443);
  allow("heartbeat", heartbeat.enabled, 443);
}

/** What the operator labels the pods of Alertmanager with. */
export const ALERTMANAGER_LABELS = { "app.kubernetes.io/name": "alertmanager" };
