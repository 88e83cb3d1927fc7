import { TerraformVariable, type TerraformVariableConfig, type TerraformVariableValidationConfig } from "cdktf";
import { emailAddresses, matches, wholeNumber } from "../../../constructs/core/input-validation";
import { type Layer } from "../../../constructs/core/layer";

/** The choices of ops for the observation of viridial-staging, each a Terraform variable of the layer. */
export type ObservabilityInputs = ReturnType<typeof observabilityInputs>;

export function observabilityInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const enabled = (name: string, description: string) =>
    input(`${name}_enabled`, { type: "bool", description, default: false });
  const revision = (name: string, what: string) =>
    input(name, {
      type: "number",
      description: `Raise it by one to have ${what} written anew: Terraform keeps no value to compare with.`,
      default: 1,
      validation: [wholeNumber(name)],
    });
  /** A value that an enabled way needs. */
  const needed = (name: string, by: string, value: string): TerraformVariableValidationConfig => ({
    condition: `\${!var.${by}_enabled || ${value}}`,
    errorMessage: `${by}_enabled needs ${name}.`,
  });
  /** In no plan file and no state; null as long as it is not needed. */
  const secret = (name: string, by: string, description: string) => {
    const variable = input(name, {
      type: "string",
      description: `${description} Required with ${by}_enabled. It reaches a Secret of the cluster and no state.`,
      nullable: true,
      sensitive: true,
      validation: [needed(name, by, `length(coalesce(var.${name}, " ")) > 1`)],
    });
    // cdktf knows neither ephemeral inputs nor null.
    variable.addOverride("ephemeral", true);
    variable.addOverride("default", null);
    return variable;
  };

  return {
    grafanaPasswordRevision: revision("grafana_password_revision", "a new password of Grafana's admin"),
    alertSecretsRevision: revision(
      "alert_secrets_revision",
      "changed alert_slack_webhook_url, alert_pagerduty_routing_key and alert_smtp_password",
    ),
    slackEnabled: enabled("alert_slack", "Whether alerts of the severities critical and warning are told in Slack."),
    slackWebhookUrl: secret("alert_slack_webhook_url", "alert_slack", "Address of Slack's incoming webhook."),
    slackChannel: input("alert_slack_channel", {
      type: "string",
      description: "Slack's channel for alerts.",
      default: "#alerts",
      validation: [
        matches(
          "alert_slack_channel",
          "^#[a-z0-9_-]{1,80}$",
          'alert_slack_channel takes the name of a channel with its "#", such as "#alerts".',
        ),
      ],
    }),
    pagerDutyEnabled: enabled("alert_pagerduty", "Whether critical alerts call somebody through PagerDuty."),
    pagerDutyRoutingKey: secret(
      "alert_pagerduty_routing_key",
      "alert_pagerduty",
      "Integration key of a PagerDuty service (Events API v2).",
    ),
    emailEnabled: enabled("alert_email", "Whether alerts of the severities critical and warning are told by e-mail."),
    emailTo: input("alert_email_to", {
      type: "list(string)",
      description: "Who is told by e-mail; required with alert_email_enabled.",
      default: [],
      validation: [
        ...emailAddresses("alert_email_to"),
        needed("alert_email_to", "alert_email", "length(var.alert_email_to) > 0"),
      ],
    }),
    emailFrom: input("alert_email_from", {
      type: "string",
      description: "Sender of the alerts; required with alert_email_enabled.",
      default: "",
      validation: [
        {
          condition:
            '${var.alert_email_from == "" || can(regex("^[^@\\\\s]+@[^@\\\\s]+\\\\.[^@\\\\s]+$", var.alert_email_from))}',
          errorMessage: 'alert_email_from takes an e-mail address such as "alerts@example.com".',
        },
        needed("alert_email_from", "alert_email", 'var.alert_email_from != ""'),
      ],
    }),
    smtpHost: input("alert_smtp_host", {
      type: "string",
      description:
        "Name of the server that takes the e-mail, on port 587 with STARTTLS (Hetzner closes 25 and 465 to new accounts); required with alert_email_enabled.",
      default: "",
      validation: [
        {
          condition:
            '${var.alert_smtp_host == "" || can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", var.alert_smtp_host))}',
          errorMessage: 'alert_smtp_host takes a host name without a port, such as "smtp.example.com".',
        },
        needed("alert_smtp_host", "alert_email", 'var.alert_smtp_host != ""'),
      ],
    }),
    smtpUsername: input("alert_smtp_username", {
      type: "string",
      description: "User of that server; required with alert_email_enabled.",
      default: "",
      validation: [needed("alert_smtp_username", "alert_email", 'var.alert_smtp_username != ""')],
    }),
    smtpPassword: secret("alert_smtp_password", "alert_email", "Password of that user."),
    heartbeatEnabled: enabled(
      "alert_heartbeat",
      "Whether an address outside is called every few minutes, so that it can tell somebody when alerting itself is down.",
    ),
    heartbeatUrl: input("alert_heartbeat_url", {
      type: "string",
      description:
        "That address, of a service such as healthchecks.io; required with alert_heartbeat_enabled. It is in the state: who knows it can pretend that alerting works, no more.",
      default: "",
      validation: [
        {
          condition: '${var.alert_heartbeat_url == "" || startswith(var.alert_heartbeat_url, "https://")}',
          errorMessage: "alert_heartbeat_url takes an address that begins with https://.",
        },
        needed("alert_heartbeat_url", "alert_heartbeat", 'var.alert_heartbeat_url != ""'),
      ],
    }),
  };
}
