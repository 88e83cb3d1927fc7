import { Fn, type IResolvable, Token } from "cdktf";
import { SocleError } from "../core/error";
import { type Condition } from "../cluster/namespace";

/** That a component was chosen by ops. */
export interface ComponentCondition extends Condition {
  /** Its name, for what decides by itself, outside Terraform. */
  readonly component: string;
}

/** Which components ops chose: a condition for each. */
export class ComponentSelection {
  private readonly conditions = new Map<string, ComponentCondition>();

  /**
   * @param names every component that can be chosen
   * @param chosen those that are, a list that Terraform knows
   */
  constructor(
    private readonly names: readonly string[],
    private readonly chosen: IResolvable | string[],
  ) {}

  /**
   * That one was chosen; the same object at each call.
   *
   * @throws SocleError when there is no such component
   */
  of(component: string): ComponentCondition {
    SocleError.throwIfAny(
      "component selection",
      this.names.includes(component)
        ? []
        : [`there is no component "${component}": use one of ${this.names.join(", ")}`],
    );
    const known = this.conditions.get(component);
    if (known) {
      return known;
    }
    const condition = { component, booleanValue: Token.asAny(Fn.contains(this.chosen, component)) };
    this.conditions.set(component, condition);
    return condition;
  }
}

/** Whether a condition is that of a component. */
export function isComponentCondition(condition: Condition): condition is ComponentCondition {
  return "component" in condition && typeof condition.component === "string";
}
