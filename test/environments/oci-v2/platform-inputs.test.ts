import ociV2 from "../../../environments/oci-v2";
import { withApp } from "../../support/construct";
import { refusal } from "../../support/inputs";
import { describeWithTerraform } from "../../support/terraform";

const VALID = {
  streamlit_image: "ghcr.io/acme/streamlit",
  streamlit_tag: "1.4.2",
  fastapi_image: "fra.ocir.io/acme/apps/fast-api",
  fastapi_tag: "sha-0123abc",
  autonomous_database_admin_password: "Not-A-Secret-1",
};

const json = withApp((app) => {
  const layer = ociV2(app).layers.find(({ node }) => node.id === "oci-v2-platform");
  const { variable = {} } = layer?.toTerraform() ?? {};
  // Those for the earlier layer's state are the backend's.
  return {
    variable: Object.fromEntries(Object.entries(variable).filter(([name]) => !name.endsWith("_state_address"))),
  };
});

test("GIVEN the layer THEN its inputs have these types and defaults, and one is sensitive", () => {
  const variables = Object.entries(json.variable);

  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    acme_email: ["string", ""],
    api_token_revision: ["number", 1],
    autonomous_database_admin_password: ["string", undefined],
    autonomous_database_admin_password_revision: ["number", 1],
    database_password_revision: ["number", 1],
    database_setup_image: ["string", "ghcr.io/oracle/oraclelinux9-python:3.12-oracledb"],
    fastapi_image: ["string", undefined],
    fastapi_replicas: ["number", 1],
    fastapi_tag: ["string", undefined],
    grafana_password_revision: ["number", 1],
    https_redirect: ["bool", false],
    streamlit_image: ["string", undefined],
    streamlit_replicas: ["number", 1],
    streamlit_tag: ["string", undefined],
    tls_enabled: ["bool", false],
  });
  expect(variables.filter(([, { sensitive }]) => sensitive).map(([name]) => name)).toEqual([
    "autonomous_database_admin_password",
  ]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

describeWithTerraform("the inputs of oci-v2-platform", () => {
  test.each([
    ["only what is required", {}],
    ["a certificate and a redirect", { tls_enabled: true, acme_email: "ops@example.com", https_redirect: true }],
    ["an address that is not used yet", { acme_email: "ops@example.com" }],
    ["as many replicas as fit", { fastapi_replicas: 2, streamlit_replicas: 2 }],
    ["a registry with a port", { fastapi_image: "registry.example.com:5000/api" }],
    [
      "another image for the database, by digest",
      { database_setup_image: `ghcr.io/acme/setup@sha256:${"a".repeat(64)}` },
    ],
    ["raised revisions", { api_token_revision: 2, grafana_password_revision: 7 }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each([
    ["a certificate without an address", { tls_enabled: true }, "tls_enabled needs acme_email"],
    ["an address that is none", { tls_enabled: true, acme_email: "ops" }, "acme_email takes an e-mail address"],
    ["a redirect without a certificate", { https_redirect: true }, "https_redirect needs tls_enabled"],
    ["a tag in the image", { fastapi_image: "ghcr.io/acme/api:1" }, "fastapi_image takes a registry and a path"],
    ["an image without a registry", { streamlit_image: "streamlit" }, "streamlit_image takes a registry and a path"],
    ["capitals in an image", { streamlit_image: "ghcr.io/Acme/web" }, "streamlit_image takes a registry and a path"],
    ["the tag latest", { fastapi_tag: "latest" }, 'not "latest"'],
    ["an empty tag", { streamlit_tag: "" }, "streamlit_tag takes a tag"],
    ["a tag with a blank", { streamlit_tag: "1 2" }, "streamlit_tag takes a tag"],
    ["no replica", { fastapi_replicas: 0 }, "fastapi_replicas takes a whole number between 1 and 2"],
    ["more replicas than fit", { streamlit_replicas: 3 }, "streamlit_replicas takes a whole number between 1 and 2"],
    ["half a replica", { fastapi_replicas: 1.5 }, "fastapi_replicas takes a whole number between 1 and 2"],
    [
      "a setup image without a tag",
      { database_setup_image: "ghcr.io/acme/setup" },
      "database_setup_image takes an image",
    ],
    ["a short password", { autonomous_database_admin_password: "short" }, "fewer than 12 characters"],
    ["a revision of 0", { autonomous_database_admin_password_revision: 0 }, "takes a whole number from 1 on"],
    ["a fraction of a revision", { database_password_revision: 1.5 }, "takes a whole number from 1 on"],
    ["a revision of 0 for the token", { api_token_revision: 0 }, "api_token_revision takes a whole number from 1 on"],
    ["a negative revision", { grafana_password_revision: -1 }, "grafana_password_revision takes a whole number"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, { ...VALID, ...values })).toContain(message);
  });

  test.each(Object.keys(VALID))("fails without %s", (name) => {
    const others = Object.fromEntries(Object.entries(VALID).filter(([other]) => other !== name));
    expect(refusal(json, others)).toContain(`No value for required variable`);
    expect(refusal(json, others)).toContain(name);
  });
});
