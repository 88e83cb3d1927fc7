import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Qdrant } from "../../../constructs/genai/qdrant";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

test("GIVEN two keys THEN Qdrant takes both from the environment, and its chart makes none", () => {
  const { json } = synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "vectors");
    const qdrant = new Qdrant(layer, "qdrant", {
      namespace,
      delivery: helmRelease,
      keys: new GeneratedSecret(layer, "keys", {
        namespace,
        generate: { "api-key": { length: 48 }, "read-only-api-key": { length: 48 } },
        revision: new TerraformVariable(layer, "revision", { type: "number", description: "A revision." }),
        afterRotation: "Restart it.",
      }),
    });
    expect(qdrant.url).toBe("http://qdrant.vectors:6333");
  });

  const release = only(json.resource?.["helm_release"]) as { version: string; values: string[]; depends_on: string[] };
  expect(release.version).toBe("1.19.0");
  expect(release.depends_on).toContain("kubernetes_secret_v1.keys");
  expect(parse(release.values[0] ?? "")).toMatchObject({
    apiKey: null,
    env: [
      { name: "QDRANT__SERVICE__API_KEY", valueFrom: { secretKeyRef: { name: "keys", key: "api-key" } } },
      {
        name: "QDRANT__SERVICE__READ_ONLY_API_KEY",
        valueFrom: { secretKeyRef: { name: "keys", key: "read-only-api-key" } },
      },
    ],
    config: { cluster: { enabled: false } },
    image: { useUnprivilegedImage: true },
  });
});
