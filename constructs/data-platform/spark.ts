import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { stringify } from "yaml";
import { Component, type Delivery } from "../cluster/component";
import { countOf, countPods, type INamespace } from "../cluster/namespace";
import { Pods } from "../cluster/network-policy";
import { SingleService } from "../cluster/single-service";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type BasicAuthGate } from "../gateway/basic-auth-gate";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type VaultSecret } from "../secrets/vault-store";

/** An account of a program that submits applications. */
export interface SparkSubmitter {
  /** Namespace and name of its ServiceAccount. */
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface SparkProps {
  /** Where the operator is, and the applications are. */
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Image of Spark with S3A and the JMX exporter in it, with its tag. */
  readonly image: string;
  /** Release of Spark in that image, such as `4.0.4`. */
  readonly version: string;
  /** Such as `http://minio.minio:9000`. */
  readonly storeEndpoint: string;
  /** Secret with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
  readonly storeKeys: VaultSecret;
  /** Bucket with what finished applications tell of themselves. */
  readonly eventsBucket: string;
  /** Where people see the History Server, and whom the gateway lets through to it. */
  readonly history: { readonly host: string; readonly gate: BasicAuthGate };
  /** What drivers and executors may request together: what is counted. */
  readonly applications: ContainerResources;
  /** Who may submit applications, beside the cluster's admins; lower-case names. */
  readonly submitters: Readonly<Record<string, SparkSubmitter>>;
  /** What has to be there before. @default - only the Secret */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const API_GROUP = "sparkoperator.k8s.io";
/** Name of the ServiceAccount of drivers, as the values have it. */
const DRIVER_ACCOUNT = "spark";
const HISTORY_PORT = 18080;
const WEBHOOK_PORT = 9443;
/** The driver's own, as Spark on Kubernetes sets it. */
const DRIVER_PORT = 7078;
/** Of the driver's block manager, as Spark on Kubernetes sets it; of executors, as {@link SPARK_CONFIGURATION} does. */
const BLOCK_MANAGER_PORT = 7079;
const HISTORY = { cpuMillis: 50, memoryMib: 512, memoryLimitMib: 768 };

/** Labels of drivers and executors. */
const APPLICATION_LABELS = { "sparkoperator.k8s.io/launched-by-spark-operator": "true" };

/**
 * Spark by Kubeflow's operator, which runs SparkApplications of one namespace, and a History Server of those that ended.
 * A SparkApplication to begin with is in the ConfigMap `spark-application`.
 *
 * @see https://www.kubeflow.org/docs/components/spark-operator/
 */
export class Spark extends Construct {
  readonly operator: Pods;
  /** Drivers and executors. */
  readonly applications: Pods;
  readonly history: SingleService;
  /** What uses the object store. */
  readonly storeClients: readonly Pods[];
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when what applications request is not positive */
  constructor(scope: Construct, id: string, props: SparkProps) {
    super(scope, id);
    const { namespace, storeKeys, applications, history } = props;
    SocleError.throwIfAny(
      this.node.path,
      wholeNumberProblems({
        "applications.cpuMillis": applications.cpuMillis,
        "applications.memoryMib": applications.memoryMib,
      }),
    );
    const name = "spark-operator";
    const operatorPods = (component: string) => ({
      labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/component": component },
      resources: [`${component}.resources`],
      needsKubernetesApi: true,
    });
    const component = new Component(this, "operator", {
      name,
      namespace,
      repository: "https://kubeflow.github.io/spark-operator",
      version: "2.5.2",
      delivery: props.delivery,
      values: { spark: { jobNamespaces: [namespace.name] } },
      pods: {
        "spark-controller": operatorPods("controller"),
        "spark-webhook": { ...operatorPods("webhook"), webhookPorts: [WEBHOOK_PORT] },
      },
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    });
    this.operator = component.pods("spark-controller");
    this.delivered = component.delivered;

    this.applications = new Pods(this, "applications", {
      namespace,
      labels: APPLICATION_LABELS,
      name: "spark-applications",
    });
    this.applications.allowToApiServer();
    this.applications.allowFrom(this.applications, { port: DRIVER_PORT }, { port: BLOCK_MANAGER_PORT });
    countPods(namespace, {
      name: "spark/applications",
      cpuMillis: applications.cpuMillis,
      memoryMib: applications.memoryMib,
      replicas: 1,
    });

    this.history = new SingleService(this, "history", {
      namespace,
      name: "spark-history",
      image: props.image,
      command: ["/opt/spark/bin/spark-class", "org.apache.spark.deploy.history.HistoryServer"],
      environment: {
        SPARK_HISTORY_OPTS: javaOptions({
          "spark.history.fs.logDirectory": eventsFolder(props),
          "spark.history.ui.port": String(HISTORY_PORT),
          "spark.history.fs.cleaner.enabled": "true",
          "spark.history.fs.cleaner.maxAge": "14d",
          ...storeConfiguration(props),
        }),
        SPARK_DAEMON_MEMORY: "320m",
      },
      secretEnvironment: {
        AWS_ACCESS_KEY_ID: storeKeys.key("AWS_ACCESS_KEY_ID"),
        AWS_SECRET_ACCESS_KEY: storeKeys.key("AWS_SECRET_ACCESS_KEY"),
      },
      restartWhenChanged: { "store-keys": storeKeys.version },
      user: SPARK_USER,
      resources: HISTORY,
      port: HISTORY_PORT,
      healthPath: "/api/v1/version",
      route: { host: history.host, annotations: { ...HTTPS_ROUTE, ...history.gate.annotations } },
      dependsOn: [storeKeys.delivered, history.gate.delivered, ...(props.dependsOn ?? [])],
    });
    this.storeClients = [this.applications, this.history.pods];
    new ConfigMapV1(this, "template", {
      ...countOf(namespace.when),
      metadata: { name: "spark-application", namespace: namespace.name },
      data: { "spark-application.yaml": stringify(sparkApplication(props), { lineWidth: 0 }) },
      dependsOn: [...namespace.present],
    });
    this.allowToSubmit(props);
  }

  /**
   * Who submits may look at pods, their logs and events, too, and at nothing else: what Airflow's SparkKubernetesOperator
   * asks for.
   */
  private allowToSubmit({ namespace, submitters }: SparkProps): void {
    const metadata = { name: "spark-submit", namespace: namespace.name };
    const role = new RoleV1(this, "submit", {
      ...countOf(namespace.when),
      metadata,
      rule: [
        {
          apiGroups: [API_GROUP],
          resources: ["sparkapplications"],
          verbs: ["create", "get", "list", "watch", "patch", "delete"],
        },
        { apiGroups: [API_GROUP], resources: ["sparkapplications/status"], verbs: ["get"] },
        // A label on a driver that failed says that Airflow has seen it.
        { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "patch"] },
        { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
        { apiGroups: [""], resources: ["events"], verbs: ["list"] },
      ],
      dependsOn: [...namespace.present],
    });
    for (const [name, { namespace: from, serviceAccount }] of Object.entries(submitters)) {
      new RoleBindingV1(this, `submit_${name}`, {
        ...countOf(namespace.when),
        metadata: { ...metadata, name: `spark-submit-${name}` },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
        subject: [{ kind: "ServiceAccount", name: serviceAccount, namespace: from }],
        dependsOn: [role],
      });
    }
  }
}

/** Number of the user that the image knows. */
const SPARK_USER = 185;

/** Where the JMX exporter is in the image, and its port. */
const JMX = { jar: "/opt/lab/jmx_prometheus_javaagent.jar", file: "/opt/lab/jmx-exporter.yaml", port: 8090 };

/** What every application should say, whatever it does: policies name its ports, and it takes no more than there is. */
export const SPARK_CONFIGURATION: Readonly<Record<string, string>> = {
  "spark.blockManager.port": String(BLOCK_MANAGER_PORT),
  "spark.dynamicAllocation.enabled": "true",
  // There is no shuffle service: executors with data that is still needed are kept.
  "spark.dynamicAllocation.shuffleTracking.enabled": "true",
  "spark.dynamicAllocation.minExecutors": "0",
  "spark.dynamicAllocation.maxExecutors": "2",
  "spark.dynamicAllocation.executorIdleTimeout": "60s",
};

/** An application that does nothing but be a beginning: the driver and up to two executors. */
function sparkApplication(props: SparkProps) {
  const { image, version, storeKeys } = props;
  const pod = {
    cores: 1,
    coreRequest: "250m",
    memory: "512m",
    memoryOverhead: "384m",
    envFrom: [{ secretRef: { name: storeKeys.secretName } }],
    podSecurityContext: {
      runAsNonRoot: true,
      runAsUser: SPARK_USER,
      fsGroup: SPARK_USER,
      seccompProfile: { type: "RuntimeDefault" },
    },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  return {
    apiVersion: `${API_GROUP}/v1beta2`,
    kind: "SparkApplication",
    metadata: { name: "sales-report" },
    spec: {
      type: "Python",
      pythonVersion: "3",
      mode: "cluster",
      sparkVersion: version,
      image,
      imagePullPolicy: "IfNotPresent",
      mainApplicationFile: "local:///opt/lab/jobs/sales_report.py",
      arguments: ["s3a://data"],
      restartPolicy: { type: "Never" },
      timeToLiveSeconds: 86_400,
      sparkConf: {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": eventsFolder(props),
        ...storeConfiguration(props),
        ...SPARK_CONFIGURATION,
      },
      monitoring: {
        exposeDriverMetrics: true,
        exposeExecutorMetrics: true,
        prometheus: { jmxExporterJar: JMX.jar, configFile: JMX.file, port: JMX.port },
      },
      driver: { ...pod, serviceAccount: DRIVER_ACCOUNT },
      executor: { ...pod, instances: 1 },
    },
  };
}

function eventsFolder({ eventsBucket }: SparkProps): string {
  return `s3a://${eventsBucket}/`;
}

/** Where the object store is; its key is in the environment. */
function storeConfiguration({ storeEndpoint }: SparkProps): Record<string, string> {
  return {
    "spark.hadoop.fs.s3a.endpoint": storeEndpoint,
    "spark.hadoop.fs.s3a.path.style.access": "true",
    "spark.hadoop.fs.s3a.aws.credentials.provider":
      "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider",
  };
}

function javaOptions(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `-D${name}=${value}`)
    .join(" ");
}
