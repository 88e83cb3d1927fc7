import { Dagster } from "../../../constructs/data-platform/dagster";
import { type Mlflow } from "../../../constructs/data-platform/mlflow";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { imageRepository, imageTag, registryAddress } from "../images";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { databaseEntry, minioEntry } from "../vault-entries";
import { type LabObjectStore } from "./object-store";

/** Images that the assets start as pods, or name in what they submit. */
const JOB_IMAGES = ["data-quality", "duckdb-dbt", "spark"] as const;

/** What the assets of images/dagster request: two of them do not wait for each other. */
const JOBS = { cpuMillis: 250, memoryMib: 512, atOnce: 2 };

/** Dagster, with the assets of images/dagster. */
export function addDagster(
  lab: LaterLayer,
  { store: objectStore, mlflow }: { store: LabObjectStore; mlflow: Mlflow },
): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("dagster", NAMESPACES.dagster, {
    quota: { cpuMillis: 2000, memoryMib: 4096, pods: 20 },
  });
  const store = lab.vaultStore(always, [databaseEntry("dagster"), minioEntry("dagster")]);
  const credentials = store.secret("dagster-database", {
    entry: databaseEntry("dagster"),
    keys: { "postgresql-password": "password" },
  });
  // Its name is in images/dagster.
  const storeKeys = store.secret("dagster-minio", {
    entry: minioEntry("dagster"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const gate = new BasicAuthGate(layer, "dagster_gate", {
    namespace: always,
    user: "lab",
    passwordRevision: lab.passwordRevision,
    what: "Dagster",
  });
  const restart = lab.restartWith(chosen, [credentials, storeKeys]);
  const dagster = new Dagster(layer, "dagster", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 1 }),
    host: lab.host("dagster"),
    gate,
    database: {
      host: lab.host("postgres"),
      port: CONTAINERS.postgres.port,
      name: "dagster",
      user: "dagster",
      credentials,
    },
    code: { repository: imageRepository(settings, "dagster"), tag: imageTag("dagster"), module: "lab_dagster" },
    environment: {
      LAB_REGISTRY: registryAddress(settings),
      LAB_IMAGE_TAGS: JSON.stringify(Object.fromEntries(JOB_IMAGES.map((name) => [name, imageTag(name)]))),
      LAB_S3_ENDPOINT: objectStore.endpoint,
      LAB_MLFLOW_URL: `http://${ADDRESSES.mlflow.host}:${ADDRESSES.mlflow.port}`,
    },
    jobs: JOBS,
    dependsOn: [objectStore.delivered, storeKeys.delivered, restart.done],
  });
  dagster.allowFrom(lab.neighbour("traefik"));
  for (const pods of dagster.databaseClients) {
    allowToContainer(pods, settings, "postgres");
  }
  objectStore.allowFrom(dagster.jobs);
  mlflow.allowFrom(dagster.jobs);
}
