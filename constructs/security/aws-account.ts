import { Construct } from "constructs";
import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";

/** The account and region that a layer's provider works in, for ARNs that name what does not exist yet. */
export class AwsAccount extends Construct {
  readonly id: string;
  private readonly partition: string;

  /** @param region the provider's region */
  constructor(
    scope: Construct,
    id: string,
    readonly region: string,
  ) {
    super(scope, id);
    // "Resource" and "Default" leave no trace in an address: both data sources are named after this construct.
    this.id = new DataAwsCallerIdentity(this, "Resource", {}).accountId;
    this.partition = new DataAwsPartition(this, "Default", {}).partition;
  }

  /** `arn:<partition>:<service>:<region>:<account>:<resource>` */
  arn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.region}:${this.id}:${resource}`;
  }
}
