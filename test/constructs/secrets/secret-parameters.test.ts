import { TerraformVariable } from "cdktf";
import { SecretParameters } from "../../../constructs/secrets/secret-parameters";
import { AwsAccount } from "../../../constructs/security/aws-account";
import { ServerRole } from "../../../constructs/security/service-role";
import { only, synthesizeLayer } from "../../support/construct";

describe("SecretParameters", () => {
  const { json, layer } = synthesizeLayer((scope) => {
    const values = new TerraformVariable(scope, "ssm_parameters", {
      type: "map(object({ value = string, description = optional(string) }))",
      description: "Secrets",
      sensitive: true,
    });
    const version = new TerraformVariable(scope, "ssm_parameters_version", { type: "number", description: "Version" });
    const account = new AwsAccount(scope, "account", "eu-west-1");
    const parameters = new SecretParameters(scope, "parameters", { prefix: "/app/", values, version, account });
    parameters.grantRead(new ServerRole(scope, "role", { name: "app" }));
  });

  test("GIVEN a sensitive map THEN there is a SecureString for each key, its value write-only", () => {
    expect(only(json.resource?.["aws_ssm_parameter"])).toEqual({
      for_each: "${toset(nonsensitive(keys(var.ssm_parameters)))}",
      name: "/app/${each.value}",
      description: "${nonsensitive(var.ssm_parameters[each.value].description)}",
      type: "SecureString",
      value_wo: "${var.ssm_parameters[each.value].value}",
      value_wo_version: "${var.ssm_parameters_version}",
    });
  });

  test("WHEN a role may read them THEN it may read this path only", () => {
    const path =
      "arn:${data.aws_partition.account.partition}:ssm:eu-west-1:${data.aws_caller_identity.account.account_id}:parameter/app";
    expect(json.data?.["aws_iam_policy_document"]?.["role_read_parameters"]).toEqual({
      statement: [
        {
          sid: "ReadParameters",
          actions: ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
          resources: [path, `${path}/*`],
        },
      ],
    });
  });

  test("THEN the README says how a changed value is written", () => {
    expect(layer.readmeSections).toEqual([
      { title: "Changing a secret", body: expect.stringContaining("raise\n`ssm_parameters_version` by one") as string },
    ]);
    expect(layer.stateSecrets).toEqual([]);
  });
});
