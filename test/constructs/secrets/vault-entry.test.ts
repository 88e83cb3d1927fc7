import { TerraformOutput, TerraformVariable } from "cdktf";
import { Layer } from "../../../constructs/core/layer";
import { secretsAreReferences } from "../../../constructs/policy/policies";
import { VaultEntry, type VaultEntryProps } from "../../../constructs/secrets/vault-entry";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<VaultEntryProps>) =>
  synthesizeLayer((layer) => {
    new VaultEntry(layer, "cache", { mount: "kv", path: "viridial/valkey", revision: 2, ...props });
  });

describe("VaultEntry", () => {
  test("GIVEN what is generated and what is known THEN it is written once a revision, write-only, and is in no JSON", () => {
    const { json, layer } = build({
      generate: { password: { length: 40 }, "api-key": { length: 32, special: "_" } },
      values: { username: "viridial" },
    });
    expect(only(json.resource?.["vault_kv_secret_v2"])).toEqual({
      mount: "kv",
      name: "viridial/valkey",
      data_json_wo:
        '${jsonencode({"username" = "viridial", "password" = ephemeral.random_password.cache_password.result, "api-key" = ephemeral.random_password.cache_api_key.result})}',
      data_json_wo_version: 2,
    });
    const classes = { min_lower: 1, min_upper: 1, min_numeric: 1 };
    expect(json.ephemeral).toEqual({
      random_password: {
        cache_password: { length: 40, special: false, ...classes },
        cache_api_key: { length: 32, special: true, override_special: "_", min_special: 1, ...classes },
      },
    });
    expect(json.terraform?.required_providers?.["random"]?.source).toBe("hashicorp/random");
    expect(secretsAreReferences(layer, json)).toEqual([]);
    expect(Layer.of(layer).stateSecrets).toEqual([]);
  });

  test("GIVEN only an input THEN nothing is generated, and its provider is not required", () => {
    const { json } = synthesizeLayer((layer) => {
      const key = new TerraformVariable(layer, "key", { type: "string", description: "Key", sensitive: true });
      new VaultEntry(layer, "backups", {
        mount: "kv",
        path: "viridial/backups",
        values: { key: key.stringValue },
        revision: 1,
      });
    });
    expect(only(json.resource?.["vault_kv_secret_v2"])["data_json_wo"]).toBe('${jsonencode({"key" = var.key})}');
    expect(json.terraform?.required_providers).toBeUndefined();
  });

  test("GIVEN what keeps a copy of a value THEN it is read back after it was written, with a version of its own", () => {
    const { json, layer } = synthesizeLayer((it) => {
      const entry = new VaultEntry(it, "database", {
        mount: "kv",
        path: "lab/postgresql/web",
        generate: { password: { length: 40 } },
        values: { user: "web" },
        revision: 1,
      });
      const copy = [entry.value("password"), entry.version, entry.value("user"), entry.version];
      new TerraformOutput(it, "copy", { value: copy, description: "Copies." });
    });
    expect(json.ephemeral?.["vault_kv_secret_v2"]).toEqual({
      database: {
        mount: "${vault_kv_secret_v2.database.mount}",
        name: "${vault_kv_secret_v2.database.name}",
        mount_id: "${vault_kv_secret_v2.database.id}",
      },
    });
    expect(only(json.resource?.["terraform_data"])).toEqual({
      triggers_replace: ["${vault_kv_secret_v2.database.id}", "${vault_kv_secret_v2.database.data_json_wo_version}"],
    });
    expect((json.output?.["copy"] as { value?: unknown }).value).toEqual([
      '${ephemeral.vault_kv_secret_v2.database.data["password"]}',
      "${terraform_data.database_written.id}",
      '${ephemeral.vault_kv_secret_v2.database.data["user"]}',
      "${terraform_data.database_written.id}",
    ]);
    expect(secretsAreReferences(layer, json)).toEqual([]);
  });

  test("GIVEN nothing that keeps a copy THEN nothing is read back", () => {
    const { json } = build({ generate: { password: { length: 40 } } });
    expect(Object.keys(json.resource ?? {})).toEqual(["vault_kv_secret_v2"]);
    expect(Object.keys(json.ephemeral ?? {})).toEqual(["random_password"]);
  });

  test("fails for a value that is not in it", () => {
    expect(() =>
      synthesizeLayer((layer) => {
        const values = { user: "web", host: "db" };
        new VaultEntry(layer, "cache", { mount: "kv", path: "web", values, revision: 1 }).value("password");
      }),
    ).toThrow('test/cache: has no property "password": use one of user, host');
  });

  test("fails without a property, for one that is there twice and for a length that is out of range", () => {
    expect(() => build({})).toThrow(
      "test/cache: generate and values are both empty: an entry has at least one property",
    );
    expect(() => build({ generate: { a: { length: 8 }, b: { length: 32 } }, values: { b: "x" } })).toThrow(
      [
        "test/cache: 2 problems",
        '  - the property "b" is both in generate and in values: give it once',
        '  - the length of "a" is 8: use 16 to 128 characters',
      ].join("\n"),
    );
  });
});
