import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { cidrBlocks, emailAddresses, matches, wholeNumber } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";

/** The choices of ops for kauri-aws, each a Terraform variable of the layer. */
export type KauriInputs = ReturnType<typeof kauriInputs>;

/** Six fields; AWS checks the rest when the schedule is made. */
const SCHEDULE = "^cron\\(\\S+( \\S+){5}\\)$";

export function kauriInputs(layer: Layer) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const schedule = (name: string, what: string, expression: string) =>
    input(name, {
      type: "string",
      description: `When the server is ${what}, as an EventBridge Scheduler cron expression (minute, hour, day of month, month, day of week, year) in scheduler_timezone.`,
      default: expression,
      validation: [
        matches(
          name,
          SCHEDULE,
          `${name} takes a cron expression of six fields such as "${expression}": minute, hour, day of month, month, day of week, year.`,
        ),
      ],
    });

  const budget = (name: string, what: string, limit: number) =>
    input(name, {
      type: "number",
      description: `Monthly budget for ${what}, in US dollars; passing it warns and stops nothing.`,
      default: limit,
      validation: [
        { condition: `\${var.${name} > 0}`, errorMessage: `${name} takes an amount above 0, in US dollars.` },
      ],
    });

  return {
    globalBudgetUsd: budget("global_budget_usd", "the whole account", 30),
    projectBudgetUsd: budget("project_budget_usd", "what carries the project's tag", 18),
    awsRegion: input("aws_region", {
      type: "string",
      description: "AWS region that everything lives in.",
      default: "eu-west-1",
      validation: [
        matches("aws_region", "^[a-z]{2}(-[a-z]+)+-[0-9]$", 'aws_region takes a region such as "eu-west-1".'),
      ],
    }),
    projectName: input("project_name", {
      type: "string",
      description: "Name of the project: prefix of every name, path of the parameters, value of the tag Project.",
      default: "kauri",
      validation: [
        matches(
          "project_name",
          "^[a-z][a-z0-9-]{1,19}$",
          "project_name takes 2 to 20 lower-case letters, digits and dashes, the first a letter: it becomes part of a bucket's name.",
        ),
      ],
    }),
    sshKeyName: input("ssh_key_name", {
      type: "string",
      description: "Name of an EC2 key pair that exists already in the region; its private key opens the server.",
      validation: [
        {
          condition: '${trimspace(var.ssh_key_name) != ""}',
          errorMessage:
            "ssh_key_name is empty: give the name of an EC2 key pair of this region (aws ec2 describe-key-pairs).",
        },
      ],
    }),
    adminCidrBlocks: input("admin_cidr_blocks", {
      type: "list(string)",
      description:
        "IPv4 CIDR blocks that may reach SSH (22) and Grafana (3000), such as an office or a VPN; each a /16 or narrower.",
      validation: cidrBlocks("admin_cidr_blocks", 16),
    }),
    budgetNotificationEmails: input("budget_notification_emails", {
      type: "list(string)",
      description: "Who gets budget warnings and alarms by e-mail; each address confirms a message from AWS first.",
      validation: [
        {
          condition: "${length(var.budget_notification_emails) > 0}",
          errorMessage: "budget_notification_emails is empty, so nobody would be warned: give at least one address.",
        },
        ...emailAddresses("budget_notification_emails"),
      ],
    }),
    ssmParameters: input("ssm_parameters", {
      type: "map(object({ value = string, description = optional(string) }))",
      description:
        'Secrets of the application, by name: { OPENAI_API_KEY = { value = "…", description = "…" } }. Each becomes an SSM SecureString /<project_name>/<name> and an environment variable of the application. Names and descriptions are not secret.',
      sensitive: true,
      validation: [
        {
          condition:
            '${alltrue([for name in keys(var.ssm_parameters) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])}',
          errorMessage:
            "ssm_parameters has a name that cannot be an environment variable: use letters, digits and _, such as OPENAI_API_KEY.",
        },
        {
          condition:
            "${alltrue([for parameter in values(var.ssm_parameters) : length(parameter.value) > 0 && length(parameter.value) <= 4096])}",
          errorMessage:
            "ssm_parameters has an empty value, or one above 4096 characters, the limit of SSM's standard tier.",
        },
      ],
    }),
    ssmParametersVersion: input("ssm_parameters_version", {
      type: "number",
      description:
        "Raise it by one whenever a value in ssm_parameters has changed: Terraform keeps no value to compare with.",
      default: 1,
      validation: [wholeNumber("ssm_parameters_version")],
    }),
    useSpotInstance: input("use_spot_instance", {
      type: "bool",
      description:
        "Buys Spot capacity: cheaper, but AWS may stop the server at any time. A change replaces the server; see Spot in the README.",
      default: false,
    }),
    instanceType: input("instance_type", {
      type: "string",
      description: "EC2 instance type, ARM (Graviton) only.",
      default: "t4g.large",
      validation: [
        matches(
          "instance_type",
          "^[a-z]+[0-9]+g[a-z]*\\.[a-z0-9-]+$",
          "instance_type takes an ARM (Graviton) type such as t4g.large or m7g.large: image, packages and containers are arm64, so an x86 type would not boot.",
        ),
      ],
    }),
    dataVolumeGib: input("data_volume_gib", {
      type: "number",
      description: "Size of the data volume, in GiB. It can be raised later, never lowered.",
      default: 80,
      validation: [
        {
          condition:
            "${var.data_volume_gib >= 1 && var.data_volume_gib <= 16384 && floor(var.data_volume_gib) == var.data_volume_gib}",
          errorMessage: "data_volume_gib takes a whole number of GiB between 1 and 16384.",
        },
      ],
    }),
    scheduleEnabled: input("schedule_enabled", {
      type: "bool",
      description:
        "Whether the server is started and stopped by the clock; false leaves it as it is, at about twice the price.",
      default: true,
    }),
    schedulerStartExpression: schedule("scheduler_start_expression", "started", "cron(0 7 ? * MON-FRI *)"),
    schedulerStopExpression: schedule("scheduler_stop_expression", "stopped", "cron(0 21 ? * MON-FRI *)"),
    schedulerTimezone: input("scheduler_timezone", {
      type: "string",
      description: "IANA time zone of the schedule and of the nightly dump.",
      default: "Europe/Paris",
      validation: [
        matches(
          "scheduler_timezone",
          "^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$",
          'scheduler_timezone takes an IANA time zone such as "Europe/Paris" or "UTC"; abbreviations such as CET do not follow daylight saving.',
        ),
      ],
    }),
  };
}
