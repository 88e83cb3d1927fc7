import { Mlflow } from "../../../constructs/data-platform/mlflow";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { monitorMlflow } from "../../../constructs/observability/data-platform-monitoring";
import { type LaterLayer } from "../later-layer";
import { BUCKETS, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { databaseEntry, minioEntry } from "../vault-entries";
import { type LabObjectStore } from "./object-store";

/** MLflow, which people reach with a name and a password, and pods that are let in without. */
export function addMlflow(lab: LaterLayer, objectStore: LabObjectStore): Mlflow {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("mlflow", NAMESPACES.mlflow, {
    quota: { cpuMillis: 500, memoryMib: 2048, pods: 10 },
  });
  const store = lab.vaultStore(always, [databaseEntry("mlflow"), minioEntry("mlflow")]);
  const credentials = store.secret("mlflow-database", {
    entry: databaseEntry("mlflow"),
    keys: { username: "user", password: "password" },
  });
  const keys = store.secret("mlflow-minio", {
    entry: minioEntry("mlflow"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const gate = new BasicAuthGate(layer, "mlflow_gate", {
    namespace: always,
    user: "lab",
    passwordRevision: lab.passwordRevision,
    what: "MLflow",
  });
  const restart = lab.restartWith(chosen, [credentials, keys]);
  const mlflow = new Mlflow(layer, "mlflow", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 1 }),
    host: lab.host("mlflow"),
    gate,
    database: { host: lab.host("postgres"), port: CONTAINERS.postgres.port, name: "mlflow", credentials },
    store: { endpoint: objectStore.endpoint, bucket: BUCKETS.mlflow, keys },
    dependsOn: [objectStore.delivered, restart.done],
  });
  mlflow.allowFrom(lab.neighbour("traefik"));
  allowToContainer(mlflow.pods, settings, "postgres");
  objectStore.allowFrom(mlflow.pods);
  monitorMlflow(lab.monitors("mlflow"), mlflow.pods);
  return mlflow;
}
