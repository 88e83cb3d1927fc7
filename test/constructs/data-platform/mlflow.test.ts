import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Mlflow } from "../../../constructs/data-platform/mlflow";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { testRevision } from "../../support/single-sign-on";
import { testStore } from "../../support/vault-store";

const { json } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer);
  const namespace = testNamespace(cluster, "mlflow_namespace", { name: "mlflow" });
  const store = testStore(layer, namespace);
  const mlflow = new Mlflow(layer, "mlflow", {
    namespace,
    delivery: helmRelease,
    host: "mlflow.test",
    gate: new BasicAuthGate(layer, "gate", {
      namespace,
      user: "lab",
      passwordRevision: testRevision(layer),
      what: "MLflow",
    }),
    database: {
      host: "postgres.test",
      port: 5432,
      name: "runs",
      credentials: store.secret("database", { entry: "database", keys: { username: "user", password: "password" } }),
    },
    store: {
      endpoint: "http://minio.minio:9000",
      bucket: "artifacts",
      keys: store.secret("keys", { entry: "keys", keys: { AWS_ACCESS_KEY_ID: "id" } }),
    },
  });
  mlflow.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
});
const { known, version, dependsOn } = releaseOf(json, "mlflow");

describe("Mlflow", () => {
  test("THEN runs are in PostgreSQL and artifacts in the object store, by Secrets that are there before", () => {
    expect(version).toBe("1.11.5");
    expect(known["backendStore"]).toEqual({
      databaseMigration: true,
      postgres: { enabled: true, driver: "psycopg2", host: "postgres.test", port: 5432, database: "runs" },
      existingDatabaseSecret: { name: "database" },
    });
    expect(known["artifactRoot"]).toEqual({
      proxiedArtifactStorage: true,
      s3: { enabled: true, bucket: "artifacts", existingSecret: { name: "keys" } },
    });
    expect(known["extraEnvVars"]).toMatchObject({ MLFLOW_S3_ENDPOINT_URL: "http://minio.minio:9000" });
    expect(dependsOn).toEqual(expect.arrayContaining(["helm_release.vault", "helm_release.gate"]));
  });

  test("THEN it answers its own names, and its pods' addresses, by which it is scraped", () => {
    expect(known["serverAllowedHosts"]).toEqual(["mlflow.test", "mlflow.mlflow", "mlflow.mlflow:5000", "10.42.*"]);
    expect(known["extraArgs"]).toMatchObject({ exposePrometheus: "/tmp/prometheus" });
  });

  test("THEN people reach it over HTTPS, through the gate", () => {
    expect(known["ingress"]).toMatchObject({
      enabled: true,
      className: "traefik",
      annotations: {
        "traefik.ingress.kubernetes.io/router.tls": "true",
        "traefik.ingress.kubernetes.io/router.middlewares": "mlflow-gate@kubernetescrd",
      },
      hosts: [{ host: "mlflow.test", paths: [{ path: "/", pathType: "Prefix" }] }],
    });
    expect(known["auth"]).toEqual({ enabled: false });
  });

  test("THEN only who is allowed reaches it", () => {
    expect(flowsOf(json).filter(([direction, pods]) => direction === "ingress" && pods === "mlflow/mlflow")).toEqual([
      ["ingress", "mlflow/mlflow", "apps/client", "5000"],
    ]);
  });
});
