import { generatedValueProblems, generatedValues } from "../../../constructs/secrets/generated-value";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { synthesizeLayer } from "../../support/construct";

describe("generatedValues", () => {
  test("GIVEN two values THEN each is an ephemeral password of its own, named after the owner", () => {
    const { json } = synthesizeLayer((layer) => {
      const owner = new TerraformData(layer, "owner");
      owner.addOverride("input", generatedValues(owner, { "a.b": { length: 16 }, c: { length: 20, special: "_-" } }));
    });
    const classes = { min_lower: 1, min_upper: 1, min_numeric: 1 };
    expect(json.ephemeral).toEqual({
      random_password: {
        owner_a_b: { length: 16, special: false, ...classes },
        owner_c: { length: 20, special: true, override_special: "_-", min_special: 1, ...classes },
      },
    });
    expect(json.resource?.["terraform_data"]?.["owner"]?.["input"]).toEqual({
      "a.b": "${ephemeral.random_password.owner_a_b.result}",
      c: "${ephemeral.random_password.owner_c.result}",
    });
    expect(Object.keys(json.provider ?? {})).toEqual(["random"]);
  });

  test("GIVEN one in Base64 THEN Terraform writes the characters so", () => {
    const { json } = synthesizeLayer((layer) => {
      const owner = new TerraformData(layer, "owner");
      owner.addOverride("input", generatedValues(owner, { key: { length: 32, base64: true } }));
    });
    expect(json.resource?.["terraform_data"]?.["owner"]?.["input"]).toEqual({
      key: "${base64encode(ephemeral.random_password.owner_key.result)}",
    });
  });

  test("GIVEN none THEN no provider is needed", () => {
    const { json } = synthesizeLayer((layer) => {
      expect(generatedValues(new TerraformData(layer, "owner"), {})).toEqual({});
    });
    expect(json.provider).toBeUndefined();
  });
});

describe("generatedValueProblems", () => {
  test("GIVEN names and lengths that are fine THEN nothing is said", () => {
    expect(generatedValueProblems("key", { a: { length: 16 }, b: { length: 128 } }, { c: "x" })).toEqual([]);
  });

  test("fails for a name that is there twice, twins and lengths out of range, in words of the caller", () => {
    expect(
      generatedValueProblems(
        "property",
        { a: { length: 15 }, "b.c": { length: 16 }, "b-c": { length: 16.5 } },
        { a: "x" },
      ),
    ).toEqual([
      'the property "a" is both in generate and in values: give it once',
      'the properties "b.c" and "b-c" differ by punctuation only and would share one generated value: rename one',
      'the length of "a" is 15: use 16 to 128 characters',
      'the length of "b-c" is 16.5: use 16 to 128 characters',
    ]);
  });
});
