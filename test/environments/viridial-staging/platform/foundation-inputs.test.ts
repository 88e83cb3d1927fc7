import { foundationInputs } from "../../../../environments/viridial-staging/platform/foundation-inputs";
import { synthesizeLayer } from "../../../support/construct";
import { refusal } from "../../../support/inputs";
import { describeWithTerraform } from "../../../support/terraform";

const { json } = synthesizeLayer((layer) => void foundationInputs(layer));
const VALID = { hcloud_token: "Ab3".repeat(21) + "x" };

test("GIVEN the foundation THEN its inputs have these types and defaults, and the token is kept nowhere", () => {
  const variables = Object.entries(json.variable ?? {});
  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    hcloud_token: ["string", undefined],
    hcloud_token_revision: ["number", 1],
    join_token_enabled: ["bool", true],
    admin_group: ["string", "viridial:admins"],
    developer_group: ["string", "viridial:developers"],
    read_only_group: ["string", "viridial:viewers"],
  });
  expect(variables.filter(([, { sensitive, ephemeral }]) => sensitive || ephemeral).map(([name]) => name)).toEqual([
    "hcloud_token",
  ]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

describeWithTerraform("the inputs of the foundation", () => {
  test("GIVEN a token and names of groups THEN Terraform takes them", () => {
    expect(refusal(json, { ...VALID, admin_group: "ops", developer_group: "team:web_1.dev-a" })).toBe("");
  });

  test.each([
    ["hcloud_token", "short", "hcloud_token is not a token of Hetzner's: those have 64 letters and digits."],
    ["hcloud_token", "-".repeat(64), "hcloud_token is not a token of Hetzner's"],
    ["hcloud_token_revision", 0, "hcloud_token_revision takes a whole number from 1 on."],
    ["hcloud_token_revision", 1.5, "hcloud_token_revision takes a whole number from 1 on."],
    ["admin_group", "system:masters", 'does not begin with "system:": those groups are Kubernetes\' own.'],
    ["developer_group", "", "developer_group takes 1 to 63 letters, digits"],
    ["read_only_group", "two words", "read_only_group takes 1 to 63 letters, digits"],
    ["read_only_group", "a".repeat(64), "read_only_group takes 1 to 63 letters, digits"],
  ])("fails for %s = %p", (name, value, message) => {
    expect(refusal(json, { ...VALID, [name]: value })).toContain(message);
  });
});
