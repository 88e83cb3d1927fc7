import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component } from "../cluster/component";
import { KubectlWait } from "../cluster/kubectl-wait";
import { type Manifest, Manifests } from "../cluster/manifests";
import { countPods, type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type CopiedSecret } from "../secrets/copied-secret";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";

/** What a manager requests: the memory of its whole process. */
export interface FlinkManager {
  readonly cpuMillis: number;
  readonly memoryMib: number;
}

export interface FlinkProps {
  /** Where the operator is, and the job is. */
  readonly namespace: INamespace;
  /** Secret with the key `password`, of the key store of the operator's webhook. */
  readonly webhookKeystore: GeneratedSecret;
  /** The job: lower-case letters, digits and `-`. */
  readonly job: {
    readonly name: string;
    /** Image of Flink 2.2 with its connectors, S3 plugin and the script, with its tag. */
    readonly image: string;
    /** Script of SQL in the image, such as `/opt/lab/sql/revenue.sql`. */
    readonly script: string;
  };
  readonly jobManager: FlinkManager;
  readonly taskManager: FlinkManager;
  /** Such as `http://minio.minio:9000`. */
  readonly storeEndpoint: string;
  /** Secret with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
  readonly storeKeys: VaultSecret;
  /** Bucket of checkpoints, savepoints and what a new job manager has to know. */
  readonly stateBucket: string;
  /** Secret with the key `jaas.conf`, by which clients of Kafka log in. */
  readonly kafkaLogin: CopiedSecret;
  /** Release of Kubernetes, such as `1.36.3`: that of kubectl, which waits until the job runs. */
  readonly kubernetesRelease: string;
  /** What has to be there before, such as Kafka with its topics. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** The repository has its version in its address: a later release has another one, and this one moves to archive.apache.org. */
const OPERATOR = "1.15.0";
const FLINK_USER = 9999;
const WEBHOOK_PORT = 9443;
const REST_PORT = 8081;
const RPC_PORT = 6123;
const BLOB_PORT = 6124;
/** Of task managers: without a number of their own, policies could not name them. */
const TASK_RPC_PORT = 6122;
const TASK_DATA_PORT = 6121;
/** Where the job manager asks task managers for what its pages show. */
const METRICS_QUERY_PORT = 6120;
const METRICS_PORT = 9249;

/**
 * One job of Flink by Apache's operator: a script of SQL, with a job manager and a task manager of its own. Checkpoints and
 * savepoints are in an object store, from where a pod that died goes on.
 *
 * `standalone` is how the operator starts it: the managers then need no right to make pods, and Flink's own driver runs the
 * script without a JAR of ours.
 *
 * @see https://nightlies.apache.org/flink/flink-kubernetes-operator-docs-stable/docs/custom-resource/overview/
 */
export class Flink extends Construct {
  /** Job manager and task managers. */
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when a number is not positive, or the job's name is malformed */
  constructor(scope: Construct, id: string, props: FlinkProps) {
    super(scope, id);
    const { namespace, job, jobManager, taskManager } = props;
    SocleError.throwIfAny(this.node.path, [
      ...wholeNumberProblems({
        "jobManager.cpuMillis": jobManager.cpuMillis,
        "jobManager.memoryMib": jobManager.memoryMib,
        "taskManager.cpuMillis": taskManager.cpuMillis,
        "taskManager.memoryMib": taskManager.memoryMib,
      }),
      ...(/^[a-z]([a-z0-9-]{0,43}[a-z0-9])?$/.test(job.name)
        ? []
        : [`the job "${job.name}" is not named by at most 45 lower-case letters, digits and "-"`]),
    ]);
    // By Helm: this apply makes an object of a kind that the operator brings.
    const operator = new Component(this, "operator", {
      name: "flink-kubernetes-operator",
      namespace,
      repository: `https://downloads.apache.org/flink/flink-kubernetes-operator-${OPERATOR}/`,
      version: OPERATOR,
      values: {
        watchNamespaces: [namespace.name],
        webhook: {
          keystore: { passwordSecretRef: { name: props.webhookKeystore.secretName, key: "password" } },
        },
      },
      pods: {
        operator: {
          labels: { "app.kubernetes.io/name": "flink-kubernetes-operator" },
          resources: ["operatorPod.resources", "operatorPod.webhook.resources"],
          needsKubernetesApi: true,
          webhookPorts: [WEBHOOK_PORT],
        },
      },
      dependsOn: [props.webhookKeystore.resource],
    });
    const objects = new Manifests(this, "job", {
      namespace,
      name: `flink-${job.name}`,
      manifests: [deployment(props)],
      dependsOn: [
        operator.delivered,
        props.storeKeys.delivered,
        props.kafkaLogin.delivered,
        ...(props.dependsOn ?? []),
      ],
    });
    this.delivered = new KubectlWait(this, "running", {
      namespace,
      kubernetesRelease: props.kubernetesRelease,
      conditions: [
        { of: [`flinkdeployment.flink.apache.org/${job.name}`], is: "jsonpath={.status.jobStatus.state}=RUNNING" },
      ],
      reads: { apiGroup: "flink.apache.org", resource: "flinkdeployments" },
      timeoutMinutes: 15,
      dependsOn: [objects.delivered],
    }).ready;
    new Pods(this, "waits", {
      namespace,
      labels: { "app.kubernetes.io/name": `${this.node.id}-running` },
    }).allowToApiServer();

    const labels = { app: job.name, type: "flink-standalone-kubernetes" };
    this.pods = new Pods(this, "managers", { namespace, labels, name: `flink-${job.name}` });
    // What a new job manager has to know is in ConfigMaps.
    this.pods.allowToApiServer();
    this.pods.allowFrom(
      this.pods,
      ...[RPC_PORT, BLOB_PORT, TASK_RPC_PORT, TASK_DATA_PORT, METRICS_QUERY_PORT, REST_PORT].map((port) => ({ port })),
    );
    this.pods.allowFrom(operator.pods("operator"), { port: REST_PORT });
    for (const [kind, { cpuMillis, memoryMib }] of Object.entries({ jobManager, taskManager })) {
      countPods(namespace, {
        name: `flink-${job.name}/${kind === "jobManager" ? "job manager" : "task manager"}`,
        cpuMillis,
        memoryMib,
        replicas: 1,
      });
    }
  }
}

function deployment(props: FlinkProps): Manifest {
  const { job, jobManager, taskManager, storeKeys, kafkaLogin } = props;
  const resource = ({ cpuMillis, memoryMib }: FlinkManager) => ({ cpu: cpuMillis / 1000, memory: `${memoryMib}m` });
  return {
    apiVersion: "flink.apache.org/v1beta1",
    kind: "FlinkDeployment",
    metadata: { name: job.name },
    spec: {
      mode: "standalone",
      image: job.image,
      flinkVersion: "v2_2",
      serviceAccount: "flink",
      flinkConfiguration: configuration(props),
      podTemplate: {
        spec: {
          securityContext: {
            runAsNonRoot: true,
            runAsUser: FLINK_USER,
            runAsGroup: FLINK_USER,
            fsGroup: FLINK_USER,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "flink-main-container",
              envFrom: [{ secretRef: { name: storeKeys.secretName } }],
              // Keys are read when it starts: with another text here the operator starts it again.
              env: [{ name: "STORE_KEYS_VERSION", value: storeKeys.version }],
              ports: [{ name: "metrics", containerPort: METRICS_PORT }],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              volumeMounts: [{ name: "kafka-login", mountPath: "/opt/lab/kafka", readOnly: true }],
            },
          ],
          volumes: [{ name: "kafka-login", secret: { secretName: kafkaLogin.secretName } }],
        },
      },
      jobManager: { replicas: 1, resource: resource(jobManager) },
      taskManager: { replicas: 1, resource: resource(taskManager) },
      job: {
        entryClass: "org.apache.flink.table.runtime.application.SqlDriver",
        args: ["--scriptUri", `file://${job.script}`],
        parallelism: 1,
        // Works for a job that fails, too: with another key of the store it could take no savepoint.
        upgradeMode: "last-state",
        state: "running",
      },
    },
  };
}

function configuration({ storeEndpoint, stateBucket, job }: FlinkProps): Record<string, string> {
  const folder = (name: string) => `s3://${stateBucket}/${job.name}/${name}`;
  return {
    "taskmanager.numberOfTaskSlots": "1",
    // Otherwise the limit is the request, and a start takes minutes.
    "kubernetes.jobmanager.cpu.limit-factor": "10",
    "kubernetes.taskmanager.cpu.limit-factor": "10",
    // SQL keeps its state on the heap here.
    "taskmanager.memory.managed.fraction": "0.1",
    "taskmanager.rpc.port": String(TASK_RPC_PORT),
    "taskmanager.data.port": String(TASK_DATA_PORT),
    "metrics.internal.query-service.port": String(METRICS_QUERY_PORT),
    "s3.endpoint": storeEndpoint,
    "s3.path.style.access": "true",
    "execution.checkpointing.interval": "60s",
    "execution.checkpointing.min-pause": "30s",
    "execution.checkpointing.timeout": "5min",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.dir": folder("checkpoints"),
    "execution.checkpointing.savepoint-dir": folder("savepoints"),
    "high-availability.type": "kubernetes",
    "high-availability.storageDir": folder("ha"),
    // Never gives up, each time a little later; restarts are alerted on.
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "1s",
    "restart-strategy.exponential-delay.max-backoff": "2min",
    "metrics.reporter.prom.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
    "metrics.reporter.prom.port": String(METRICS_PORT),
    // By which clients of Kafka in this JVM log in.
    "env.java.opts.all": "-Djava.security.auth.login.config=/opt/lab/kafka/jaas.conf",
  };
}
