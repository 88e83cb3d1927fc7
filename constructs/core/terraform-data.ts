import { TerraformResource } from "cdktf";
import { type Construct } from "constructs";

export interface TerraformDataProps {
  /** Any value; kept in state and given back as `output`. @default - none */
  readonly input?: unknown;
  /** Any value: when it is another one, or one that the apply has yet to find out, a new `id` takes the place of the old. @default - none */
  readonly triggersReplace?: unknown;
}

/**
 * Terraform's built-in resource `terraform_data`: keeps a value, and others can be replaced when it changes.
 *
 * Not cdktf's `DataResource`, whose validation runs `terraform version`: a synth must not need Terraform.
 */
export class TerraformData extends TerraformResource {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: TerraformDataProps = {},
  ) {
    super(scope, id, { terraformResourceType: "terraform_data" });
  }

  get id(): string {
    return this.getStringAttribute("id");
  }

  /** `terraform_data.<name>`, for `replaceTriggeredBy`: Terraform refuses the `${…}` that cdktf writes for a reference. */
  get address(): string {
    return `${this.terraformResourceType}.${this.friendlyUniqueId}`;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { input: this.props.input, triggers_replace: this.props.triggersReplace };
  }
}
