import { TerraformVariable } from "cdktf";
import { NotificationTopic } from "../../../constructs/observability/notification-topic";
import { ServerAlarms } from "../../../constructs/observability/server-alarms";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { synthesizeLayer } from "../../support/construct";

describe("ServerAlarms", () => {
  const { json } = synthesizeLayer((layer) => {
    const emails = new TerraformVariable(layer, "emails", { type: "list(string)", description: "Who" });
    const spot = new TerraformVariable(layer, "spot", { type: "bool", description: "Spot" });
    const account = new AwsAccount(layer, "account", "eu-west-1");
    new ServerAlarms(layer, "alarms", {
      name: "app",
      region: "eu-west-1",
      instanceId: "i-1",
      notify: new NotificationTopic(layer, "topic", { name: "t", account, emails }),
      usesSpot: spot.booleanValue,
    });
  });
  const alarms = json.resource?.["aws_cloudwatch_metric_alarm"] ?? {};
  const topic = "${aws_sns_topic_policy.topic_policy.arn}";

  test("GIVEN a stopped server THEN no alarm cries: missing data is good", () => {
    expect(Object.keys(alarms).sort()).toEqual(["alarms_cpu", "alarms_instance_status", "alarms_system_status"]);
    for (const alarm of Object.values(alarms)) {
      expect(alarm).toMatchObject({
        namespace: "AWS/EC2",
        dimensions: { InstanceId: "i-1" },
        treat_missing_data: "notBreaching",
        comparison_operator: "GreaterThanOrEqualToThreshold",
        ok_actions: [topic],
      });
    }
  });

  test("WHEN the CPU is at 85 % for three times five minutes THEN it notifies", () => {
    expect(alarms["alarms_cpu"]).toMatchObject({
      metric_name: "CPUUtilization",
      statistic: "Average",
      period: 300,
      evaluation_periods: 3,
      threshold: 85,
      alarm_actions: [topic],
    });
  });

  test("WHEN the system check fails twice THEN the server is recovered, unless it is Spot, and it notifies", () => {
    expect(alarms["alarms_system_status"]).toMatchObject({
      metric_name: "StatusCheckFailed_System",
      statistic: "Maximum",
      period: 60,
      evaluation_periods: 2,
      threshold: 1,
      alarm_actions:
        '${concat([aws_sns_topic_policy.topic_policy.arn], var.spot ? [] : [format("arn:aws:automate:%s:ec2:recover", "eu-west-1")])}',
    });
  });

  test("WHEN the instance check fails five times, longer than a boot, THEN it notifies", () => {
    expect(alarms["alarms_instance_status"]).toMatchObject({
      metric_name: "StatusCheckFailed_Instance",
      evaluation_periods: 5,
      threshold: 1,
      alarm_actions: [topic],
    });
  });
});
