import { TerraformVariable } from "cdktf";
import { GeneratedSecret, type GeneratedSecretProps } from "../../../constructs/secrets/generated-secret";
import { Layer } from "../../../constructs/core/layer";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (
  { fixed, ...props }: Partial<GeneratedSecretProps> & { readonly fixed?: true } = {},
  use: (secret: GeneratedSecret) => void = () => {},
) =>
  synthesizeLayer((layer) => {
    const revision = new TerraformVariable(layer, "revision", { type: "number", description: "Revision" });
    use(
      new GeneratedSecret(layer, "my_secret", {
        namespace: testNamespace(testCluster(layer)),
        ...(fixed ? {} : { revision }),
        afterRotation: "Nothing else is to be done.",
        ...props,
      }),
    );
  });

describe("GeneratedSecret", () => {
  test("GIVEN a type THEN the Secret is one of it", () => {
    const { json } = build({ type: "kubernetes.io/basic-auth", generate: { password: { length: 24 } } });
    expect(only(json.resource?.["kubernetes_secret_v1"])).toMatchObject({ type: "kubernetes.io/basic-auth" });
  });

  test("GIVEN values to generate and to take over THEN they are ephemeral and written write-only, with a revision", () => {
    const { json } = build({
      generate: { password: { length: 24 }, "api.key": { length: 32, special: "_-" } },
      values: { user: "admin" },
    });
    expect(only(json.resource?.["kubernetes_secret_v1"])).toEqual({
      metadata: { name: "my-secret", namespace: "apps" },
      type: "Opaque",
      data_wo: {
        password: "${ephemeral.random_password.my_secret_password.result}",
        "api.key": "${ephemeral.random_password.my_secret_api_key.result}",
        user: "admin",
      },
      data_wo_revision: "${var.revision}",
      depends_on: ["kubernetes_namespace_v1.apps"],
    });
    const classes = { min_lower: 1, min_upper: 1, min_numeric: 1 };
    expect(json.ephemeral).toEqual({
      random_password: {
        my_secret_password: { length: 24, special: false, ...classes },
        my_secret_api_key: { length: 32, special: true, override_special: "_-", min_special: 1, ...classes },
      },
    });
  });

  test("THEN no secret is said to be in the state, and the provider that generates is required once", () => {
    const { json, layer } = synthesizeLayer((scope) => {
      const revision = new TerraformVariable(scope, "revision", { type: "number", description: "Revision" });
      const namespace = testNamespace(testCluster(scope));
      for (const id of ["one", "two"]) {
        new GeneratedSecret(scope, id, {
          namespace,
          revision,
          generate: { a: { length: 16 } },
          afterRotation: "Done.",
        });
      }
    });
    expect(layer.stateSecrets).toEqual([]);
    expect(json.terraform?.required_providers?.["random"]?.source).toBe("hashicorp/random");
    expect(json.provider?.["random"]).toEqual([{}]);
  });

  test("GIVEN nothing to generate THEN no provider for it is required", () => {
    expect(build({ values: { user: "admin" } }).json.terraform?.required_providers).not.toHaveProperty("random");
  });

  test("WHEN a container reads a key THEN it gets the name and the key, and a version that changes with the values", () => {
    const { json } = build({ generate: { password: { length: 24 } }, name: "other" }, (secret) => {
      expect(secret.key("password")).toEqual({ secretName: "other", key: "password" });
      Layer.of(secret).addOverride("locals.version", secret.version);
    });
    expect(json.locals).toEqual({
      version: "${var.revision}-${substr(kubernetes_secret_v1.my_secret.metadata[0].uid, 0, 8)}",
    });
  });

  test("THEN the README says how it is rotated", () => {
    expect(build({ generate: { password: { length: 24 } } }).layer.readmeSections).toEqual([
      {
        title: "Rotating the Secret my-secret",
        body: "Raise `revision` by one and apply: every value of the Secret `my-secret` in the namespace `apps` is written anew. Nothing else is to be done.",
      },
    ]);
  });

  test("GIVEN no revision THEN it is written once and never again, and an apply cannot destroy it", () => {
    const built = build({ fixed: true, generate: { key: { length: 64 } }, afterRotation: "Keep a copy." }, (secret) => {
      Layer.of(secret).addOverride("locals.version", secret.version);
    });
    expect(only(built.json.resource?.["kubernetes_secret_v1"])).toMatchObject({
      data_wo_revision: 1,
      lifecycle: { prevent_destroy: true },
    });
    expect(built.json.locals).toEqual({
      version: "1-${substr(kubernetes_secret_v1.my_secret.metadata[0].uid, 0, 8)}",
    });
    expect(built.layer.readmeSections).toEqual([
      {
        title: "Keeping the Secret my-secret",
        body: "The values of the Secret `my-secret` in the namespace `apps` are generated once and are nowhere else. Keep a copy.",
      },
    ]);
  });

  test("fails for a Secret without a key", () => {
    expect(() => build()).toThrow("test/my_secret: generate and values are both empty: a Secret has at least one key");
  });

  test("fails for keys that are there twice or malformed, and for lengths out of range, all at once", () => {
    expect(() =>
      build({
        generate: { a: { length: 15 }, b: { length: 129 }, "c d": { length: 16.5 } },
        values: { a: "x" },
      }),
    ).toThrow(
      [
        "test/my_secret: 5 problems",
        '  - the key "c d" has other characters than letters, digits, "-", "_" and "."',
        '  - the key "a" is both in generate and in values: give it once',
        '  - the length of "a" is 15: use 16 to 128 characters',
        '  - the length of "b" is 129: use 16 to 128 characters',
        '  - the length of "c d" is 16.5: use 16 to 128 characters',
      ].join("\n"),
    );
  });

  test("fails for keys that would share one generated value", () => {
    expect(() => build({ generate: { "a-b": { length: 16 }, "a.b": { length: 16 } } })).toThrow(
      'test/my_secret: the keys "a-b" and "a.b" differ by punctuation only and would share one generated value: rename one',
    );
  });

  test("fails for a key that it does not have", () => {
    expect(() => build({ values: { user: "admin" } }, (secret) => secret.key("password"))).toThrow(
      'test/my_secret: has no key "password": use one of user',
    );
  });
});
