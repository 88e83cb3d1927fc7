import { TerraformData } from "../../../constructs/core/terraform-data";
import { synthesizeLayer } from "../../support/construct";

describe("TerraformData", () => {
  test("GIVEN an input THEN it is terraform_data with that input, and nothing has to run Terraform to validate it", () => {
    const { json, layer } = synthesizeLayer((scope) => {
      const data = new TerraformData(scope, "market", { input: "spot" });
      expect(data.address).toBe("terraform_data.market");
      expect(data.node.validate()).toEqual([]);
    });

    expect(json.resource).toEqual({ terraform_data: { market: { input: "spot" } } });
    expect(layer.toTerraform().terraform?.required_providers).toBeUndefined();
  });

  test("GIVEN what replaces it THEN Terraform is told", () => {
    const { json } = synthesizeLayer((scope) => new TerraformData(scope, "written", { triggersReplace: ["a", 1] }));
    expect(json.resource).toEqual({ terraform_data: { written: { triggers_replace: ["a", 1] } } });
  });

  test("GIVEN no input THEN the block is empty", () => {
    const { json } = synthesizeLayer((scope) => new TerraformData(scope, "x"));
    expect(json.resource).toEqual({ terraform_data: { x: {} } });
  });
});
