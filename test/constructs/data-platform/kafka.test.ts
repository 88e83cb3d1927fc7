import { parse } from "yaml";
import { Kafka, type KafkaProps } from "../../../constructs/data-platform/kafka";
import { Pods } from "../../../constructs/cluster/network-policy";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

function build(given: Partial<KafkaProps> = {}, use: (kafka: Kafka) => void = () => undefined) {
  let requested: unknown;
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "kafka_namespace", { name: "kafka" });
    const kafka = new Kafka(layer, "kafka", {
      namespace,
      storageGib: 10,
      resources: { cpuMillis: 150, memoryMib: 1024, memoryLimitMib: 1536 },
      topics: { orders: { partitions: 2, retentionHours: 48 } },
      users: {
        flink: { reads: ["orders"], groupPrefix: "flink-", transactionPrefix: "flink-" },
        producer: { writes: ["orders"] },
      },
      kubernetesRelease: "1.36.3",
      ...given,
    });
    kafka.allowFrom(
      new Pods(layer, "reader", { namespace: testNamespace(cluster, "apps"), labels: { app: "reader" } }),
    );
    use(kafka);
    requested = cluster.capacity.requestedIn("kafka");
  });
  const release = json.resource?.["helm_release"]?.["kafka_cluster"] as { values: string[]; depends_on: string[] };
  const { manifests } = parse(release.values[0] ?? "") as {
    manifests: Record<string, { apiVersion: string; spec: Record<string, unknown> }>;
  };
  return { json, requested, release, manifests };
}

describe("Kafka", () => {
  const { json, requested, release, manifests } = build();

  test("THEN Strimzi is there before what it makes Kafka of, all by the API v1", () => {
    expect(json.resource?.["helm_release"]?.["kafka_operator"]).toMatchObject({
      repository: "oci://quay.io/strimzi-helm",
      chart: "strimzi-kafka-operator",
      version: "1.2.0",
    });
    expect(release.depends_on).toContain("helm_release.kafka_operator");
    expect(new Set(Object.values(manifests).map(({ apiVersion }) => apiVersion))).toEqual(
      new Set(["kafka.strimzi.io/v1"]),
    );
  });

  test("THEN one node is broker and controller, half of whose memory is for the JVM", () => {
    expect(manifests["KafkaNodePool/all"]?.spec).toEqual({
      replicas: 1,
      roles: ["controller", "broker"],
      storage: {
        type: "jbod",
        volumes: [{ id: 0, type: "persistent-claim", size: "10Gi", deleteClaim: true, kraftMetadata: "shared" }],
      },
      jvmOptions: { "-Xms": "512m", "-Xmx": "512m" },
      resources: { requests: { cpu: "150m", memory: "1024Mi" }, limits: { memory: "1536Mi" } },
    });
  });

  test("THEN nobody connects without a password, and no topic is made by a typing error", () => {
    expect(manifests["Kafka/kafka"]?.spec["kafka"]).toMatchObject({
      version: "4.3.1",
      listeners: [{ name: "plain", port: 9092, authentication: { type: "scram-sha-512" } }],
      authorization: { type: "simple" },
      config: { "auto.create.topics.enable": false, "min.insync.replicas": 1 },
    });
    expect(manifests["KafkaTopic/orders"]?.spec).toEqual({
      partitions: 2,
      replicas: 1,
      config: { "retention.ms": 172_800_000 },
    });
  });

  test("THEN a user may do what is said of it", () => {
    expect(manifests["KafkaUser/flink"]?.spec["authorization"]).toEqual({
      type: "simple",
      acls: [
        { resource: { type: "topic", name: "orders", patternType: "literal" }, operations: ["Describe", "Read"] },
        { resource: { type: "group", name: "flink-", patternType: "prefix" }, operations: ["Describe", "Read"] },
        {
          resource: { type: "transactionalId", name: "flink-", patternType: "prefix" },
          operations: ["Describe", "Write"],
        },
      ],
    });
    expect(manifests["KafkaUser/producer"]?.spec["authorization"]).toEqual({
      type: "simple",
      acls: [
        { resource: { type: "topic", name: "orders", patternType: "literal" }, operations: ["Describe", "Write"] },
      ],
    });
  });

  test("THEN clients reach the listener, and only what administers it the other ports", () => {
    expect(
      flowsOf(json).filter(([direction, pods]) => direction === "ingress" && pods === "kafka/kafka-kafka"),
    ).toEqual([
      ["ingress", "kafka/kafka-kafka", "apps/reader", "9092"],
      ["ingress", "kafka/kafka-kafka", "kafka/cluster-operator", "9090,9091,8443"],
      ["ingress", "kafka/kafka-kafka", "kafka/kafka-entity-operator", "9091"],
      ["ingress", "kafka/kafka-kafka", "kafka/kafka-kafka", "9090,9091"],
      ["ingress", "kafka/kafka-kafka", "kafka/kafka-kafka-exporter", "9091"],
    ]);
  });

  test("THEN everything that Strimzi makes is counted: broker, exporter, entity operator, and the Job that waits", () => {
    expect(requested).toEqual({ cpuMillis: 50 + 150 + 10 + 20 + 10, memoryMib: 384 + 1024 + 64 + 256 + 64, pods: 5 });
  });

  test("THEN it ends when Kafka is ready, and what waits reaches the API server", () => {
    expect(json.resource?.["kubernetes_job_v1"]?.["kafka_ready"]).toMatchObject({
      metadata: { name: "kafka-ready-1-36-3" },
      depends_on: expect.arrayContaining(["helm_release.kafka_cluster"]) as unknown,
      spec: {
        template: {
          spec: {
            container: [{ args: ["wait", "kafka.kafka.strimzi.io/kafka", "--for=condition=Ready", "--timeout=15m"] }],
          },
        },
      },
    });
    expect(flowsOf(json)).toContainEqual(["egress", "kafka/kafka-ready", "10.0.0.0/16", "6443"]);
  });

  test("fails with all problems at once", async () => {
    expect(
      await messageOf(() =>
        build({
          storageGib: 0,
          topics: { orders: { partitions: 0, retentionHours: 48 } },
          users: { flink: { reads: ["order"] }, idle: { groupPrefix: "idle" } },
        }),
      ),
    ).toBe(
      [
        "test/kafka: 4 problems",
        "  - storageGib is 0: use a whole number from 1 on",
        '  - partitions of "orders" is 0: use a whole number from 1 on',
        '  - the user "flink" is told of the topic "order", which is not there',
        '  - the user "idle" may do nothing: name a topic that it reads or writes to, or leave it out',
      ].join("\n"),
    );
  });

  test("fails when the password of nobody is asked for", async () => {
    expect(await messageOf(() => build({}, (kafka) => kafka.password("trino")))).toBe(
      'test/kafka: there is no user "trino": use one of flink, producer',
    );
  });
});
