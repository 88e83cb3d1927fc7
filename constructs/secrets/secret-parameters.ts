import { Fn, propertyAccess, TerraformIterator, type TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { SsmParameter } from "@cdktf/provider-aws/lib/ssm-parameter";
import { type AwsAccount } from "../security/aws-account";
import { Layer } from "../core/layer";
import { type ServiceRole } from "../security/service-role";

export interface SecretParametersProps {
  /** Path of the parameters, such as `/kauri/`. */
  readonly prefix: string;
  /**
   * A sensitive input of type `map(object({ value = string, description = optional(string) }))`: parameter name → value.
   * Its keys are not secret, they become part of addresses.
   */
  readonly values: TerraformVariable;
  /** An input of type `number`: a changed value is written when this is raised. */
  readonly version: TerraformVariable;
  readonly account: AwsAccount;
}

/**
 * SSM SecureStrings, one for each entry of an input. The values go through the write-only `value_wo`: they are neither in
 * JSON nor in state nor in a plan's output.
 *
 * Encrypted with `alias/aws/ssm`, whose key policy lets every principal of the account that may read the parameter
 * decrypt it; so no `kms:Decrypt` is granted.
 */
export class SecretParameters extends Construct {
  readonly prefix: string;
  private readonly account: AwsAccount;

  constructor(scope: Construct, id: string, props: SecretParametersProps) {
    super(scope, id);
    this.prefix = props.prefix;
    this.account = props.account;

    const values = props.values.value;
    // for_each refuses a sensitive map; the names alone are not secret.
    const names = TerraformIterator.fromList(Fn.nonsensitive(Fn.keys(values)));
    const entry = (attribute: string) => propertyAccess(values, [names.value, attribute]) as unknown as string;
    const parameter = new SsmParameter(this, "Resource", {
      forEach: names,
      name: `${props.prefix}${names.value as string}`,
      description: Fn.nonsensitive(entry("description")) as string,
      type: "SecureString",
      valueWo: entry("value"),
      valueWoVersion: props.version.numberValue,
    });

    const input = props.values.friendlyUniqueId;
    const version = props.version.friendlyUniqueId;
    Layer.of(this).addReadmeSection({
      title: "Changing a secret",
      body: [
        `Terraform does not keep the values of \`${input}\`, so it cannot see that one has changed: give the new value and raise`,
        `\`${version}\` by one. Every parameter is written again (\`${parameter.terraformResourceType}.${parameter.friendlyUniqueId}\`);`,
        "the application has the new values after its next start. A name that is no longer in the input is deleted.",
      ].join("\n"),
    });
  }

  /** Lets a role read these parameters, and no others. */
  grantRead(role: ServiceRole): void {
    const path = this.account.arn("ssm", `parameter${this.prefix}`);
    role.allow("read_parameters", [
      {
        sid: "ReadParameters",
        actions: ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
        // By path, the resource is the path itself; by name, what lies below it.
        resources: [path.replace(/\/$/, ""), `${path}*`],
      },
    ]);
  }
}
