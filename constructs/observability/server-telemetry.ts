import { Construct } from "constructs";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { type ServiceRole } from "../security/service-role";

export interface ServerTelemetryProps {
  /** Name of the log group, such as `/kauri/server`. */
  readonly logGroupName: string;
  /** CloudWatch namespace of the server's own metrics (memory, disk). */
  readonly namespace: string;
  /** Days that log lines are kept. @default 30 */
  readonly retentionDays?: number;
}

/** Where a server's CloudWatch agent sends logs and metrics. */
export class ServerTelemetry extends Construct {
  readonly logGroupName: string;
  readonly namespace: string;
  private readonly logGroupArn: string;

  constructor(scope: Construct, id: string, props: ServerTelemetryProps) {
    super(scope, id);
    const group = new CloudwatchLogGroup(this, "Resource", {
      name: props.logGroupName,
      retentionInDays: props.retentionDays ?? 30,
    });
    this.logGroupName = group.name;
    this.logGroupArn = group.arn;
    this.namespace = props.namespace;
  }

  /** Lets a role write to this log group and this namespace, and no others. */
  grantWrite(role: ServiceRole): void {
    role.allow("push_telemetry", [
      {
        sid: "WriteLogs",
        actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        resources: [`${this.logGroupArn}:*`],
      },
      {
        sid: "PushMetrics",
        actions: ["cloudwatch:PutMetricData"],
        // AWS knows no narrower resource for this action; the condition keeps it to one namespace.
        resources: ["*"],
        condition: [{ test: "StringEquals", variable: "cloudwatch:namespace", values: [this.namespace] }],
      },
    ]);
  }
}
