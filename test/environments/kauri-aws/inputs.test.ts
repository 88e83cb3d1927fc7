import kauriAws from "../../../environments/kauri-aws";
import { withApp } from "../../support/construct";
import { refusal } from "../../support/inputs";
import { describeWithTerraform } from "../../support/terraform";

const VALID = {
  ssh_key_name: "ops",
  admin_cidr_blocks: ["203.0.113.0/24"],
  budget_notification_emails: ["ops@example.com"],
  ssm_parameters: { OPENAI_API_KEY: { value: "not-a-secret", description: "For the assistant" } },
};

const json = withApp((app) => {
  const [layer] = kauriAws(app).layers;
  return layer?.toTerraform() ?? {};
});

test("GIVEN the layer THEN its inputs have these types and defaults, and only the parameters are sensitive", () => {
  const variables = Object.entries(json.variable ?? {});

  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    admin_cidr_blocks: ["list(string)", undefined],
    aws_region: ["string", "eu-west-1"],
    budget_notification_emails: ["list(string)", undefined],
    data_volume_gib: ["number", 80],
    global_budget_usd: ["number", 30],
    instance_type: ["string", "t4g.large"],
    project_budget_usd: ["number", 18],
    project_name: ["string", "kauri"],
    schedule_enabled: ["bool", true],
    scheduler_start_expression: ["string", "cron(0 7 ? * MON-FRI *)"],
    scheduler_stop_expression: ["string", "cron(0 21 ? * MON-FRI *)"],
    scheduler_timezone: ["string", "Europe/Paris"],
    ssh_key_name: ["string", undefined],
    ssm_parameters: ["map(object({ value = string, description = optional(string) }))", undefined],
    ssm_parameters_version: ["number", 1],
    use_spot_instance: ["bool", false],
  });
  expect(variables.filter(([, { sensitive }]) => sensitive).map(([name]) => name)).toEqual(["ssm_parameters"]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

describeWithTerraform("the inputs of kauri-aws", () => {
  test.each([
    ["only what is required", {}],
    ["a block of exactly /16", { admin_cidr_blocks: ["10.1.0.0/16", "203.0.113.7/32"] }],
    ["other Graviton types", { instance_type: "m7gd.metal" }],
    ["a parameter without description", { ssm_parameters: { A_KEY: { value: "x" } } }],
    ["no parameter", { ssm_parameters: {} }],
    [
      "another schedule and zone",
      { scheduler_start_expression: "cron(30 6 ? * MON,WED *)", scheduler_timezone: "UTC" },
    ],
    ["a zone of three parts", { scheduler_timezone: "America/Argentina/Buenos_Aires" }],
    ["a region of four words", { aws_region: "us-gov-west-1" }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each([
    ["the world", { admin_cidr_blocks: ["0.0.0.0/0"] }, "wider than /16"],
    ["two halves of the world", { admin_cidr_blocks: ["0.0.0.0/1", "128.0.0.0/1"] }, "wider than /16"],
    ["a /15 among others", { admin_cidr_blocks: ["203.0.113.7/32", "10.0.0.0/15"] }, "wider than /16"],
    ["the IPv6 world", { admin_cidr_blocks: ["::/0"] }, "takes IPv4 CIDR blocks"],
    ["an address without length", { admin_cidr_blocks: ["203.0.113.7"] }, "takes IPv4 CIDR blocks"],
    ["a block that is none", { admin_cidr_blocks: ["300.0.0.0/24"] }, "takes IPv4 CIDR blocks"],
    ["host bits", { admin_cidr_blocks: ["203.0.113.7/24"] }, "host bits are not zero"],
    ["nobody", { admin_cidr_blocks: [] }, "admin_cidr_blocks is empty"],
    ["no address to warn", { budget_notification_emails: [] }, "budget_notification_emails is empty"],
    ["an address that is none", { budget_notification_emails: ["ops@example.com", "ops"] }, "not an e-mail address"],
    ["an empty key name", { ssh_key_name: " " }, "ssh_key_name is empty"],
    ["an x86 type", { instance_type: "t3.large" }, "ARM (Graviton) type"],
    ["an x86 type with a GPU", { instance_type: "g4dn.xlarge" }, "ARM (Graviton) type"],
    ["a type without size", { instance_type: "t4g" }, "ARM (Graviton) type"],
    ["no disk", { data_volume_gib: 0 }, "between 1 and 16384"],
    ["half a GiB", { data_volume_gib: 1.5 }, "between 1 and 16384"],
    ["a disk too large", { data_volume_gib: 16385 }, "between 1 and 16384"],
    ["a name with capitals", { project_name: "Kauri" }, "2 to 20 lower-case letters"],
    ["a name too long", { project_name: "a".repeat(21) }, "2 to 20 lower-case letters"],
    ["a zone for a region", { aws_region: "eu-west-1a" }, "aws_region takes a region"],
    ["a cron of five fields", { scheduler_start_expression: "cron(0 7 * * MON)" }, "six fields"],
    ["a bare cron", { scheduler_stop_expression: "0 21 ? * MON-FRI *" }, "six fields"],
    ["an abbreviated zone", { scheduler_timezone: "CET" }, "takes an IANA time zone"],
    ["an offset for a zone", { scheduler_timezone: "+01:00" }, "takes an IANA time zone"],
    [
      "a parameter's name with a slash",
      { ssm_parameters: { "a/b": { value: "x" } } },
      "cannot be an environment variable",
    ],
    ["an empty value", { ssm_parameters: { A: { value: "" } } }, "has an empty value"],
    [
      "a value above SSM's limit",
      { ssm_parameters: { A: { value: "x".repeat(4097) } } },
      "has an empty value, or one above",
    ],
    ["version 0", { ssm_parameters_version: 0 }, "whole number from 1 on"],
    ["half a version", { ssm_parameters_version: 1.5 }, "whole number from 1 on"],
    ["no budget", { global_budget_usd: 0 }, "global_budget_usd takes an amount above 0"],
    ["a negative budget", { project_budget_usd: -1 }, "project_budget_usd takes an amount above 0"],
    ["null", { admin_cidr_blocks: null }, "required variable may not be set to null"],
    ["a string for a list", { admin_cidr_blocks: "203.0.113.0/24" }, "list of string required"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, { ...VALID, ...values })).toContain(message);
  });

  test.each(Object.keys(VALID))("fails without %s", (name) => {
    const rest = Object.fromEntries(Object.entries(VALID).filter(([key]) => key !== name));
    expect(refusal(json, rest)).toContain(`The root module input variable "${name}" is not set`);
  });
});
