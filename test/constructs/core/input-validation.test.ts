import { type TerraformVariableValidationConfig } from "cdktf";
import { cidrBlocks, emailAddresses, matches, wholeNumber } from "../../../constructs/core/input-validation";
import { toHcl } from "../../../constructs/core/hcl";
import { describeWithTerraform } from "../../support/terraform";
import { planVariables } from "../../support/terraform-run";

interface Case {
  readonly value: unknown;
  /** The rules that refuse it, by their place in the list; none when it is accepted. */
  readonly refusedBy: readonly number[];
}

/**
 * Asks Terraform about all cases at once: each is an input of its own.
 *
 * @returns for each case, the messages that Terraform gave
 */
function verdicts(
  type: string,
  rules: (variable: string) => readonly TerraformVariableValidationConfig[],
  values: readonly unknown[],
): readonly (readonly string[])[] {
  const names = values.map((_value, index) => `input_${index}`);
  const variables = Object.fromEntries(
    names.map((name) => [
      name,
      {
        type,
        nullable: false,
        validation: rules(name).map(({ condition, errorMessage }) => ({ condition, error_message: errorMessage })),
      },
    ]),
  );
  const messages = planVariables(variables, names.map((name, index) => `${name} = ${toHcl(values[index])}\n`).join(""));
  expect(messages[""] ?? []).toEqual([]);
  return names.map((name) => messages[name] ?? []);
}

function check(
  type: string,
  rules: (variable: string) => readonly TerraformVariableValidationConfig[],
  cases: readonly Case[],
): void {
  const found = verdicts(
    type,
    rules,
    cases.map(({ value }) => value),
  );
  expect(cases.map(({ value }, index) => [value, [...(found[index] ?? [])].sort()])).toEqual(
    cases.map(({ value, refusedBy }, index) => [
      value,
      refusedBy.map((rule) => rules(`input_${index}`)[rule]?.errorMessage).sort(),
    ]),
  );
}

const accepted = (...values: unknown[]): Case[] => values.map((value) => ({ value, refusedBy: [] }));
const refused = (rule: number, ...values: unknown[]): Case[] => values.map((value) => ({ value, refusedBy: [rule] }));

describeWithTerraform("cidrBlocks", () => {
  const [EMPTY, MALFORMED, HOST_BITS, TOO_WIDE] = [0, 1, 2, 3] as const;
  const rules = (variable: string) => cidrBlocks(variable, 16);

  test("GIVEN blocks from /16 to /32 with their host bits zero WHEN Terraform plans THEN they are accepted", () => {
    check(
      "list(string)",
      rules,
      accepted(
        ["203.0.113.7/32"],
        ["10.0.0.0/16"],
        ["192.168.4.0/23", "203.0.113.0/24", "198.51.100.128/25"],
        ["0.0.0.0/16"],
      ),
    );
  });

  test("fails for an empty list", () => {
    check("list(string)", rules, refused(EMPTY, []));
  });

  test("fails for what is no IPv4 block: no prefix, IPv6, a name, a prefix or a number out of range", () => {
    check(
      "list(string)",
      rules,
      refused(
        MALFORMED,
        ["203.0.113.7"],
        ["2001:db8::/32"],
        ["office"],
        [""],
        ["203.0.113.0/33"],
        ["256.0.0.0/24"],
        ["10.0.0/24"],
        ["10.0.0.0/24 "],
        ["10.0.0.0/24\n"],
        ["10.0.0.0/24,10.0.1.0/24"],
        ["203.0.113.7/32", "203.0.113.8"],
      ),
    );
  });

  test("fails for host bits that are not zero", () => {
    check("list(string)", rules, refused(HOST_BITS, ["203.0.113.7/24"], ["10.0.0.0/16", "10.0.1.0/16"]));
  });

  test("fails for another spelling of a block, which a provider would show as a change at each plan", () => {
    check("list(string)", rules, refused(HOST_BITS, ["010.0.0.0/16"], ["10.0.0.0/024"]));
  });

  test("fails for a block that is too wide, wherever it stands", () => {
    check(
      "list(string)",
      rules,
      refused(
        TOO_WIDE,
        ["0.0.0.0/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["10.0.0.0/15"],
        ["10.0.0.0/8"],
        ["203.0.113.7/32", "0.0.0.0/0"],
      ),
    );
  });

  test("fails with every rule that a value breaks", () => {
    // OpenTofu stops at the first one.
    const broken = (...rule: number[]) =>
      /tofu/.test(process.env["TERRAFORM_BINARY_NAME"] ?? "") ? rule.slice(0, 1) : rule;
    check("list(string)", rules, [
      { value: ["203.0.113.7", "0.0.0.0/0"], refusedBy: broken(MALFORMED, TOO_WIDE) },
      { value: ["::/0"], refusedBy: broken(MALFORMED, TOO_WIDE) },
      { value: ["::ffff:10.0.0.0/120"], refusedBy: broken(MALFORMED, HOST_BITS) },
      { value: ["10.0.0.0/-1"], refusedBy: broken(MALFORMED, TOO_WIDE) },
    ]);
  });

  test("GIVEN another shortest prefix WHEN Terraform plans THEN it is the limit", () => {
    const narrow = (variable: string) => cidrBlocks(variable, 24);

    check("list(string)", narrow, [...accepted(["10.0.0.0/24"]), ...refused(TOO_WIDE, ["10.0.0.0/23"])]);
    expect(narrow("admin").map(({ errorMessage }) => errorMessage)[3]).toMatch(/^admin has a block wider than \/24\. /);
  });
});

describeWithTerraform("emailAddresses", () => {
  test("GIVEN addresses, or none WHEN Terraform plans THEN they are accepted", () => {
    check("list(string)", emailAddresses, accepted([], ["ops@example.com"], ["a.b+c@mail.example.co.nz", "d@e.fr"]));
  });

  test("fails for an entry that is none", () => {
    check(
      "list(string)",
      emailAddresses,
      refused(
        0,
        [""],
        ["ops"],
        ["ops@example"],
        ["@example.com"],
        ["ops@@example.com"],
        ["ops@example."],
        ["a b@example.com"],
        ["ops@example.com\n"],
        ["ops@example.com, dev@example.com"],
        ["ops@example.com", "dev"],
      ),
    );
  });
});

describeWithTerraform("matches", () => {
  const rules = (variable: string) => [
    matches(variable, "^cron\\(\\S+( \\S+){5}\\)$", `${variable} takes six fields.`),
  ];

  test("GIVEN strings that match a pattern with backslashes WHEN Terraform plans THEN they are accepted", () => {
    check("string", rules, accepted("cron(0 7 ? * MON-FRI *)", "cron(0/5 * * * ? 2026)"));
  });

  test("fails for strings that do not match", () => {
    check("string", rules, refused(0, "", "cron(0 7 ? * MON-FRI)", "rate(5 minutes)", "xcron(0 7 ? * MON-FRI *)"));
  });
});

describeWithTerraform("wholeNumber", () => {
  test("GIVEN whole numbers from 1 on WHEN Terraform plans THEN they are accepted", () => {
    check("number", (variable) => [wholeNumber(variable)], accepted(1, 2, 100000));
  });

  test("fails for less, and for a fraction", () => {
    check("number", (variable) => [wholeNumber(variable)], refused(0, 0, -1, 1.5));
  });

  test("GIVEN a range WHEN Terraform plans THEN its ends are accepted, and the message has them", () => {
    const rules = (variable: string) => [wholeNumber(variable, 2, 9)];

    check("number", rules, [...accepted(2, 9), ...refused(0, 1, 10, 2.5)]);
    expect(rules("count").map(({ errorMessage }) => errorMessage)).toEqual(["count takes a whole number from 2 to 9."]);
    expect(wholeNumber("count").errorMessage).toBe("count takes a whole number from 1 on.");
  });
});
