import { Fn, type IResolvable } from "cdktf";
import { Construct } from "constructs";
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SchedulerScheduleGroup } from "@cdktf/provider-aws/lib/scheduler-schedule-group";
import { type AwsAccount } from "../security/aws-account";
import { ServiceRole } from "../security/service-role";

export interface ServerScheduleProps {
  /** Name of the schedule group and prefix of the role's name. */
  readonly name: string;
  readonly account: AwsAccount;
  readonly instanceId: string;
  readonly enabled: IResolvable;
  /** EventBridge Scheduler expression, such as `cron(0 7 ? * MON-FRI *)`. */
  readonly startExpression: string;
  /** EventBridge Scheduler expression, such as `cron(0 21 ? * MON-FRI *)`. */
  readonly stopExpression: string;
  /** IANA time zone that both expressions are read in, such as `Europe/Paris`; daylight saving is followed. */
  readonly timezone: string;
}

/**
 * Starts and stops one server by the clock, with EventBridge Scheduler, whose role may start and stop that server only.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
 */
export class ServerSchedule extends Construct {
  constructor(scope: Construct, id: string, props: ServerScheduleProps) {
    super(scope, id);
    const { account } = props;
    const group = new SchedulerScheduleGroup(this, "Resource", { name: props.name });
    const role = new ServiceRole(this, "role", {
      name: `${props.name}-scheduler`,
      description: "Starts and stops the server by the clock",
      service: "scheduler.amazonaws.com",
      conditions: [
        { test: "StringEquals", variable: "aws:SourceAccount", values: [account.id] },
        { test: "StringEquals", variable: "aws:SourceArn", values: [group.arn] },
      ],
    });
    role.allow("start_and_stop", [
      {
        sid: "StartAndStopThisServer",
        actions: ["ec2:StartInstances", "ec2:StopInstances"],
        resources: [account.arn("ec2", `instance/${props.instanceId}`)],
      },
    ]);

    const schedule = (name: "start" | "stop", expression: string) =>
      new SchedulerSchedule(this, name, {
        name: `${props.name}-${name}`,
        description: `${name === "start" ? "Starts" : "Stops"} the server ${props.name}`,
        groupName: group.name,
        state: Fn.conditional(props.enabled, "ENABLED", "DISABLED"),
        scheduleExpression: expression,
        scheduleExpressionTimezone: props.timezone,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: `arn:aws:scheduler:::aws-sdk:ec2:${name}Instances`,
          roleArn: role.arn,
          input: Fn.jsonencode({ InstanceIds: [props.instanceId] }),
          // A start that failed is tried again for an hour, not for the day that is AWS's default.
          retryPolicy: { maximumRetryAttempts: 10, maximumEventAgeInSeconds: 3600 },
        },
      });
    schedule("start", props.startExpression);
    schedule("stop", props.stopExpression);
  }
}
