import { Fn, type IResolvable, Token } from "cdktf";
import { Construct } from "constructs";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { type NotificationTopic } from "./notification-topic";

export interface ServerAlarmsProps {
  /** Prefix of the alarms' names. */
  readonly name: string;
  readonly region: string;
  readonly instanceId: string;
  readonly notify: NotificationTopic;
  /** A Spot instance cannot be recovered by an alarm: then a system failure only notifies. */
  readonly usesSpot: IResolvable;
  /** Average CPU over 15 minutes that is worth a message, in percent. @default 85 */
  readonly cpuPercent?: number;
}

/**
 * Alarms of one server: CPU, the system's status check (which also moves the server to healthy hardware) and the
 * instance's own.
 *
 * A stopped instance publishes no metrics; missing data counts as good, so the schedule's stop raises nothing.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/UsingAlarmActions.html
 */
export class ServerAlarms extends Construct {
  constructor(scope: Construct, id: string, props: ServerAlarmsProps) {
    super(scope, id);
    const topic = props.notify.arnFor("cloudwatch.amazonaws.com");
    const shared = {
      namespace: "AWS/EC2",
      dimensions: { InstanceId: props.instanceId },
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching",
      okActions: [topic],
    };
    const statusCheck = { ...shared, statistic: "Maximum", period: 60, threshold: 1 };

    new CloudwatchMetricAlarm(this, "cpu", {
      ...shared,
      alarmName: `${props.name}-cpu`,
      alarmDescription: `CPU at ${props.cpuPercent ?? 85} % or more for 15 minutes: T4g earns no credits at that load and slows down`,
      metricName: "CPUUtilization",
      statistic: "Average",
      period: 300,
      evaluationPeriods: 3,
      threshold: props.cpuPercent ?? 85,
      alarmActions: [topic],
    });
    const recover = Fn.format("arn:aws:automate:%s:ec2:recover", [props.region]) as string;
    new CloudwatchMetricAlarm(this, "system_status", {
      ...statusCheck,
      alarmName: `${props.name}-system-status`,
      alarmDescription: "The hardware or hypervisor failed: AWS moves the server to another host (On-Demand only)",
      metricName: "StatusCheckFailed_System",
      evaluationPeriods: 2,
      alarmActions: Token.asList(Fn.concat([[topic], Token.asList(Fn.conditional(props.usesSpot, [], [recover]))])),
    });
    new CloudwatchMetricAlarm(this, "instance_status", {
      ...statusCheck,
      alarmName: `${props.name}-instance-status`,
      alarmDescription: "The operating system does not answer: look at the console output, then reboot",
      metricName: "StatusCheckFailed_Instance",
      // A boot takes a few minutes in which this check fails.
      evaluationPeriods: 5,
      alarmActions: [topic],
    });
  }
}
