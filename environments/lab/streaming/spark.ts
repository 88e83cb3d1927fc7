import { Spark } from "../../../constructs/data-platform/spark";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { monitorSpark } from "../../../constructs/observability/streaming-monitoring";
import { labImage } from "../images";
import { type LaterLayer } from "../later-layer";
import { ACCOUNTS, ADDRESSES, BUCKETS, NAMESPACES } from "../names";
import { minioEntry } from "../vault-entries";

/** Release of Spark in images/spark. */
const SPARK = "4.0.4";

/** Spark, to which Airflow and Dagster submit applications. */
export function addSpark(lab: LaterLayer): Spark {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("spark", NAMESPACES.spark, {
    quota: { cpuMillis: 3000, memoryMib: 6144, pods: 16 },
  });
  const store = lab.vaultStore(always, [minioEntry("spark")]);
  const storeKeys = store.secret("spark-minio", {
    entry: minioEntry("spark"),
    keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
  });
  const gate = new BasicAuthGate(layer, "spark_history_gate", {
    namespace: always,
    user: "lab",
    passwordRevision: lab.passwordRevision,
    what: "Spark's History Server",
  });
  const spark = new Spark(layer, "spark", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 1 }),
    image: labImage(settings, "spark"),
    version: SPARK,
    storeEndpoint: `http://${ADDRESSES.minio.host}:${ADDRESSES.minio.port}`,
    storeKeys,
    eventsBucket: BUCKETS.sparkEvents,
    history: { host: lab.host("spark"), gate },
    // A driver and an executor of 1 GiB.
    applications: { cpuMillis: 500, memoryMib: 2048 },
    submitters: { airflow: ACCOUNTS.airflowTasks, dagster: ACCOUNTS.dagsterRuns },
    dependsOn: [storeKeys.delivered],
  });
  spark.history.allowFrom(lab.neighbour("traefik"));
  for (const pods of spark.storeClients) {
    pods.allowTo(lab.neighbour("minio"), { port: ADDRESSES.minio.port });
  }
  monitorSpark(lab.monitors("spark"), { operator: spark.operator, applications: spark.applications });
  return spark;
}
