import { ServerTelemetry } from "../../../constructs/observability/server-telemetry";
import { ServerRole } from "../../../constructs/security/service-role";
import { only, synthesizeLayer } from "../../support/construct";

describe("ServerTelemetry", () => {
  const { json } = synthesizeLayer((layer) => {
    const telemetry = new ServerTelemetry(layer, "telemetry", { logGroupName: "/app/server", namespace: "app" });
    telemetry.grantWrite(new ServerRole(layer, "role", { name: "app" }));
  });

  test("GIVEN no retention THEN log lines are kept for 30 days", () => {
    expect(only(json.resource?.["aws_cloudwatch_log_group"])).toEqual({ name: "/app/server", retention_in_days: 30 });
  });

  test("WHEN a role may write THEN to this log group and this namespace only", () => {
    expect(json.data?.["aws_iam_policy_document"]?.["role_push_telemetry"]).toEqual({
      statement: [
        {
          sid: "WriteLogs",
          actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
          resources: ["${aws_cloudwatch_log_group.telemetry.arn}:*"],
        },
        {
          sid: "PushMetrics",
          actions: ["cloudwatch:PutMetricData"],
          resources: ["*"],
          condition: [{ test: "StringEquals", variable: "cloudwatch:namespace", values: ["app"] }],
        },
      ],
    });
  });
});
