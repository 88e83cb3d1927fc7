import { TerraformOutput, TerraformVariable } from "cdktf";
import { NotificationTopic, type Publisher } from "../../../constructs/observability/notification-topic";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { only, synthesizeLayer } from "../../support/construct";

describe("NotificationTopic", () => {
  const build = (...publishers: Publisher[]) => {
    let problems: string[] = [];
    const synthesized = synthesizeLayer((layer) => {
      const emails = new TerraformVariable(layer, "emails", { type: "list(string)", description: "Who" });
      const topic = new NotificationTopic(layer, "topic", {
        name: "app-notifications",
        account: new AwsAccount(layer, "account", "eu-west-1"),
        emails,
      });
      for (const publisher of publishers) {
        const value = topic.arnFor(publisher);
        new TerraformOutput(layer, publisher, { value, description: "The topic for a publisher" });
      }
      problems = topic.node.validate();
    });
    return { ...synthesized, problems };
  };

  test("GIVEN two publishers THEN the policy lets in both, for this account only, and the ARN comes through it", () => {
    const { json, problems } = build("cloudwatch.amazonaws.com", "budgets.amazonaws.com");

    expect(json.data?.["aws_iam_policy_document"]?.["topic_publishers"]).toEqual({
      statement: [
        {
          sid: "ServicesOfThisAccountPublish",
          actions: ["sns:Publish"],
          resources: ["${aws_sns_topic.topic.arn}"],
          principals: [{ type: "Service", identifiers: ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }],
          condition: [
            {
              test: "StringEquals",
              variable: "aws:SourceAccount",
              values: ["${data.aws_caller_identity.account.account_id}"],
            },
          ],
        },
      ],
    });
    const throughPolicy = expect.objectContaining({ value: "${aws_sns_topic_policy.topic_policy.arn}" }) as unknown;
    expect(Object.values(json.output ?? {})).toEqual([throughPolicy, throughPolicy]);
    expect(problems).toEqual([]);
  });

  test("THEN it has no key, which would silence Budgets and CloudWatch, and a subscription for each address", () => {
    const { json } = build("budgets.amazonaws.com");

    expect(only(json.resource?.["aws_sns_topic"])).toEqual({
      name: "app-notifications",
      display_name: "app-notifications",
    });
    expect(only(json.resource?.["aws_sns_topic_subscription"])).toEqual({
      for_each: "${toset(var.emails)}",
      topic_arn: "${aws_sns_topic.topic.arn}",
      protocol: "email",
      endpoint: "${each.value}",
    });
  });

  test("fails validation when nobody publishes to it", () => {
    expect(build().problems).toEqual(["nobody publishes to this topic: use arnFor() or remove it"]);
  });
});
