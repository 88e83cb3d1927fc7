import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkInputs } from "../../../tools/lab/input-check";
import { messageOf, temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

describeWithTerraform("the early look at inputs", () => {
  const check = (variables: object, values: Readonly<Record<string, string>>) => {
    const out = temporaryFolder();
    mkdirSync(join(out, "stacks/lab-platform"), { recursive: true });
    const stack = { variable: variables, resource: { no_such_resource: { a: {} } } };
    writeFileSync(join(out, "stacks/lab-platform/cdk.tf.json"), JSON.stringify(stack));
    const layer = { name: "lab-platform", description: "x", directory: "stacks/lab-platform", inputs: [], files: {} };
    return checkInputs(out, layer, values);
  };
  const rule = (condition: string, message = "Refused.") => ({ condition, error_message: message });
  const scenario = {
    type: "string",
    validation: [rule('${contains(["a", "b"], var.scenario)}', 'There is no scenario "${var.scenario}".')],
  };
  const extra = {
    type: "list(string)",
    validation: [rule('${!(contains(var.extra_components, "x") && var.scenario == "a")}', "x is in a already.")],
  };

  test("GIVEN what the layer takes THEN nothing is said, without its provider", async () => {
    await check(
      { scenario, extra_components: extra, other: { type: "string" } },
      { scenario: "a", extra_components: '["y"]' },
    );
    await check({}, { scenario: "anything" });
  });

  test("fails with every message of the layer's own validations", async () => {
    expect(
      await messageOf(() => check({ scenario, extra_components: extra }, { scenario: "c", extra_components: "[]" })),
    ).toBe('Nothing was started:\n  - There is no scenario "c".');
    expect(
      await messageOf(() => check({ scenario, extra_components: extra }, { scenario: "a", extra_components: '["x"]' })),
    ).toBe("Nothing was started:\n  - x is in a already.");
  });

  test("GIVEN rules that look at more than these inputs THEN they are left to the layer's own plan", async () => {
    const rules = [
      "${var.scenario != local.x}",
      "${var.scenario != data.y.z.id}",
      "${var.scenario != var.other}",
      "${no_such_resource.a.id != var.scenario}",
    ];
    await check({ scenario: { type: "string", validation: rules.map((each) => rule(each)) } }, { scenario: "a" });
  });
});
