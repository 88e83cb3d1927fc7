import { type TerraformVariable } from "cdktf";
import { Airflow, GIT_CREDENTIALS } from "../../../constructs/data-platform/airflow";
import { type Mlflow } from "../../../constructs/data-platform/mlflow";
import { monitorAirflow } from "../../../constructs/observability/data-platform-monitoring";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { imageRepository, imageTag, registryAddress } from "../images";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, BUCKETS, GIT_GROUP, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { databaseEntry, minioEntry, oidcEntry } from "../vault-entries";
import { type LabObjectStore } from "./object-store";

/** Images that DAGs start as pods of their own, or name in what they submit. */
const JOB_IMAGES = ["data-quality", "duckdb-dbt", "spark"] as const;

/** What the jobs of DAGs request at once. */
const JOBS = { cpuMillis: 250, memoryMib: 512, atOnce: 1 };

/** Who reads the repository of DAGs. */
export interface GitLogin {
  readonly user: TerraformVariable;
  readonly password: TerraformVariable;
}

/** Airflow, with the DAGs of the repository `airflow-dags`. */
export function addAirflow(
  lab: LaterLayer,
  { store: objectStore, mlflow, gitLogin }: { store: LabObjectStore; mlflow: Mlflow; gitLogin: GitLogin },
): Airflow {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("airflow", NAMESPACES.airflow, {
    // Room for tasks and jobs that a user starts by hand, beside those that are counted.
    quota: { cpuMillis: 4000, memoryMib: 5120, pods: 40 },
  });
  const store = lab.vaultStore(always, [databaseEntry("airflow"), minioEntry("airflow"), oidcEntry("airflow")]);
  const database = store.secret("airflow-database", {
    entry: databaseEntry("airflow"),
    keys: { host: "host", port: "port", user: "user", password: "password", database: "database" },
    template: {
      data: { connection: "postgresql://{{ .user }}:{{ .password }}@{{ .host }}:{{ .port }}/{{ .database }}" },
    },
  });
  const storeKeys = store.secret("airflow-minio", {
    entry: minioEntry("airflow"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const singleSignOn = lab.singleSignOn(store, "airflow");
  const keys = new GeneratedSecret(layer, "airflow_keys", {
    namespace: always,
    generate: {
      "fernet-key": { length: 32, base64: true },
      "api-secret-key": { length: 48 },
      "jwt-secret": { length: 64 },
    },
    afterRotation:
      "Without the Fernet key, connections and variables that people saved in Airflow cannot be read again.",
  });
  const admin = new GeneratedSecret(layer, "airflow_admin", {
    namespace: always,
    generate: { password: { length: 32 } },
    revision: lab.passwordRevision,
    afterRotation: `The user \`admin\` of Airflow has it after the next synchronization: \`${SYNCHRONIZE}\`.`,
  });
  const git = new KnownSecret(layer, "airflow_git", {
    namespace: always,
    values: Object.fromEntries([
      ...GIT_CREDENTIALS.user.map((key) => [key, gitLogin.user.stringValue]),
      ...GIT_CREDENTIALS.password.map((key) => [key, gitLogin.password.stringValue]),
    ]),
  });
  const restart = lab.restartWith(chosen, [database, storeKeys, singleSignOn.client]);
  const airflow = new Airflow(layer, "airflow", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 1 }),
    host: lab.host("airflow"),
    image: { repository: imageRepository(settings, "airflow"), tag: imageTag("airflow") },
    database,
    storeKeys,
    storeEndpoint: objectStore.endpoint,
    logsBucket: BUCKETS.airflowLogs,
    keys,
    admin,
    dags: {
      repository: `http://${lab.host("gitlab")}:${CONTAINERS.gitlab.port}/${GIT_GROUP}/airflow-dags.git`,
      folder: "dags",
      credentialsSecret: git.secretName,
    },
    environment: {
      LAB_DOMAIN: settings.domain,
      LAB_REGISTRY: registryAddress(settings),
      LAB_IMAGE_TAGS: JSON.stringify(Object.fromEntries(JOB_IMAGES.map((name) => [name, imageTag(name)]))),
      LAB_S3_ENDPOINT: objectStore.endpoint,
      LAB_MLFLOW_URL: urlOf(ADDRESSES.mlflow),
      LAB_PUSHGATEWAY_URL: `http://${ADDRESSES.pushgateway.host}`,
    },
    singleSignOn,
    jobs: JOBS,
    overlays: [
      {
        when: lab.when("trino"),
        // A text that the chart reads as a template.
        values: { extraEnv: `- name: LAB_TRINO_URL\n  value: ${urlOf(ADDRESSES.trino)}\n` },
      },
    ],
    dependsOn: [git.resource, objectStore.delivered, restart.done],
  });
  airflow.allowFrom(lab.neighbour("traefik"));
  for (const pods of airflow.databaseClients) {
    allowToContainer(pods, settings, "postgres");
  }
  for (const pods of airflow.dagReaders) {
    allowToContainer(pods, settings, "gitlab");
  }
  for (const pods of airflow.storeClients) {
    objectStore.allowFrom(pods);
  }
  for (const pods of [airflow.tasks, airflow.jobs]) {
    mlflow.allowFrom(pods);
  }
  airflow.jobs.allowTo(lab.neighbour("pushgateway"), { port: 9091 });
  monitorAirflow(lab.monitors("airflow"), airflow.statsd);
  return airflow;
}

/** Makes Argo CD run the Job that gives the admin its password. */
const SYNCHRONIZE = "argocd app sync airflow";

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host}:${port}`;
}
