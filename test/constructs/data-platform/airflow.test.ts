import { Token } from "cdktf";
import { helmRelease } from "../../../constructs/cluster/component";
import { Airflow, type AirflowProps, GIT_CREDENTIALS, JOB_LABELS } from "../../../constructs/data-platform/airflow";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";
import { testRevision, testSingleSignOn } from "../../support/single-sign-on";
import { testStore } from "../../support/vault-store";

function build(props: Partial<AirflowProps> = {}, use: (airflow: Airflow) => void = () => {}) {
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "airflow_namespace", { name: "airflow" });
    const store = testStore(layer, namespace);
    use(
      new Airflow(layer, "airflow", {
        namespace,
        delivery: helmRelease,
        host: "airflow.test",
        image: { repository: "registry.test/airflow", tag: "abc" },
        database: store.secret("database", { entry: "database", keys: { connection: "connection" } }),
        storeKeys: store.secret("store", { entry: "store", keys: { AWS_ACCESS_KEY_ID: "id" } }),
        storeEndpoint: "http://minio.minio:9000",
        logsBucket: "logs",
        keys: new GeneratedSecret(layer, "keys", {
          namespace,
          generate: { "fernet-key": { length: 32, base64: true } },
          afterRotation: "Lost.",
        }),
        admin: new GeneratedSecret(layer, "admin", {
          namespace,
          generate: { password: { length: 32 } },
          revision: testRevision(layer),
          afterRotation: "Log in again.",
        }),
        dags: { repository: "http://git.test/dags.git", folder: "dags", credentialsSecret: "git" },
        environment: { LAB_MLFLOW_URL: "http://mlflow" },
        singleSignOn: testSingleSignOn(layer, store),
        jobs: { cpuMillis: 250, memoryMib: 512, atOnce: 2 },
        ...props,
      }),
    );
  });
}

const { json, layer } = build();
const { known, rest, version, dependsOn } = releaseOf(json, "airflow");

describe("Airflow", () => {
  test("THEN each task is a pod, and nothing of Bitnami's is there", () => {
    expect(version).toBe("1.22.0");
    expect(known).toMatchObject({
      executor: "KubernetesExecutor",
      postgresql: { enabled: false },
      redis: { enabled: false },
      defaultAirflowRepository: "registry.test/airflow",
      defaultAirflowTag: "abc",
    });
  });

  test("THEN the Jobs are no hooks of Helm, which would wait for pods that wait for them", () => {
    for (const job of ["migrateDatabaseJob", "createUserJob"]) {
      expect(known[job]).toMatchObject({
        useHelmHooks: false,
        applyCustomEnv: false,
        jobAnnotations: { "argocd.argoproj.io/hook": "Sync" },
      });
    }
  });

  test("THEN what asks nothing of the Kubernetes API has no token, and what starts or reads pods has one", () => {
    for (const part of ["migrateDatabaseJob", "createUserJob", "dagProcessor", "statsd"]) {
      expect(known[part]).toMatchObject({ serviceAccount: { automountServiceAccountToken: false } });
    }
    for (const part of ["scheduler", "apiServer", "workers"]) {
      expect(known[part]).not.toHaveProperty("serviceAccount");
    }
  });

  test("THEN secrets come from Secrets, which are there before", () => {
    expect(known).toMatchObject({
      data: { metadataSecretName: "database" },
      fernetKeySecretName: "keys",
      apiSecretKeySecretName: "keys",
      jwtSecretName: "keys",
      extraEnvFrom: "- secretRef:\n    name: store\n",
      dags: { gitSync: { repo: "http://git.test/dags.git", subPath: "dags", ref: "main", credentialsSecret: "git" } },
    });
    expect((known["createUserJob"] as { env: unknown }).env).toEqual([
      { name: "ADMIN_PASSWORD", valueFrom: { secretKeyRef: { name: "admin", key: "password" } } },
    ]);
    expect(dependsOn).toEqual(
      expect.arrayContaining(["helm_release.vault", "kubernetes_secret_v1.keys", "kubernetes_secret_v1.admin"]),
    );
    expect(GIT_CREDENTIALS).toEqual({
      user: ["GIT_SYNC_USERNAME", "GITSYNC_USERNAME"],
      password: ["GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD"],
    });
  });

  test("THEN logs go to the object store by a connection without a secret", () => {
    expect(known["config"]).toMatchObject({
      logging: { remote_logging: "True", remote_base_log_folder: "s3://logs", remote_log_conn_id: "store" },
    });
    expect(known["env"]).toEqual([
      { name: "LAB_MLFLOW_URL", value: "http://mlflow" },
      {
        name: "AIRFLOW_CONN_STORE",
        value: '{"conn_type":"aws","extra":{"endpoint_url":"http://minio.minio:9000","region_name":"us-east-1"}}',
      },
      { name: "AWS_DEFAULT_REGION", value: "us-east-1" },
    ]);
  });

  test("THEN people reach it over HTTPS, and log in through Keycloak while that is there", () => {
    expect(known["ingress"]).toMatchObject({
      apiServer: { enabled: true, ingressClassName: "traefik", hosts: [{ name: "airflow.test" }] },
    });
    expect(rest).toHaveLength(1);
    expect(rest[0]).toMatch(/^\$\{var\.keycloak \? "/);
    for (const part of [
      "createUserJob:\\n  enabled: false\\n",
      "AUTH_TYPE = AUTH_OAUTH",
      "name: OIDC_ISSUER\\n      value: https://keycloak.test/realms/lab\\n",
      "name: OIDC_BACKCHANNEL\\n      value: http://keycloak.login/realms/lab\\n",
      "secretKeyRef:\\n          name: oidc\\n          key: client-secret\\n",
    ]) {
      expect(rest[0]).toContain(part);
    }
  });

  test("THEN tasks ask the API server and not the database", () => {
    build({}, (airflow) => {
      expect(airflow.databaseClients.map(({ name }) => name)).toEqual([
        "scheduler",
        "web",
        "dag-processor",
        "migrations",
        "create-user",
      ]);
      expect(airflow.dagReaders.map(({ name }) => name)).toEqual(["dag-processor", "tasks"]);
      expect(airflow.storeClients.map(({ name }) => name)).toEqual(["web", "tasks", "jobs"]);
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "airflow/airflow+worker+airflow")).toEqual([
      ["egress", "airflow/airflow+worker+airflow", "10.0.0.0/16", "6443"],
      ["egress", "airflow/airflow+worker+airflow", "airflow/airflow+api-server+airflow", "8080"],
      ["egress", "airflow/airflow+worker+airflow", "airflow/airflow+statsd+airflow", "9125/UDP"],
    ]);
  });

  test("THEN jobs have an account that may do nothing, and reach nothing by themselves", () => {
    expect(json.resource?.["kubernetes_service_account_v1"]?.["airflow_job_account"]).toMatchObject({
      metadata: { name: "airflow-job", namespace: "airflow" },
      automount_service_account_token: false,
    });
    expect(JOB_LABELS).toEqual({ "lab.local/job": "true" });
    expect(flowsOf(json).filter(([, pods]) => pods === "airflow/true")).toEqual([]);
  });

  test("THEN tasks and jobs are counted as often as they run at once", () => {
    const rows = layer.capacity?.().rows ?? [];
    expect(rows.filter(({ name }) => /tasks|jobs/.test(name))).toEqual([
      expect.objectContaining({ name: "airflow/tasks", replicas: 2, memoryMib: 512 }),
      expect.objectContaining({ name: "airflow/jobs", replicas: 2, memoryMib: 1024 }),
    ]);
    expect(known["config"]).toMatchObject({ core: { parallelism: "2" } });
  });

  test("GIVEN an overlay THEN its values go over while its condition holds", () => {
    const overlay = { when: { booleanValue: Token.asAny(true) }, values: { extraEnv: "- name: A\n" } };
    expect(releaseOf(build({ overlays: [overlay] }).json, "airflow").rest[0]).toBe(
      '${true ? "extraEnv: |\\n  - name: A\\n" : ""}',
    );
  });

  test("fails when no job may run", async () => {
    expect(await messageOf(() => build({ jobs: { cpuMillis: 250, memoryMib: 512, atOnce: 0 } }))).toBe(
      "test/airflow: jobs.atOnce is 0: use a whole number from 1 on",
    );
  });
});
