import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { KubectlWait } from "../cluster/kubectl-wait";
import { type Manifest, Manifests } from "../cluster/manifests";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type SecretKey } from "../secrets/generated-secret";

/** A topic. With one broker each partition has one replica. */
export interface KafkaTopicProps {
  readonly partitions: number;
  /** After how many hours messages go. */
  readonly retentionHours: number;
}

/** What a user may do. Names of groups and transactions are prefixes. */
export interface KafkaUserProps {
  /** Topics that it reads. @default - none */
  readonly reads?: readonly string[];
  /** Topics that it writes to. @default - none */
  readonly writes?: readonly string[];
  /** Consumer groups that it is in begin so. @default - it is in none */
  readonly groupPrefix?: string;
  /** Transactions that it writes in begin so. @default - it writes in none */
  readonly transactionPrefix?: string;
}

export interface KafkaProps {
  readonly namespace: INamespace;
  /** Size of the broker's volume, which goes with Kafka. */
  readonly storageGib: number;
  /** What the broker gets; half of its memory is for the JVM. */
  readonly resources: ContainerResources;
  readonly topics: Readonly<Record<string, KafkaTopicProps>>;
  readonly users: Readonly<Record<string, KafkaUserProps>>;
  /** Release of Kubernetes, such as `1.36.3`: that of kubectl, which waits until Kafka is ready. */
  readonly kubernetesRelease: string;
}

const API_VERSION = "kafka.strimzi.io/v1";
const STRIMZI = "1.2.0";
const VERSION = "4.3.1";
const NAME = "kafka";
const CLIENT_PORT = 9092;
/** Between brokers, and for operators that administer them. */
const REPLICATION_PORT = 9091;
const CONTROL_PLANE_PORT = 9090;
/** Strimzi's own agent in each broker, which its operator asks. */
const AGENT_PORT = 8443;

const EXPORTER = { cpuMillis: 10, memoryMib: 64, memoryLimitMib: 128 };
/** Each of the two in the entity operator: one for topics, one for users. */
const ENTITY_OPERATOR = { cpuMillis: 10, memoryMib: 128, memoryLimitMib: 256 };

/**
 * Kafka by Strimzi, without ZooKeeper: one node that is broker and controller. What is written is kept on its volume, and
 * nowhere else. The volume goes with Kafka: the id that is written on it is otherwise in the status of the deleted object
 * only, and a new Kafka refuses the volume of another one.
 *
 * Clients log in with a password (SCRAM-SHA-512) and may do what their user says. Connections are not encrypted: they stay
 * inside the cluster, and policies say who reaches the broker.
 *
 * @see https://strimzi.io/docs/operators/latest/deploying
 */
export class Kafka extends Construct {
  /** Image of its tools, such as `kafka-console-producer.sh`. */
  static readonly TOOLS_IMAGE = `quay.io/strimzi/kafka:${STRIMZI}-kafka-${VERSION}`;

  /** Where clients begin, such as `kafka-kafka-bootstrap.kafka:9092`. */
  readonly address: string;
  readonly brokers: Pods;
  readonly exporter: Pods;
  /** What connects depends on it: it is ready. */
  readonly delivered: ITerraformDependable;
  private readonly users: readonly string[];

  /** @throws SocleError when a number is not positive, or a user is told of a topic that is not there */
  constructor(scope: Construct, id: string, props: KafkaProps) {
    super(scope, id);
    const { namespace, resources, topics, users } = props;
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    this.users = Object.keys(users);
    this.address = `${NAME}-kafka-bootstrap.${namespace.name}:${CLIENT_PORT}`;
    // By Helm: this apply makes objects of kinds that the operator brings.
    const operator = new Component(this, "operator", {
      name: "strimzi-kafka-operator",
      namespace,
      repository: "oci://quay.io/strimzi-helm",
      version: STRIMZI,
      pods: {
        operator: {
          labels: { "strimzi.io/kind": "cluster-operator" },
          resources: ["resources"],
          needsKubernetesApi: true,
        },
      },
    });
    const objects = new Manifests(this, "cluster", {
      namespace,
      name: NAME,
      manifests: [
        nodePool(props),
        cluster(),
        ...Object.entries(topics).map(([name, topic]) => topicManifest(name, topic)),
        ...Object.entries(users).map(([name, user]) => userManifest(name, user)),
      ],
      dependsOn: [operator.delivered],
    });
    this.delivered = new KubectlWait(this, "ready", {
      namespace,
      kubernetesRelease: props.kubernetesRelease,
      conditions: [{ of: [`kafka.kafka.strimzi.io/${NAME}`], is: "condition=Ready" }],
      reads: { apiGroup: "kafka.strimzi.io", resource: "kafkas" },
      timeoutMinutes: 15,
      dependsOn: [objects.delivered],
    }).ready;
    new Pods(this, "waits", {
      namespace,
      labels: { "app.kubernetes.io/name": `${this.node.id}-ready` },
    }).allowToApiServer();

    const strimziPods = (kind: string, name: string) =>
      new Pods(this, kind, { namespace, labels: { "strimzi.io/name": name }, name });
    this.brokers = strimziPods("brokers", `${NAME}-kafka`);
    this.exporter = strimziPods("exporter", `${NAME}-kafka-exporter`);
    const entityOperator = strimziPods("entity_operator", `${NAME}-entity-operator`);
    countPods(namespace, { name: "kafka", ...requests(resources), replicas: 1 });
    countPods(namespace, { name: "kafka-exporter", ...requests(EXPORTER), replicas: 1 });
    countPods(namespace, {
      name: "kafka-entity-operator",
      cpuMillis: 2 * ENTITY_OPERATOR.cpuMillis,
      memoryMib: 2 * ENTITY_OPERATOR.memoryMib,
      replicas: 1,
    });
    entityOperator.allowToApiServer();
    // As a controller it finds itself by its name.
    this.brokers.allowFrom(this.brokers, { port: CONTROL_PLANE_PORT }, { port: REPLICATION_PORT });
    this.brokers.allowFrom(
      operator.pods("operator"),
      { port: CONTROL_PLANE_PORT },
      { port: REPLICATION_PORT },
      { port: AGENT_PORT },
    );
    this.brokers.allowFrom(entityOperator, { port: REPLICATION_PORT });
    this.brokers.allowFrom(this.exporter, { port: REPLICATION_PORT });
  }

  /** Lets others connect, who then still have to log in. */
  allowFrom(source: Connectable): void {
    this.brokers.allowFrom(source, { port: CLIENT_PORT });
  }

  /**
   * The password of a user, in the Secret that Strimzi makes for it.
   *
   * @throws SocleError when there is no such user
   */
  password(user: string): SecretKey {
    SocleError.throwIfAny(
      this.node.path,
      this.users.includes(user) ? [] : [`there is no user "${user}": use one of ${this.users.join(", ")}`],
    );
    return { secretName: user, key: "password" };
  }
}

const labels = { "strimzi.io/cluster": NAME };

function nodePool({ storageGib, resources }: KafkaProps): Manifest {
  const heap = `${Math.floor(resources.memoryMib / 2)}m`;
  return {
    apiVersion: API_VERSION,
    kind: "KafkaNodePool",
    metadata: { name: "all", labels },
    spec: {
      replicas: 1,
      roles: ["controller", "broker"],
      storage: {
        type: "jbod",
        volumes: [
          {
            id: 0,
            type: "persistent-claim",
            size: `${storageGib}Gi`,
            deleteClaim: true,
            kraftMetadata: "shared",
          },
        ],
      },
      jvmOptions: { "-Xms": heap, "-Xmx": heap },
      resources: quantities(resources),
    },
  };
}

function cluster(): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: "Kafka",
    metadata: { name: NAME },
    spec: {
      kafka: {
        version: VERSION,
        metadataVersion: "4.3-IV0",
        listeners: [
          {
            name: "plain",
            port: CLIENT_PORT,
            type: "internal",
            tls: false,
            authentication: { type: "scram-sha-512" },
          },
        ],
        authorization: { type: "simple" },
        config: {
          // There is one broker.
          "offsets.topic.replication.factor": 1,
          "transaction.state.log.replication.factor": 1,
          "transaction.state.log.min.isr": 1,
          "default.replication.factor": 1,
          "min.insync.replicas": 1,
          // A topic is made by its KafkaTopic: a typing error would be one more.
          "auto.create.topics.enable": false,
        },
      },
      entityOperator: {
        topicOperator: { resources: quantities(ENTITY_OPERATOR) },
        userOperator: { resources: quantities(ENTITY_OPERATOR) },
        template: {
          // It goes together with the topics, and could take no finalizer off them any more.
          topicOperatorContainer: { env: [{ name: "STRIMZI_USE_FINALIZERS", value: "false" }] },
        },
      },
      kafkaExporter: { topicRegex: ".*", groupRegex: ".*", resources: quantities(EXPORTER) },
    },
  };
}

function topicManifest(name: string, { partitions, retentionHours }: KafkaTopicProps): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: "KafkaTopic",
    metadata: { name, labels },
    spec: { partitions, replicas: 1, config: { "retention.ms": retentionHours * 3_600_000 } },
  };
}

function userManifest(
  name: string,
  { reads = [], writes = [], groupPrefix, transactionPrefix }: KafkaUserProps,
): Manifest {
  const acl = (type: string, of: string, patternType: string, ...operations: string[]) => ({
    resource: { type, name: of, patternType },
    operations,
  });
  return {
    apiVersion: API_VERSION,
    kind: "KafkaUser",
    metadata: { name, labels },
    spec: {
      authentication: { type: "scram-sha-512" },
      authorization: {
        type: "simple",
        acls: [
          ...reads.map((topic) => acl("topic", topic, "literal", "Describe", "Read")),
          ...writes.map((topic) => acl("topic", topic, "literal", "Describe", "Write")),
          ...(groupPrefix === undefined ? [] : [acl("group", groupPrefix, "prefix", "Describe", "Read")]),
          ...(transactionPrefix === undefined
            ? []
            : [acl("transactionalId", transactionPrefix, "prefix", "Describe", "Write")]),
        ],
      },
    },
  };
}

function quantities({ cpuMillis, memoryMib, memoryLimitMib = memoryMib }: ContainerResources) {
  return {
    requests: { cpu: `${cpuMillis}m`, memory: `${memoryMib}Mi` },
    limits: { memory: `${memoryLimitMib}Mi` },
  };
}

function requests({ cpuMillis, memoryMib }: ContainerResources) {
  return { cpuMillis, memoryMib };
}

function problemsOf({ storageGib, resources, topics, users }: KafkaProps): string[] {
  return [
    ...wholeNumberProblems({
      storageGib,
      "resources.cpuMillis": resources.cpuMillis,
      "resources.memoryMib": resources.memoryMib,
      ...Object.fromEntries(
        Object.entries(topics).flatMap(([name, { partitions, retentionHours }]) => [
          [`partitions of "${name}"`, partitions],
          [`retentionHours of "${name}"`, retentionHours],
        ]),
      ),
    }),
    ...Object.entries(users).flatMap(([name, { reads = [], writes = [] }]) =>
      reads.length + writes.length === 0
        ? [`the user "${name}" may do nothing: name a topic that it reads or writes to, or leave it out`]
        : [...reads, ...writes]
            .filter((topic) => !(topic in topics))
            .map((topic) => `the user "${name}" is told of the topic "${topic}", which is not there`),
    ),
  ];
}
