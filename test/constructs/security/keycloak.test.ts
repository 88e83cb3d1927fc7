import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { Keycloak, KEYCLOAK_IMAGE } from "../../../constructs/security/keycloak";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { testStore } from "../../support/vault-store";

const { json } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer);
  const namespace = testNamespace(cluster, "login");
  const keycloak = new Keycloak(layer, "keycloak", {
    namespace,
    delivery: helmRelease,
    host: "keycloak.test",
    database: {
      host: "postgres.test",
      port: 5432,
      name: "people",
      user: "login",
      credentials: testStore(layer, namespace).secret("database", {
        entry: "database",
        keys: { password: "password" },
      }),
    },
    admin: new GeneratedSecret(layer, "admin", {
      namespace,
      generate: { password: { length: 32 } },
      afterRotation: "Kept.",
    }),
  });
  keycloak.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  expect(keycloak.backchannel).toBe("http://keycloak-http.login");
});
const { known, version, dependsOn } = releaseOf(json, "keycloak");

describe("Keycloak", () => {
  test("THEN it is one server of its makers' image, with a database outside", () => {
    expect(version).toBe("7.1.11");
    expect(known).toMatchObject({
      replicas: 1,
      fullnameOverride: "keycloak",
      command: ["/opt/keycloak/bin/kc.sh", "start"],
      database: {
        vendor: "postgres",
        hostname: "postgres.test",
        port: 5432,
        database: "people",
        username: "login",
        existingSecret: "database",
        existingSecretKey: "password",
      },
    });
    expect(`quay.io/keycloak/keycloak:${(known["image"] as { tag: string }).tag}`).toBe(KEYCLOAK_IMAGE);
    expect(dependsOn).toEqual(expect.arrayContaining(["helm_release.vault", "kubernetes_secret_v1.admin"]));
  });

  test("THEN tokens name its host, and pods may ask it by its Service", () => {
    const variables = parse(known["extraEnv"] as string) as { name: string }[];
    expect(variables).toEqual(
      expect.arrayContaining([
        { name: "KC_HOSTNAME", value: "https://keycloak.test" },
        { name: "KC_HOSTNAME_BACKCHANNEL_DYNAMIC", value: "true" },
        { name: "KC_CACHE", value: "local" },
        {
          name: "KC_BOOTSTRAP_ADMIN_PASSWORD",
          valueFrom: { secretKeyRef: { name: "admin", key: "password" } },
        },
      ]),
    );
    expect(known["proxy"]).toEqual({ enabled: true, mode: "xforwarded", http: { enabled: true } });
    expect(known["ingress"]).toMatchObject({ enabled: true, rules: [{ host: "keycloak.test" }] });
  });

  test("THEN only who is allowed reaches it", () => {
    expect(flowsOf(json).filter(([, pods]) => pods === "login/keycloakx")).toEqual([
      ["ingress", "login/keycloakx", "apps/client", "8080"],
    ]);
  });
});
