import { labBootstrap } from "../../../environments/lab/bootstrap";
import { labForge } from "../../../environments/lab/forge";
import { labServices } from "../../../environments/lab/services";
import { SETTINGS } from "../../../environments/lab/settings";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const environment = testEnvironment("lab");
const servicesLayer = labServices(environment, SETTINGS);
const bootstrapLayer = labBootstrap(environment, SETTINGS, servicesLayer);
const json = jsonOf(labForge(environment, SETTINGS, { servicesLayer, bootstrapLayer }));
const DIGEST = `sha256:${"0a".repeat(32)}`;

test("GIVEN the layer THEN its inputs have these types and defaults", () => {
  const variables = Object.entries(json.variable ?? {});

  expect(
    Object.fromEntries(variables.map(([name, { type, default: value, nullable }]) => [name, [type, value, nullable]])),
  ).toEqual({
    gitlab_image_digest: ["string", "", false],
    gitlab_memory_mib: ["number", 4608, false],
  });
});

describeWithTerraform("the inputs of lab-forge", () => {
  test.each<[string, Record<string, unknown>]>([
    ["nothing", {}],
    ["a digest and the least memory", { gitlab_image_digest: DIGEST, gitlab_memory_mib: 3072 }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, values)).toBe("");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a short digest", { gitlab_image_digest: "sha256:0a" }, 'gitlab_image_digest takes a digest such as "sha256:"'],
    ["a tag", { gitlab_image_digest: "19.2.6-ce.0" }, "gitlab_image_digest takes a digest"],
    ["little memory", { gitlab_memory_mib: 3071 }, "gitlab_memory_mib takes a whole number from 3072 on"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, values)).toContain(message);
  });
});
