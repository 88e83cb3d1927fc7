import { type IResolvable, ref, TerraformDataSource, type TerraformResource, TerraformStack } from "cdktf";
import { type Construct } from "constructs";

/**
 * The address of a resource or data source as text, such as `data.aws_ami.server_ubuntu`.
 *
 * cdktf gives only a reference (`fqn`), which cannot be part of a larger expression and is refused where Terraform wants
 * a plain address.
 */
export function addressOf(element: TerraformResource | TerraformDataSource): string {
  const address = `${element.terraformResourceType}.${element.friendlyUniqueId}`;
  return element instanceof TerraformDataSource ? `data.${address}` : address;
}

/**
 * An expression that cdktf has no words for, such as one with `for` or `[*]`, as a token that can be part of others.
 *
 * @param scope any construct of the layer that it belongs to
 * @param text in Terraform's language, without `${` and `}` around it
 */
export function expression(scope: Construct, text: string): IResolvable {
  return ref(text, TerraformStack.of(scope));
}
