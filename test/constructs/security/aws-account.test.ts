import { TerraformOutput } from "cdktf";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { synthesizeLayer } from "../../support/construct";

describe("AwsAccount", () => {
  test("GIVEN a region THEN an ARN has the partition and account that the provider works in", () => {
    const { json } = synthesizeLayer((layer) => {
      const account = new AwsAccount(layer, "account", "eu-west-1");
      new TerraformOutput(layer, "arn", { value: account.arn("ec2", "instance/i-1"), description: "An ARN" });
    });

    expect(json.data).toEqual({ aws_caller_identity: { account: {} }, aws_partition: { account: {} } });
    expect(json.output?.["arn"]).toEqual({
      description: "An ARN",
      value:
        "arn:${data.aws_partition.account.partition}:ec2:eu-west-1:${data.aws_caller_identity.account.account_id}:instance/i-1",
    });
  });
});
