import { parse } from "yaml";
import { CopiedSecret } from "../../../constructs/secrets/copied-secret";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

describe("GIVEN a Secret that a program made in another namespace", () => {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const secret = new CopiedSecret(layer, "kafka_login", {
      namespace: testNamespace(cluster, "flink"),
      from: testNamespace(cluster, "kafka"),
      secretName: "flink",
      keys: { password: "password" },
      data: { "jaas.conf": 'password="{{ .password }}";' },
    });
    expect(secret.key("jaas.conf")).toEqual({ secretName: "kafka-login", key: "jaas.conf" });
  });
  const release = only(json.resource?.["helm_release"]) as {
    namespace: string;
    values: string[];
    depends_on: string[];
  };
  const { manifests } = parse(release.values[0] ?? "") as { manifests: Record<string, { spec: unknown }> };

  test("THEN an account of the one namespace may read that Secret of the other, and nothing else", () => {
    expect(only(json.resource?.["kubernetes_role_v1"])).toMatchObject({
      metadata: { name: "kafka-login-copy", namespace: "kafka" },
      rule: [{ api_groups: [""], resources: ["secrets"], resource_names: ["flink"], verbs: ["get"] }],
    });
    expect(only(json.resource?.["kubernetes_role_binding_v1"])).toMatchObject({
      metadata: { namespace: "kafka" },
      subject: [{ kind: "ServiceAccount", namespace: "flink" }],
    });
    expect(release.depends_on).toContain("kubernetes_role_binding_v1.kafka_login_binding");
  });

  test("THEN external-secrets reads it by that account, and writes what the template says", () => {
    expect(release.namespace).toBe("flink");
    expect(manifests["SecretStore/kafka-login"]?.spec).toEqual({
      provider: {
        kubernetes: {
          remoteNamespace: "kafka",
          server: { caProvider: { type: "ConfigMap", name: "kube-root-ca.crt", key: "ca.crt" } },
          auth: { serviceAccount: { name: "kafka-login" } },
        },
      },
    });
    expect(manifests["ExternalSecret/kafka-login"]?.spec).toMatchObject({
      data: [{ secretKey: "password", remoteRef: { key: "flink", property: "password" } }],
      target: { name: "kafka-login", template: { data: { "jaas.conf": 'password="{{ .password }}";' } } },
    });
  });
});
