import { parse } from "yaml";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { testRevision } from "../../support/single-sign-on";

const { json, layer } = synthesizeLayer((layer) => {
  const gate = new BasicAuthGate(layer, "gate", {
    namespace: testNamespace(testCluster(layer), "mlflow"),
    user: "lab",
    passwordRevision: testRevision(layer),
    what: "MLflow",
  });
  expect(gate.annotations).toEqual({
    "traefik.ingress.kubernetes.io/router.middlewares": "mlflow-gate@kubernetescrd",
  });
});

describe("BasicAuthGate", () => {
  test("THEN Traefik reads the generated password as it is, and it is in no state", () => {
    expect(only(json.resource?.["kubernetes_secret_v1"])).toMatchObject({
      type: "kubernetes.io/basic-auth",
      data_wo: { username: "lab", password: "${ephemeral.random_password.gate_user_password.result}" },
      data_wo_revision: "${var.password_revision}",
    });
  });

  test("THEN the middleware does not pass the password on", () => {
    const release = json.resource?.["helm_release"]?.["gate"] as { values: string[] };
    const { manifests } = parse(release.values[0] ?? "") as { manifests: Record<string, unknown> };
    expect(Object.values(manifests)).toEqual([
      {
        apiVersion: "traefik.io/v1alpha1",
        kind: "Middleware",
        metadata: { name: "gate" },
        spec: { basicAuth: { secret: "gate", removeHeader: true } },
      },
    ]);
  });

  test("THEN the README says how there is another password", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toContain("Rotating the Secret gate");
  });
});
