import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { CeCostAllocationTag } from "@cdktf/provider-aws/lib/ce-cost-allocation-tag";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";
import { type NotificationTopic } from "../observability/notification-topic";

export interface ProjectBudgetProps {
  /** Name in the Budgets console; unique in the account. */
  readonly name: string;
  /** Monthly limit, in US dollars; an input's value or a number above 0. */
  readonly monthlyLimitUsd: number;
  /** Cost is counted where the tag `Project` has this value. @default - the whole account */
  readonly project?: string;
  /** Who is warned. @default - nobody; the budget is still visible in the console */
  readonly notify?: NotificationTopic;
}

/** Percent of the limit at which a warning goes out. */
const THRESHOLDS = [
  { notificationType: "ACTUAL", threshold: 80 },
  { notificationType: "ACTUAL", threshold: 100 },
  { notificationType: "FORECASTED", threshold: 100 },
] as const;

/**
 * A monthly cost budget that warns at 80 % and 100 % of actual and at 100 % of forecast cost. It warns; it stops nothing.
 *
 * @see https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
 */
export class ProjectBudget extends Construct {
  /** @throws SocleError when the limit is not more than 0 */
  constructor(scope: Construct, id: string, props: ProjectBudgetProps) {
    super(scope, id);
    const limit = props.monthlyLimitUsd;
    const isInput = Token.isUnresolved(limit);
    if (!isInput && !(limit > 0)) {
      throw new SocleError(this.node.path, [`monthlyLimitUsd is ${limit}: use more than 0`]);
    }
    new BudgetsBudget(this, "Resource", {
      name: props.name,
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: isInput ? Token.asString(limit) : String(limit),
      limitUnit: "USD",
      ...(props.project === undefined
        ? {}
        : // format(), since "$${" in a plain string is Terraform's escape and not a dollar sign before a value.
          { costFilter: [{ name: "TagKeyValue", values: [Fn.format("user:Project$%s", [props.project])] }] }),
      ...(props.notify === undefined ? {} : { notification: this.warnings(props.notify) }),
    });
  }

  private warnings(topic: NotificationTopic) {
    return THRESHOLDS.map((threshold) => ({
      ...threshold,
      comparisonOperator: "GREATER_THAN",
      thresholdType: "PERCENTAGE",
      subscriberSnsTopicArns: [topic.arnFor("budgets.amazonaws.com")],
    }));
  }
}

/**
 * Makes the tag `Project` a cost allocation tag, without which a budget by project stays at 0.
 *
 * Only the payer (management) account can do it, and only once AWS has seen the tag on some resource (up to 24 hours),
 * so it is a setting and not the default; either way the layer's README says what to do.
 */
export class ProjectCostAllocation extends Construct {
  constructor(scope: Construct, id: string, props: { readonly activate: boolean }) {
    super(scope, id);
    if (props.activate) {
      new CeCostAllocationTag(this, "Resource", { tagKey: "Project", status: "Active" });
    }
    Layer.of(this).addReadmeSection({
      title: "Budgets",
      body: [
        "A budget by project counts what carries the tag `Project`, and AWS counts by a tag only after it has been activated as a cost",
        "allocation tag **in the payer account** (Billing → Cost allocation tags). AWS lists the tag there up to 24 hours after the first",
        "apply; until it is active the budget shows 0 and never warns.",
        props.activate
          ? "This layer activates it (`aws_ce_cost_allocation_tag`): the apply fails while the tag has not been seen yet; repeat it a day later."
          : "This layer leaves that to the payer account; its authors can switch on the setting `activateCostAllocationTag` where the two are one.",
        "",
        "Each address in `budget_notification_emails` gets a message from AWS after the first apply and has to confirm it.",
      ].join("\n"),
    });
  }
}
