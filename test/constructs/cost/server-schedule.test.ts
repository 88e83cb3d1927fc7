import { TerraformVariable } from "cdktf";
import { ServerSchedule } from "../../../constructs/cost/server-schedule";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { synthesizeLayer } from "../../support/construct";

describe("ServerSchedule", () => {
  const { json } = synthesizeLayer((layer) => {
    const enabled = new TerraformVariable(layer, "enabled", { type: "bool", description: "On" });
    new ServerSchedule(layer, "schedule", {
      name: "app",
      account: new AwsAccount(layer, "account", "eu-west-1"),
      instanceId: "i-1",
      enabled: enabled.booleanValue,
      startExpression: "cron(0 7 ? * MON-FRI *)",
      stopExpression: "cron(0 21 ? * MON-FRI *)",
      timezone: "Europe/Paris",
    });
  });

  test.each([
    ["start", "Starts", "cron(0 7 ? * MON-FRI *)"],
    ["stop", "Stops", "cron(0 21 ? * MON-FRI *)"],
  ])("GIVEN expressions THEN the schedule calls ec2:%sInstances for the one server", (name, verb, expression) => {
    expect(json.resource?.["aws_scheduler_schedule"]?.[`schedule_${name}`]).toEqual({
      name: `app-${name}`,
      description: `${verb} the server app`,
      group_name: "${aws_scheduler_schedule_group.schedule.name}",
      state: '${var.enabled ? "ENABLED" : "DISABLED"}',
      schedule_expression: expression,
      schedule_expression_timezone: "Europe/Paris",
      flexible_time_window: { mode: "OFF" },
      target: {
        arn: `arn:aws:scheduler:::aws-sdk:ec2:${name}Instances`,
        role_arn: "${aws_iam_role.schedule_role.arn}",
        input: '${jsonencode({"InstanceIds" = ["i-1"]})}',
        retry_policy: { maximum_retry_attempts: 10, maximum_event_age_in_seconds: 3600 },
      },
    });
  });

  test("THEN the role may start and stop that server, and nothing else", () => {
    expect(json.data?.["aws_iam_policy_document"]?.["schedule_role_start_and_stop"]).toEqual({
      statement: [
        {
          sid: "StartAndStopThisServer",
          actions: ["ec2:StartInstances", "ec2:StopInstances"],
          resources: [
            "arn:${data.aws_partition.account.partition}:ec2:eu-west-1:${data.aws_caller_identity.account.account_id}:instance/i-1",
          ],
        },
      ],
    });
    expect(Object.keys(json.resource?.["aws_iam_role_policy"] ?? {})).toEqual(["schedule_role_start_and_stop_policy"]);
  });

  test("THEN only schedules of this group and account may assume the role", () => {
    expect(json.data?.["aws_iam_policy_document"]?.["schedule_role_trust"]).toEqual({
      statement: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["scheduler.amazonaws.com"] }],
          condition: [
            {
              test: "StringEquals",
              variable: "aws:SourceAccount",
              values: ["${data.aws_caller_identity.account.account_id}"],
            },
            {
              test: "StringEquals",
              variable: "aws:SourceArn",
              values: ["${aws_scheduler_schedule_group.schedule.arn}"],
            },
          ],
        },
      ],
    });
  });
});
