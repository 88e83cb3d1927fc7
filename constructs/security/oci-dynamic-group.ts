import { Fn, type TerraformProvider } from "cdktf";
import { Construct } from "constructs";
import { IdentityDynamicGroup } from "@cdktf/provider-oci/lib/identity-dynamic-group";
import { IdentityPolicy } from "@cdktf/provider-oci/lib/identity-policy";

export interface OciInstanceGroupProps {
  /** Unique in the tenancy. */
  readonly name: string;
  readonly tenancyId: string;
  /** Ids of the instances that belong to it, and of no other. */
  readonly instanceIds: string[];
  /** Provider of the tenancy's home region: identity can be changed nowhere else. */
  readonly homeProvider: TerraformProvider;
}

/** Instances that act with rights of their own (a dynamic group), and the policies that say which. */
export class OciInstanceGroup extends Construct {
  private readonly groupName: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: OciInstanceGroupProps,
  ) {
    super(scope, id);
    const group = new IdentityDynamicGroup(this, "Resource", {
      provider: props.homeProvider,
      compartmentId: props.tenancyId,
      name: props.name,
      description: `Instances of ${props.name}`,
      matchingRule: Fn.format("ANY {%s}", [Fn.join(", ", Fn.formatlist("instance.id = '%s'", [props.instanceIds]))]),
    });
    this.groupName = group.name;
  }

  /**
   * Gives the group a right.
   *
   * @param id names the policy, after the group
   * @param what for whoever reads the policy: one sentence
   * @param right what follows "Allow dynamic-group … to", such as `use keys in compartment id …`
   */
  allow(id: string, what: string, right: string): void {
    new IdentityPolicy(this, id, {
      provider: this.props.homeProvider,
      compartmentId: this.props.tenancyId,
      name: `${this.props.name}-${id.replaceAll("_", "-")}`,
      description: what,
      statements: [`Allow dynamic-group ${this.groupName} to ${right}`],
    });
  }
}
