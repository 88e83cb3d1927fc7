import { TerraformOutput, TerraformVariable } from "cdktf";
import { ComponentSelection, isComponentCondition } from "../../../constructs/delivery/component-selection";
import { synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

describe("ComponentSelection", () => {
  test("GIVEN a list that Terraform knows THEN a component's condition is that it is in it, and always the same object", () => {
    const { json } = synthesizeLayer((layer) => {
      const chosen = new TerraformVariable(layer, "components", { type: "list(string)", description: "Chosen." });
      const selection = new ComponentSelection(["web", "cache"], chosen.listValue);
      const web = selection.of("web");
      expect(selection.of("web")).toBe(web);
      expect(web.component).toBe("web");
      expect(isComponentCondition(web)).toBe(true);
      expect(isComponentCondition(chosen)).toBe(false);
      new TerraformOutput(layer, "web", { value: web.booleanValue, description: "Whether it is." });
    });
    expect(json.output?.["web"]).toMatchObject({ value: '${contains(var.components, "web")}' });
  });

  test("fails for a component that there is not, naming those there are", async () => {
    expect(await messageOf(() => new ComponentSelection(["web", "cache"], []).of("database"))).toBe(
      'component selection: there is no component "database": use one of web, cache',
    );
  });
});
