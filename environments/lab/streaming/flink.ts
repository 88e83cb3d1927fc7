import { Flink } from "../../../constructs/data-platform/flink";
import { monitorFlink } from "../../../constructs/observability/streaming-monitoring";
import { CopiedSecret } from "../../../constructs/secrets/copied-secret";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { labImage } from "../images";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, BUCKETS, NAMESPACES } from "../names";
import { minioEntry } from "../vault-entries";
import { KAFKA_USERS, type LabKafka } from "./kafka";

/** Where the module is that logs in, in the connector's JAR. */
const LOGIN_MODULE = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security.scram.ScramLoginModule";

/** Flink with the job that adds up revenue: from Kafka, to Kafka and to the object store. */
export function addFlink(lab: LaterLayer, { kafka, namespace: kafkaNamespace }: LabKafka): Flink {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("flink", NAMESPACES.flink, {
    quota: { cpuMillis: 1000, memoryMib: 3584, pods: 10 },
  });
  const store = lab.vaultStore(always, [minioEntry("flink")]);
  const keystore = new GeneratedSecret(layer, "flink_webhook_keystore", {
    namespace: always,
    generate: { password: { length: 32 } },
    revision: lab.passwordRevision,
    afterRotation:
      "cert-manager writes the key store of the operator's webhook anew with it; restart the operator then.",
  });
  const user = KAFKA_USERS.flink;
  const login = new CopiedSecret(layer, "flink_kafka_login", {
    namespace: chosen,
    from: kafkaNamespace,
    secretName: kafka.password(user).secretName,
    keys: { password: kafka.password(user).key },
    data: {
      "jaas.conf": `KafkaClient { ${LOGIN_MODULE} required username="${user}" password="{{ .password }}"; };`,
    },
    dependsOn: [kafka.delivered],
  });
  const flink = new Flink(layer, "flink", {
    namespace: chosen,
    webhookKeystore: keystore,
    job: { name: "revenue", image: labImage(settings, "flink"), script: "/opt/lab/sql/revenue.sql" },
    jobManager: { cpuMillis: 150, memoryMib: 896 },
    taskManager: { cpuMillis: 150, memoryMib: 1152 },
    storeEndpoint: `http://${ADDRESSES.minio.host}:${ADDRESSES.minio.port}`,
    storeKeys: store.secret("flink-minio", {
      entry: minioEntry("flink"),
      keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
    }),
    stateBucket: BUCKETS.flink,
    kafkaLogin: login,
    kubernetesRelease: lab.kubernetesRelease,
    dependsOn: [kafka.delivered],
  });
  kafka.allowFrom(flink.pods);
  flink.pods.allowTo(lab.neighbour("minio"), { port: ADDRESSES.minio.port });
  monitorFlink(lab.monitors("flink"), flink.pods);
  return flink;
}
