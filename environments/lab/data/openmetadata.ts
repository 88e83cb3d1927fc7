import { OpenMetadata, OPENMETADATA_POD_SECURITY } from "../../../constructs/data-platform/openmetadata";
import { OpenMetadataConnectors } from "../../../constructs/data-platform/openmetadata-connectors";
import { OpenSearch } from "../../../constructs/data-platform/opensearch";
import { type Trino } from "../../../constructs/data-platform/trino";
import { GeneratedKeyPair } from "../../../constructs/secrets/generated-key-pair";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { labImage } from "../images";
import { type LaterLayer } from "../later-layer";
import { BUCKETS, NAMESPACES } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { databaseEntry, minioEntry } from "../vault-entries";
import { type LabObjectStore, QUALITY_FOLDER } from "./object-store";
import { metadataConnectors, TABLES_OF_SUITES } from "./openmetadata-connectors";

/** OpenMetadata with its index, and what it knows: tables, dashboards, DAGs, and how good data are. */
export function addOpenMetadata(
  lab: LaterLayer,
  { store: objectStore, trino }: { store: LabObjectStore; trino: Trino },
): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("openmetadata", NAMESPACES.openMetadata, {
    quota: { cpuMillis: 1500, memoryMib: 4608, pods: 15 },
    podSecurity: OPENMETADATA_POD_SECURITY,
  });
  const store = lab.vaultStore(always, [
    databaseEntry("openmetadata"),
    databaseEntry("airflow"),
    databaseEntry("superset"),
    minioEntry("openmetadata"),
  ]);
  const credentials = store.secret("openmetadata-database", {
    entry: databaseEntry("openmetadata"),
    keys: { password: "password" },
  });
  const keys = new GeneratedSecret(layer, "openmetadata_keys", {
    namespace: always,
    generate: { "fernet-key": { length: 32, base64: true } },
    afterRotation: "Without it, OpenMetadata cannot read the passwords of the connections that people saved in it.",
  });
  const admin = new GeneratedSecret(layer, "openmetadata_admin", {
    namespace: always,
    generate: { password: { length: 32, special: "_-" } },
    afterRotation:
      "A Job gives it to the admin of OpenMetadata in the place of the password that everybody knows. Whoever changes it in OpenMetadata changes it in the Secret, too.",
  });
  const signing = new GeneratedKeyPair(layer, "openmetadata_signing", {
    namespace: always,
    whenLost:
      "With other ones, whoever is logged in to OpenMetadata logs in again, and its pipelines need another token: Settings, Bots, ingestion-bot, Revoke, and Generate.",
  });
  const restart = lab.restartWith(chosen, [credentials]);
  const openMetadata = new OpenMetadata(layer, "openmetadata", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 2 }),
    host: lab.host("openmetadata"),
    database: {
      host: lab.host("postgres"),
      port: CONTAINERS.postgres.port,
      name: "openmetadata",
      user: "openmetadata",
      credentials,
    },
    search: new OpenSearch(layer, "opensearch", { namespace: chosen }),
    keys,
    signing,
    admin,
    dependsOn: [restart.done],
  });
  openMetadata.allowFrom(lab.neighbour("traefik"));
  allowToContainer(openMetadata.pods, settings, "postgres");
  for (const pods of openMetadata.ingestion) {
    allowToContainer(pods, settings, "postgres");
    trino.allowFrom(pods);
  }
  const password = (name: "airflow" | "superset") =>
    store.secret(`openmetadata-reads-${name}`, { entry: databaseEntry(name), keys: { password: "password" } });
  const connectors = new OpenMetadataConnectors(layer, "openmetadata_connectors", {
    namespace: chosen,
    openMetadata,
    admin,
    image: labImage(settings, "data-quality"),
    connectors: metadataConnectors(lab, { airflow: password("airflow"), superset: password("superset") }),
    results: {
      storeEndpoint: objectStore.endpoint,
      bucket: BUCKETS.data,
      folder: QUALITY_FOLDER,
      storeKeys: store.secret("openmetadata-minio", {
        entry: minioEntry("openmetadata"),
        keys: { "access-key": "access-key", "secret-key": "secret-key" },
      }),
      tables: TABLES_OF_SUITES,
    },
  });
  objectStore.allowFrom(connectors);
  lab.monitors("openmetadata").scrape({ pods: openMetadata.pods, ...openMetadata.metrics });
}
