import { generateKeyPairSync } from "node:crypto";
import { servicesInputs } from "../../../environments/viridial-staging/services-inputs";
import { synthesizeLayer } from "../../support/construct";
import { refusal } from "../../support/inputs";
import { describeWithTerraform } from "../../support/terraform";

const { json } = synthesizeLayer((layer) => void servicesInputs(layer));

const pair = (modulusLength: number) =>
  generateKeyPairSync("rsa", {
    modulusLength,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
const { publicKey, privateKey } = pair(2048);
const VALID = { identity_tag: "1.0.0", property_tag: "1.0.0", search_tag: "1.0.0", jwt_public_key: publicKey };

test("GIVEN the services THEN their inputs have these types and defaults: only tags and the public key have to be given", () => {
  const service = (name: string) => ({
    [`${name}_image`]: ["string", `ghcr.io/viridial/${name}`],
    [`${name}_tag`]: ["string", undefined],
    [`${name}_green_tag`]: ["string", ""],
    [`${name}_color`]: ["string", "blue"],
  });
  const variables = Object.entries(json.variable ?? {});
  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    ...service("identity"),
    ...service("property"),
    ...service("search"),
    jwt_public_key: ["string", undefined],
    jwt_issuer: ["string", ""],
    cors_origins: ["list(string)", []],
    api_key_revision: ["number", 1],
    search_index_revision: ["number", 0],
    smoke_test_enabled: ["bool", true],
  });
  expect(variables.filter(([, { nullable, sensitive }]) => nullable !== false || sensitive)).toEqual([]);
});

describeWithTerraform("the inputs of the services", () => {
  test.each<[string, Record<string, unknown>]>([
    ["tags and a key", {}],
    ["green pods of one service, which requests are led to", { search_green_tag: "2.0.0", search_color: "green" }],
    ["a mirror and a commit", { property_image: "registry.example.com:5000/a/b_c", property_tag: "3f2a9c1" }],
    ["origins", { cors_origins: ["https://app.viridial.com", "https://localhost.example.com:3000"] }],
    ["a larger key", { jwt_public_key: pair(3072).publicKey }],
  ])("GIVEN %s THEN Terraform takes them", (_, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each<[Record<string, unknown>, string]>([
    [{ identity_tag: "" }, "identity_tag takes the tag of an image"],
    [{ identity_tag: "latest" }, 'identity_tag is "latest", which is another image tomorrow'],
    [{ property_green_tag: "latest" }, 'property_green_tag is "latest"'],
    [{ property_green_tag: "a b" }, "property_green_tag takes the tag of an image"],
    [{ search_image: "ghcr.io/viridial/search:1.0" }, "search_image takes a repository such as"],
    [{ search_image: "search" }, "search_image takes a repository such as"],
    [{ search_color: "red" }, "search_color takes blue or green."],
    [{ property_color: "green" }, "property_color is green while property_green_tag is empty"],
    [
      { identity_green_tag: "2", property_green_tag: "2" },
      "property_green_tag is set while another service has green pods",
    ],
    [
      { identity_green_tag: "2", search_green_tag: "2" },
      "search_green_tag is set while another service has green pods",
    ],
    [
      { property_green_tag: "2", search_green_tag: "2" },
      "search_green_tag is set while another service has green pods",
    ],
    [{ jwt_public_key: privateKey }, "jwt_public_key takes the PEM of an RSA public key"],
    [{ jwt_public_key: `${publicKey}${privateKey}` }, "jwt_public_key takes the PEM of an RSA public key"],
    [{ jwt_public_key: pair(1024).publicKey }, "2048 bits or more"],
    [{ cors_origins: ["*"] }, "cors_origins takes origins such as"],
    [{ cors_origins: ["https://app.viridial.com/"] }, "cors_origins takes origins such as"],
    [{ cors_origins: ["http://app.viridial.com"] }, "cors_origins takes origins such as"],
    [{ api_key_revision: 0 }, "api_key_revision takes a whole number from 1 on."],
    [{ search_index_revision: -1 }, "search_index_revision takes a whole number from 0 on."],
    [{ search_index_revision: 1.5 }, "search_index_revision takes a whole number from 0 on."],
  ])("fails for %p", (values, message) => {
    expect(refusal(json, { ...VALID, ...values })).toContain(message);
  });
});
