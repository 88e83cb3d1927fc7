import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Dagster, type DagsterProps } from "../../../constructs/data-platform/dagster";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";
import { testRevision } from "../../support/single-sign-on";
import { testStore } from "../../support/vault-store";

const build = (jobs: DagsterProps["jobs"] = { cpuMillis: 100, memoryMib: 256, atOnce: 2 }) => {
  let requested: unknown;
  const built = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "assets");
    const store = testStore(layer, namespace);
    const dagster = new Dagster(layer, "dagster", {
      namespace,
      delivery: helmRelease,
      host: "dagster.test",
      gate: new BasicAuthGate(layer, "gate", {
        namespace,
        user: "lab",
        passwordRevision: testRevision(layer),
        what: "Dagster",
      }),
      database: {
        host: "postgres.test",
        port: 5432,
        name: "dagster",
        user: "dagster",
        credentials: store.secret("dagster-database", { entry: "db", keys: { "postgresql-password": "password" } }),
      },
      code: { repository: "registry.test/code", tag: "1a2b", module: "assets" },
      environment: { STORE: "http://store.test", TAGS: '{"a":"1"}' },
      jobs,
    });
    dagster.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
    expect(dagster.databaseClients.map(({ name }) => name)).toEqual([
      "webserver",
      "daemon",
      "dagster-code",
      "dagster-runs",
    ]);
    expect(dagster.jobs.labels).toEqual({ "lab.local/job": "true" });
    requested = cluster.capacity.requestedIn("assets");
  });
  return { ...built, requested };
};

const { json, requested } = build();
const { known, version } = releaseOf(json, "dagster");

describe("Dagster", () => {
  test("THEN its state is in the database that is given, and no chart of Bitnami comes with it", () => {
    expect(version).toBe("1.13.28");
    expect(known).toMatchObject({
      global: { postgresqlSecretName: "dagster-database" },
      postgresql: {
        enabled: false,
        postgresqlHost: "postgres.test",
        postgresqlUsername: "dagster",
        postgresqlDatabase: "dagster",
        service: { port: 5432 },
      },
      generatePostgresqlPasswordSecret: false,
      rabbitmq: { enabled: false },
      redis: { enabled: false },
      migrate: { enabled: false },
      telemetry: { enabled: false },
    });
  });

  test("THEN each run is a Job of the code's image, with what it reads, and nothing of the server with the code", () => {
    expect(known["runLauncher"]).toMatchObject({
      type: "K8sRunLauncher",
      config: { k8sRunLauncher: { envVars: ["STORE=http://store.test", 'TAGS={"a":"1"}'] } },
    });
    const { deployments } = known["dagster-user-deployments"] as { deployments: unknown[] };
    expect(deployments).toEqual([
      expect.objectContaining({
        name: "lab",
        image: { repository: "registry.test/code", tag: "1a2b", pullPolicy: "IfNotPresent" },
        dagsterApiGrpcArgs: ["-m", "assets"],
        port: 4000,
        includeConfigInLaunchedRuns: { enabled: false },
      }),
    ]);
  });

  test("THEN all that it starts is restricted", () => {
    const pod = { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: "RuntimeDefault" } };
    const container = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
    expect(known).toMatchObject({
      dagsterWebserver: { podSecurityContext: pod, securityContext: container },
      dagsterDaemon: { podSecurityContext: pod, securityContext: container },
      "dagster-user-deployments": { deployments: [{ podSecurityContext: pod, securityContext: container }] },
      runLauncher: {
        config: {
          k8sRunLauncher: { securityContext: container, runK8sConfig: { podSpecConfig: { securityContext: pod } } },
        },
      },
    });
  });

  test("THEN people come through the gate, and servers and runs reach the code and the Kubernetes API", () => {
    expect(known["ingress"]).toMatchObject({
      enabled: true,
      annotations: { "traefik.ingress.kubernetes.io/router.middlewares": "assets-gate@kubernetescrd" },
      dagsterWebserver: { host: "dagster.test", path: "/" },
    });
    expect(flowsOf(json).filter(([direction, pods]) => direction === "ingress" && pods.startsWith("assets/"))).toEqual([
      ["ingress", "assets/dagster-webserver", "apps/client", "8080"],
      ["ingress", "assets/user-deployments", "assets/dagster-daemon", "4000"],
      ["ingress", "assets/user-deployments", "assets/dagster-webserver", "4000"],
    ]);
    const api = flowsOf(json).filter(([, , , ports]) => ports === "6443");
    expect(api.map(([, pods]) => pods)).toEqual([
      "assets/dagster-daemon",
      "assets/dagster-webserver",
      "assets/run_worker",
    ]);
  });

  test("THEN web server, daemon, code, a run and its jobs are counted", () => {
    expect(requested).toEqual({ cpuMillis: 500, memoryMib: 320 + 256 + 256 + 384 + 2 * 256, pods: 6 });
  });

  test("fails for jobs that request nothing", async () => {
    expect(await messageOf(() => build({ cpuMillis: 0, memoryMib: 256, atOnce: 0 }))).toMatch(
      /dagster: 2 problems\n.*jobs\.cpuMillis is 0.*\n.*jobs\.atOnce is 0/,
    );
  });
});
