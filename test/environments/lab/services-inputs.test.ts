import { labServices } from "../../../environments/lab/services";
import { SETTINGS } from "../../../environments/lab/settings";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const json = jsonOf(labServices(testEnvironment("lab"), SETTINGS));
const VALID = { secrets_dir: "/home/me/.config/socle-lab" };
const DIGEST = `sha256:${"0a".repeat(32)}`;

test("GIVEN the layer THEN its inputs have these types and defaults, and none of them is a secret", () => {
  const variables = Object.entries(json.variable ?? {});

  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    image_digests: ["map(string)", {}],
    postgres_memory_mib: ["number", 1024],
    registry_memory_mib: ["number", 256],
    secrets_dir: ["string", undefined],
    secrets_owner: ["string", "1000:1000"],
    vault_memory_mib: ["number", 256],
  });
  expect(variables.filter(([, { sensitive }]) => sensitive)).toEqual([]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

describeWithTerraform("the inputs of lab-services", () => {
  test.each<[string, Record<string, unknown>]>([
    ["only what is required", {}],
    ["another owner and folder", { secrets_owner: "501:20", secrets_dir: "/srv/lab_1" }],
    ["a folder that only looks like a drive", { secrets_dir: "/mnt/cache" }],
    ["names with dots", { secrets_dir: "/home/me/..lab/a..b/c." }],
    ["digests", { image_digests: { postgres: DIGEST, vault: DIGEST, registry: DIGEST } }],
    ["the least memory", { postgres_memory_mib: 256, vault_memory_mib: 128, registry_memory_mib: 64 }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a path from the home", { secrets_dir: "~/.config/lab" }, "secrets_dir takes an absolute path"],
    ["a relative path", { secrets_dir: "secrets" }, "secrets_dir takes an absolute path"],
    ["a slash at the end", { secrets_dir: "/home/me/" }, "secrets_dir takes an absolute path"],
    ["a space", { secrets_dir: "/home/a b" }, "takes an absolute path"],
    ["a folder above", { secrets_dir: "/home/me/../you" }, 'secrets_dir has a "." or ".." in it'],
    ["a folder above at the end", { secrets_dir: "/home/me/.." }, 'secrets_dir has a "." or ".." in it'],
    ["a drive of Windows", { secrets_dir: "/mnt/c/Users/me/lab" }, "secrets_dir is on a drive of Windows"],
    ["root", { secrets_owner: "0:0" }, "and not root (0)"],
    ["a user's name", { secrets_owner: "me" }, 'secrets_owner takes two numbers such as "1000:1000"'],
    ["a user without a group", { secrets_owner: "1000" }, 'secrets_owner takes two numbers such as "1000:1000"'],
    ["a digest of another service", { image_digests: { mysql: DIGEST } }, "none of postgres, vault, registry"],
    ["a short digest", { image_digests: { vault: "sha256:0a" } }, 'takes digests such as "sha256:"'],
    ["little memory for PostgreSQL", { postgres_memory_mib: 255 }, "takes a whole number from 256 on"],
    ["little memory for Vault", { vault_memory_mib: 127 }, "takes a whole number from 128 on"],
    ["little memory for the registry", { registry_memory_mib: 63 }, "takes a whole number from 64 on"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, { ...VALID, ...values })).toContain(message);
  });

  test("fails without the folder of the secrets", () => {
    expect(refusal(json, {})).toContain('The root module input variable "secrets_dir" is not set');
  });
});
