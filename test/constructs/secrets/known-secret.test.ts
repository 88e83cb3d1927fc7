import { TerraformOutput } from "cdktf";
import { KnownSecret, type KnownSecretProps } from "../../../constructs/secrets/known-secret";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (
  values: Record<string, string>,
  use: (secret: KnownSecret) => void = () => {},
  more: Partial<KnownSecretProps> = {},
) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer));
    const secret = new KnownSecret(layer, "connection", { namespace, values, ...more });
    use(secret);
    new TerraformOutput(layer, "version", { value: secret.version, description: "Version" });
  });

describe("KnownSecret", () => {
  test("GIVEN values THEN they are written write-only, with a revision from 1 on that changes with any of them", () => {
    const { json } = build({ dsn: "db.example.com:1521/low", schema: "app" });
    const digest = 'substr(sha256(join("\\n", ["db.example.com:1521/low", "app"])), 0, 8)';

    expect(only(json.resource?.["kubernetes_secret_v1"])).toEqual({
      metadata: { name: "connection", namespace: "apps" },
      type: "Opaque",
      data_wo: { dsn: "db.example.com:1521/low", schema: "app" },
      data_wo_revision: `\${(parseint(${digest}, 16) + 1)}`,
      depends_on: ["kubernetes_namespace_v1.apps"],
    });
    expect(json.output?.["version"]).toMatchObject({ value: `\${${digest}}` });
  });

  test("GIVEN a type and labels THEN programs find it by them", () => {
    const { json } = build({ "tls.crt": "c", "tls.key": "k" }, undefined, {
      type: "kubernetes.io/tls",
      labels: { "example.com/kind": "certificate" },
    });
    expect(only(json.resource?.["kubernetes_secret_v1"])).toMatchObject({
      metadata: { name: "connection", namespace: "apps", labels: { "example.com/kind": "certificate" } },
      type: "kubernetes.io/tls",
    });
  });

  test("GIVEN a key THEN it can be a container's variable", () => {
    build({ dsn: "x" }, (secret) => {
      expect(secret.key("dsn")).toEqual({ secretName: "connection", key: "dsn" });
    });
  });

  test("fails for a key that it does not have", () => {
    expect(() => build({ dsn: "x" }, (secret) => secret.key("url"))).toThrow(
      'test/connection: has no key "url": use one of dsn',
    );
  });

  test.each([
    [{}, "test/connection: values is empty: a Secret has at least one key"],
    [{ "a b": "x" }, 'test/connection: the key "a b" has other characters than letters, digits, "-", "_" and "."'],
  ])("fails for the values %j", (values, message) => {
    expect(() => build(values)).toThrow(message);
  });
});
