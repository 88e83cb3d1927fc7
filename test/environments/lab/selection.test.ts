import { TerraformOutput } from "cdktf";
import { laterSelection, SELECTION_OUTPUTS } from "../../../environments/lab/selection";
import { jsonOf, testEnvironment, testLayer } from "../../support/layers";

describe("laterSelection", () => {
  test("GIVEN a later layer THEN it goes by what the platform's layer was told", () => {
    const environment = testEnvironment("lab");
    const platform = testLayer(environment, "lab-platform");
    const data = testLayer(environment, "lab-data");
    const { scenario, extraComponents, components } = laterSelection(data, platform);
    const output = (id: string, value: unknown) => new TerraformOutput(data, id, { value, description: id });
    output("scenario", scenario);
    output("extras", extraComponents);
    output("trino", components.of("trino").booleanValue);

    const state = "data.terraform_remote_state.lab_platform.outputs";
    expect(jsonOf(data).output).toEqual({
      scenario: { description: "scenario", value: `\${${state}.${SELECTION_OUTPUTS.scenario}}` },
      extras: { description: "extras", value: `\${${state}.${SELECTION_OUTPUTS.extraComponents}}` },
      trino: { description: "trino", value: `\${contains(${state}.${SELECTION_OUTPUTS.components}, "trino")}` },
    });
    expect(data.reads).toEqual([platform]);
  });
});
