import { TerraformVariable } from "cdktf";
import { ProjectBudget, ProjectCostAllocation } from "../../../constructs/cost/project-budget";
import { NotificationTopic } from "../../../constructs/observability/notification-topic";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { only, synthesizeLayer } from "../../support/construct";

describe("ProjectBudget", () => {
  test("GIVEN a project and a topic THEN its tag is counted and 80 %, 100 % and the forecast of 100 % warn", () => {
    const { json } = synthesizeLayer((layer) => {
      const emails = new TerraformVariable(layer, "emails", { type: "list(string)", description: "Who" });
      const notify = new NotificationTopic(layer, "topic", {
        name: "t",
        account: new AwsAccount(layer, "account", "eu-west-1"),
        emails,
      });
      const project = new TerraformVariable(layer, "project", { type: "string", description: "Project" }).stringValue;
      new ProjectBudget(layer, "budget", { name: project, monthlyLimitUsd: 18, project, notify });
    });

    const warning = (notificationType: string, threshold: number) => ({
      notification_type: notificationType,
      threshold,
      threshold_type: "PERCENTAGE",
      comparison_operator: "GREATER_THAN",
      subscriber_sns_topic_arns: ["${aws_sns_topic_policy.topic_policy.arn}"],
    });
    expect(only(json.resource?.["aws_budgets_budget"])).toEqual({
      name: "${var.project}",
      budget_type: "COST",
      time_unit: "MONTHLY",
      limit_amount: "18",
      limit_unit: "USD",
      cost_filter: [{ name: "TagKeyValue", values: ['${format("user:Project$%s", var.project)}'] }],
      notification: [warning("ACTUAL", 80), warning("ACTUAL", 100), warning("FORECASTED", 100)],
    });
  });

  test("GIVEN neither project nor topic THEN the whole account is counted and nobody is warned", () => {
    const { json } = synthesizeLayer((layer) => new ProjectBudget(layer, "b", { name: "global", monthlyLimitUsd: 30 }));

    expect(only(json.resource?.["aws_budgets_budget"])).toEqual({
      name: "global",
      budget_type: "COST",
      time_unit: "MONTHLY",
      limit_amount: "30",
      limit_unit: "USD",
    });
  });

  test("GIVEN an input for the limit THEN Terraform takes its value", () => {
    const { json } = synthesizeLayer((layer) => {
      const limit = new TerraformVariable(layer, "limit", { type: "number", description: "Limit" });
      new ProjectBudget(layer, "b", { name: "b", monthlyLimitUsd: limit.numberValue });
    });

    expect(only(json.resource?.["aws_budgets_budget"])).toMatchObject({ limit_amount: "${var.limit}" });
  });

  test.each([0, -1, NaN])("fails for a limit of %d", (monthlyLimitUsd) => {
    expect(() => synthesizeLayer((layer) => new ProjectBudget(layer, "b", { name: "b", monthlyLimitUsd }))).toThrow(
      `test/b: monthlyLimitUsd is ${monthlyLimitUsd}: use more than 0`,
    );
  });
});

describe("ProjectCostAllocation", () => {
  test.each([
    [
      true,
      { aws_ce_cost_allocation_tag: { tag: { tag_key: "Project", status: "Active" } } },
      "This layer activates it",
    ],
    [false, undefined, "This layer leaves that to the payer account"],
  ])("GIVEN activate %s THEN the resource is there or not, and the README says so", (activate, resource, sentence) => {
    const { json, layer } = synthesizeLayer((scope) => new ProjectCostAllocation(scope, "tag", { activate }));

    expect(json.resource).toEqual(resource);
    expect(layer.readmeSections[0]?.title).toBe("Budgets");
    expect(layer.readmeSections[0]?.body).toContain(sentence);
    expect(layer.readmeSections[0]?.body).toContain("**in the payer account**");
  });
});
