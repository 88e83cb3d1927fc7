import { type Connectable } from "../../../constructs/cluster/network-policy";
import { IcebergCatalog } from "../../../constructs/data-platform/iceberg-catalog";
import { Trino } from "../../../constructs/data-platform/trino";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { monitorTrino } from "../../../constructs/observability/data-platform-monitoring";
import { type LaterLayer } from "../later-layer";
import { trinoMetricsUser } from "../monitors";
import { ADDRESSES, BUCKETS, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { TRINO_PACKAGE } from "../security/opa";
import { databaseEntry, minioEntry } from "../vault-entries";
import { type LabObjectStore } from "./object-store";
import { TRINO_GROUPS } from "./trino-groups";

/** Trino over the object store, with the Open Policy Agent's say on every query. */
export function addTrino(
  lab: LaterLayer,
  { store: objectStore, jobs }: { store: LabObjectStore; jobs: Connectable },
): Trino {
  const { layer, settings, cluster } = lab;
  const { always, chosen } = lab.namespace("trino", NAMESPACES.trino, {
    quota: { cpuMillis: 1000, memoryMib: 7168, pods: 10 },
  });
  const store = lab.vaultStore(always, [databaseEntry("iceberg"), minioEntry("trino")]);
  const credentials = store.secret("iceberg-database", {
    entry: databaseEntry("iceberg"),
    keys: { user: "user", password: "password" },
  });
  const storeKeys = store.secret("trino-minio", {
    entry: minioEntry("trino"),
    keys: { "access-key": "access-key", "secret-key": "secret-key" },
  });
  const catalog = new IcebergCatalog(layer, "iceberg_catalog", {
    namespace: chosen,
    image: settings.images.postgres,
    host: lab.host("postgres"),
    port: CONTAINERS.postgres.port,
    database: "iceberg",
    credentials,
  });
  const gate = new BasicAuthGate(layer, "trino_gate", {
    namespace: always,
    user: "lab",
    passwordRevision: lab.passwordRevision,
    what: "Trino",
  });
  const restart = lab.restartWith(chosen, [credentials, storeKeys]);
  const trino = new Trino(layer, "trino", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 1 }),
    host: lab.host("trino"),
    gate,
    lakehouse: {
      catalog,
      credentials,
      warehouse: `s3://${BUCKETS.data}/processed/lakehouse`,
      storeEndpoint: objectStore.endpoint,
      storeKeys,
    },
    groups: TRINO_GROUPS,
    decisions: `http://${ADDRESSES.opa.host}:${ADDRESSES.opa.port}/v1/data/${TRINO_PACKAGE}`,
    dependsOn: [objectStore.delivered, restart.done],
  });
  trino.allowFrom(lab.neighbour("traefik"));
  trino.allowFrom(jobs);
  trino.pods.allowTo(lab.neighbour("opa"), { port: ADDRESSES.opa.port });
  for (const pods of [catalog.pods, trino.pods]) {
    allowToContainer(pods, settings, "postgres");
  }
  objectStore.allowFrom(trino);
  monitorTrino(lab.monitors("trino"), trino.pods, trinoMetricsUser(layer, cluster));
  return trino;
}
