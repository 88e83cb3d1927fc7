import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { toHcl, toHclLine } from "../../../constructs/core/hcl";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { runTerraform } from "../../support/terraform-run";

describe("toHcl", () => {
  test.each([
    ["a string", "kauri", '"kauri"'],
    ["an empty string", "", '""'],
    ["quotes and backslashes", 'a "b" \\c', '"a \\"b\\" \\\\c"'],
    ["a line break and a tab", "a\nb\tc", '"a\\nb\\tc"'],
    ["control characters that Terraform has no letter for", "\b\f\0", '"\\u0008\\u000c\\u0000"'],
    ["a backslash before a letter", "\\b", '"\\\\b"'],
    ["an interpolation", "${a} %{b} $c", '"$${a} %%{b} $c"'],
    ["an integer", 30, "30"],
    ["a fraction", -0.5, "-0.5"],
    ["true", true, "true"],
    ["false", false, "false"],
    ["null", null, "null"],
    ["an empty list", [], "[]"],
    ["a list", ["a", 1, null], '["a", 1, null]'],
    ["an empty object", {}, "{}"],
    ["an object, its equals signs aligned", { a: 1, long: "x" }, '{\n  a    = 1\n  long = "x"\n}'],
    ["an object in an object", { a: { b: [] } }, "{\n  a = {\n    b = []\n  }\n}"],
    ["a list of objects", [{ a: 1 }], "[{\n  a = 1\n}]"],
    ["keys that need quotes", { "a b": 1, "1": 2, for: 3 }, '{\n  "1"   = 2\n  "a b" = 1\n  "for" = 3\n}'],
    ["a key with an interpolation", { "${a}": 1 }, '{\n  "$${a}" = 1\n}'],
  ])("GIVEN %s WHEN it is written THEN it is the expression of a tfvars file", (_what, value, expected) => {
    expect(toHcl(value)).toBe(expected);
  });

  test("GIVEN an indent WHEN an object is written THEN only its first line lacks it", () => {
    expect(toHcl({ a: { b: 1 } }, "  ")).toBe("{\n    a = {\n      b = 1\n    }\n  }");
  });

  test.each([
    ["an object", { a: 1, "b c": { for: [] } }, '{ a = 1, "b c" = { "for" = [] } }'],
    ["a list of objects", [{ a: 1 }, {}], "[{ a = 1 }, {}]"],
    ["a string with spaces", "a  b", '"a  b"'],
    ["null", null, "null"],
  ])("GIVEN %s WHEN it is written on one line THEN it has no line break", (_what, value, expected) => {
    expect(toHclLine(value)).toBe(expected);
  });
});

describeWithTerraform("toHcl, read by Terraform", () => {
  // Terraform normalizes strings to NFC and knows one zero.
  const text = fc
    .oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom("$", "%", "{", "}", '"', "\\", "\n", "\b", "\f", "u", "b") }),
    )
    .map((each) => each.normalize("NFC"));
  const key = fc.oneof(text, fc.constantFrom("for", "if", "in", "null", "true", "false", "a-b", "-", "1", "$", "${a}"));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => (each === 0 ? 0 : each)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));

  test.each([
    ["toHcl", toHcl],
    ["toHclLine", toHclLine],
  ])("GIVEN any values WHEN %s writes them into a tfvars file THEN Terraform reads the same values", (_name, write) => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 400, maxLength: 400, size: "max" }), (values) => {
        const folder = temporaryFolder();
        fs.writeFileSync(
          path.join(folder, "main.tf"),
          'variable "values" {\n  type = any\n}\n\noutput "values" {\n  value = jsonencode(var.values)\n}\n',
        );
        fs.writeFileSync(path.join(folder, "terraform.tfvars"), `values = ${write(values)}\n`);

        const { status, output } = runTerraform(folder, "apply", "-auto-approve", "-input=false", "-no-color");

        expect({ status, output: status === 0 ? "" : output.slice(0, 2000) }).toEqual({ status: 0, output: "" });
        const state = JSON.parse(fs.readFileSync(path.join(folder, "terraform.tfstate"), "utf8")) as {
          outputs: { values: { value: string } };
        };
        expect(JSON.parse(state.outputs.values.value)).toEqual(values);
      }),
      { numRuns: 1 },
    );
  });
});
