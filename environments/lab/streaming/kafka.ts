import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { JobTemplate } from "../../../constructs/cluster/job-template";
import { readProjectFile } from "../../../constructs/core/files";
import { Kafka } from "../../../constructs/data-platform/kafka";
import { monitorKafka } from "../../../constructs/observability/streaming-monitoring";
import { countOf, type INamespace } from "../../../constructs/cluster/namespace";
import { filesOf } from "../../../constructs/cluster/pod-parts";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES, TOPICS } from "../names";

/** Users of Kafka. */
export const KAFKA_USERS = { flink: "flink", producer: "producer" } as const;

/** Groups and transactions of Flink's jobs begin so. */
export const FLINK_PREFIX = "flink-";

/** Kafka, and where it is. */
export interface LabKafka {
  readonly kafka: Kafka;
  /** Where the Secrets of its users are. */
  readonly namespace: INamespace;
}

/** Kafka with the topics of the lab, and a Job that writes orders. */
export function addKafka(lab: LaterLayer): LabKafka {
  const { layer } = lab;
  const { always, chosen } = lab.namespace("kafka", NAMESPACES.kafka, {
    quota: { cpuMillis: 1000, memoryMib: 3072, pods: 12 },
  });
  const kafka = new Kafka(layer, "kafka", {
    namespace: chosen,
    storageGib: 10,
    resources: { cpuMillis: 150, memoryMib: 1024, memoryLimitMib: 1536 },
    topics: {
      [TOPICS.orders]: { partitions: 2, retentionHours: 48 },
      [TOPICS.revenue]: { partitions: 1, retentionHours: 168 },
    },
    users: {
      [KAFKA_USERS.flink]: {
        reads: [TOPICS.orders],
        writes: [TOPICS.revenue],
        groupPrefix: FLINK_PREFIX,
        transactionPrefix: FLINK_PREFIX,
      },
      [KAFKA_USERS.producer]: { writes: [TOPICS.orders] },
    },
    kubernetesRelease: lab.kubernetesRelease,
  });
  const script = "orders-producer.sh";
  const scripts = new ConfigMapV1(layer, "orders_producer_script", {
    ...countOf(chosen.when),
    metadata: { name: "orders-producer", namespace: chosen.name },
    data: filesOf({ [script]: readProjectFile(`environments/lab/streaming/${script}`) }),
    dependsOn: [...chosen.present],
  });
  const producer = new JobTemplate(layer, "orders_producer", {
    namespace: chosen,
    image: Kafka.TOOLS_IMAGE,
    command: ["/bin/bash", `/scripts/${script}`],
    volumes: [{ name: "scripts", mountPath: "/scripts", source: { configMap: { name: "orders-producer" } } }],
    environment: {
      BOOTSTRAP_SERVERS: kafka.address,
      TOPIC: TOPICS.orders,
      KAFKA_USER: KAFKA_USERS.producer,
      ORDERS: "600",
      KAFKA_HEAP_OPTS: "-Xmx128m",
      LOG_DIR: "/tmp",
    },
    secretEnvironment: { KAFKA_PASSWORD: kafka.password(KAFKA_USERS.producer) },
    resources: { cpuMillis: 50, memoryMib: 192, memoryLimitMib: 320 },
    deadlineMinutes: 15,
    dependsOn: [kafka.delivered, scripts],
  });
  kafka.allowFrom(producer);
  monitorKafka(lab.monitors("kafka"), { exporter: kafka.exporter });
  return { kafka, namespace: always };
}
