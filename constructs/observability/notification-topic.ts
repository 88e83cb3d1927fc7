import { Lazy, TerraformIterator, type TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { DataAwsIamPolicyDocument } from "@cdktf/provider-aws/lib/data-aws-iam-policy-document";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { type AwsAccount } from "../security/aws-account";

export interface NotificationTopicProps {
  readonly name: string;
  readonly account: AwsAccount;
  /** An input of type `list(string)`: who gets its messages by e-mail, after confirming it. */
  readonly emails: TerraformVariable;
}

/** An AWS service that can publish to a topic. */
export type Publisher = "budgets.amazonaws.com" | "cloudwatch.amazonaws.com";

/**
 * An SNS topic for warnings to people.
 *
 * It is not encrypted with a key: under `alias/aws/sns` Budgets and CloudWatch are silently refused, a customer key costs
 * a dollar a month, and a message says no more than which alarm or budget it is about. SNS encrypts its disks anyway.
 */
export class NotificationTopic extends Construct {
  readonly arn: string;
  private readonly publishers = new Set<Publisher>();
  private readonly policy: SnsTopicPolicy;

  constructor(scope: Construct, id: string, props: NotificationTopicProps) {
    super(scope, id);
    const topic = new SnsTopic(this, "Resource", { name: props.name, displayName: props.name });
    this.arn = topic.arn;

    const document = new DataAwsIamPolicyDocument(this, "publishers", {
      statement: [
        {
          sid: "ServicesOfThisAccountPublish",
          actions: ["sns:Publish"],
          resources: [topic.arn],
          principals: [
            { type: "Service", identifiers: Lazy.listValue({ produce: () => [...this.publishers].sort() }) },
          ],
          condition: [{ test: "StringEquals", variable: "aws:SourceAccount", values: [props.account.id] }],
        },
      ],
    });
    this.policy = new SnsTopicPolicy(this, "policy", { arn: topic.arn, policy: document.json });

    const emails = TerraformIterator.fromList(props.emails.listValue);
    new SnsTopicSubscription(this, "email", {
      forEach: emails,
      topicArn: topic.arn,
      protocol: "email",
      endpoint: emails.value as string,
    });
    this.node.addValidation({
      validate: () => (this.publishers.size > 0 ? [] : ["nobody publishes to this topic: use arnFor() or remove it"]),
    });
  }

  /**
   * The topic's ARN for a service that publishes to it; the service is let in by this call. It comes through the
   * policy, since Budgets checks at creation that it may publish.
   */
  arnFor(publisher: Publisher): string {
    this.publishers.add(publisher);
    return this.policy.arn;
  }
}
