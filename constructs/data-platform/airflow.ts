import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { Component, type Delivery, type ValuesOverlay } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { countPods } from "../cluster/namespace";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { wholeNumberProblems } from "../core/problems";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";
import { type SingleSignOn } from "../security/single-sign-on";

/** Where the DAGs come from. */
export interface AirflowDags {
  /** Address of the git repository, over HTTP. */
  readonly repository: string;
  /** Folder in it, such as `dags`. */
  readonly folder: string;
  /** Secret with the keys of {@link GIT_CREDENTIALS}. */
  readonly credentialsSecret: string;
}

export interface AirflowProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  readonly image: { readonly repository: string; readonly tag: string };
  /** Secret with the key `connection`: `postgresql://user:password@host:port/database`. */
  readonly database: VaultSecret;
  /** Secret with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` of the object store. */
  readonly storeKeys: VaultSecret;
  /** Such as `http://minio.minio:9000`. */
  readonly storeEndpoint: string;
  /** Bucket that the logs of tasks go to. */
  readonly logsBucket: string;
  /** Secret with the keys `fernet-key`, `api-secret-key` and `jwt-secret`. */
  readonly keys: GeneratedSecret;
  /** Secret with the key `password`, of the user `admin`: who logs in while there is no single sign-on. */
  readonly admin: GeneratedSecret;
  readonly dags: AirflowDags;
  /** Variables of every pod, which DAGs read. */
  readonly environment: Readonly<Record<string, string>>;
  readonly singleSignOn: SingleSignOn;
  /** What jobs that DAGs start as pods of their own may request together. */
  readonly jobs: ContainerResources & { readonly atOnce: number };
  /** Values that depend on what else is there. @default - none */
  readonly overlays?: readonly ValuesOverlay[];
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Keys of the Secret that git-sync reads: it takes the names of its versions 3 and 4. */
export const GIT_CREDENTIALS = {
  user: ["GIT_SYNC_USERNAME", "GITSYNC_USERNAME"],
  password: ["GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD"],
} as const;

/** Label of the pods that DAGs start for their jobs. */
export const JOB_LABELS = { "lab.local/job": "true" } as const;

/** Name of the ServiceAccount of jobs' pods, which may do nothing. */
const JOB_ACCOUNT = "airflow-job";

const API_PORT = 8080;
const STATSD_PORT = { port: 9125, protocol: "UDP" } as const;
const LOG_CONNECTION = "store";

/**
 * Airflow 3, whose tasks are pods (KubernetesExecutor). Its database is outside; DAGs come from a git repository, logs go to
 * an object store.
 *
 * Tasks speak with the API server alone, not with the database.
 *
 * @see https://airflow.apache.org/docs/helm-chart/stable/
 */
export class Airflow extends Construct {
  /** Whose pages and API people and task pods ask. */
  readonly apiServer: Pods;
  readonly statsd: Pods;
  /** Pods of tasks. */
  readonly tasks: Pods;
  /** Pods that tasks start for jobs of other images. */
  readonly jobs: Pods;
  /** What uses the database. */
  readonly databaseClients: readonly Pods[];
  /** What reads the repository of DAGs. */
  readonly dagReaders: readonly Pods[];
  /** What uses the object store. */
  readonly storeClients: readonly Pods[];
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when jobs request nothing, or none may run */
  constructor(scope: Construct, id: string, props: AirflowProps) {
    super(scope, id);
    const { namespace, database, storeKeys, singleSignOn, jobs } = props;
    SocleError.throwIfAny(
      this.node.path,
      wholeNumberProblems({
        "jobs.atOnce": jobs.atOnce,
        "jobs.cpuMillis": jobs.cpuMillis,
        "jobs.memoryMib": jobs.memoryMib,
      }),
    );
    const account = new ServiceAccountV1(this, "job_account", {
      metadata: { name: JOB_ACCOUNT, namespace: namespace.name },
      automountServiceAccountToken: false,
      dependsOn: [...namespace.present],
    });
    const labels = (component: string) => ({ tier: "airflow", component, release: "airflow" });
    const component = new Component(this, "Default", {
      name: "airflow",
      namespace,
      repository: "https://airflow.apache.org",
      version: "1.22.0",
      delivery: props.delivery,
      values: valuesOf(props),
      overlays: [
        ...(props.overlays ?? []),
        { when: singleSignOn.when, values: singleSignOnValues(props, singleSignOn) },
      ],
      pods: {
        scheduler: {
          labels: labels("scheduler"),
          resources: ["scheduler.resources"],
          needsKubernetesApi: true,
        },
        // It reads the logs of tasks that still run from their pods.
        web: {
          labels: labels("api-server"),
          resources: ["apiServer.resources"],
          needsKubernetesApi: true,
        },
        "dag-processor": {
          labels: labels("dag-processor"),
          resources: ["dagProcessor.resources", "dags.gitSync.resources"],
        },
        statsd: { labels: labels("statsd"), resources: ["statsd.resources"] },
        migrations: {
          labels: labels("run-airflow-migrations"),
          resources: ["migrateDatabaseJob.resources"],
          // Gone before a task runs, in whose place it is counted.
          replicas: 0,
        },
        "create-user": {
          labels: labels("create-user-job"),
          resources: ["createUserJob.resources"],
          replicas: 0,
        },
        // Operators that start pods, or Spark's applications, ask the API server.
        tasks: {
          labels: labels("worker"),
          resources: ["workers.kubernetes.resources"],
          replicas: PARALLEL_TASKS,
          needsKubernetesApi: true,
        },
      },
      timeoutSeconds: 1200,
      dependsOn: [
        account,
        database.delivered,
        storeKeys.delivered,
        singleSignOn.client.delivered,
        props.keys.resource,
        props.admin.resource,
        ...(props.dependsOn ?? []),
      ],
    });
    const scheduler = component.pods("scheduler");
    const dagProcessor = component.pods("dag-processor");
    this.apiServer = component.pods("web");
    this.statsd = component.pods("statsd");
    this.tasks = component.pods("tasks");
    this.jobs = new Pods(this, "jobs", { namespace, labels: JOB_LABELS, name: "jobs" });
    countPods(namespace, {
      name: "airflow/jobs",
      cpuMillis: jobs.cpuMillis,
      memoryMib: jobs.memoryMib,
      replicas: jobs.atOnce,
    });
    this.databaseClients = [
      scheduler,
      this.apiServer,
      dagProcessor,
      component.pods("migrations"),
      component.pods("create-user"),
    ];
    this.dagReaders = [dagProcessor, this.tasks];
    this.storeClients = [this.apiServer, this.tasks, this.jobs];
    this.delivered = component.delivered;

    this.apiServer.allowFrom(this.tasks, { port: API_PORT });
    this.apiServer.allowTo(singleSignOn.pods, { port: singleSignOn.port });
    for (const pods of [scheduler, this.apiServer, dagProcessor, this.tasks]) {
      pods.allowTo(this.statsd, STATSD_PORT);
    }
  }

  /** Lets others ask its API, or lead people to its pages. */
  allowFrom(source: Connectable): void {
    this.apiServer.allowFrom(source, { port: API_PORT });
  }
}

/** As `config.core.parallelism` of the values. */
const PARALLEL_TASKS = 2;

function valuesOf(props: AirflowProps) {
  const { host, image, dags, storeEndpoint } = props;
  const environment = {
    ...props.environment,
    // No secret: its keys are in the environment, by a Secret.
    [`AIRFLOW_CONN_${LOG_CONNECTION.toUpperCase()}`]: JSON.stringify({
      conn_type: "aws",
      extra: { endpoint_url: storeEndpoint, region_name: "us-east-1" },
    }),
    AWS_DEFAULT_REGION: "us-east-1",
  };
  return {
    defaultAirflowRepository: image.repository,
    defaultAirflowTag: image.tag,
    data: { metadataSecretName: props.database.secretName },
    fernetKeySecretName: props.keys.secretName,
    apiSecretKeySecretName: props.keys.secretName,
    jwtSecretName: props.keys.secretName,
    env: variables(environment),
    // A text that the chart reads as a template.
    extraEnvFrom: `- secretRef:\n    name: ${props.storeKeys.secretName}\n`,
    createUserJob: { env: [fromSecret("ADMIN_PASSWORD", props.admin.key("password"))] },
    apiServer: { env: proxyVariables(props) },
    dags: {
      gitSync: {
        repo: dags.repository,
        branch: "main",
        ref: "main",
        subPath: dags.folder,
        credentialsSecret: dags.credentialsSecret,
      },
    },
    config: {
      api: { base_url: `https://${host}` },
      logging: {
        remote_base_log_folder: `s3://${props.logsBucket}`,
        remote_log_conn_id: LOG_CONNECTION,
      },
    },
    ingress: {
      apiServer: {
        enabled: true,
        ingressClassName: "traefik",
        annotations: HTTPS_ROUTE,
        hosts: [{ name: host }],
      },
    },
  };
}

/** People log in through the identity provider instead of as `admin`. */
function singleSignOnValues(props: AirflowProps, { issuer, backchannel, client }: SingleSignOn) {
  return {
    createUserJob: { enabled: false },
    apiServer: {
      apiServerConfig: readProjectFile("constructs/data-platform/airflow/webserver_config.py"),
      env: [
        ...proxyVariables(props),
        ...variables({ OIDC_ISSUER: issuer, OIDC_BACKCHANNEL: backchannel }),
        fromSecret("OIDC_CLIENT_ID", client.key("client-id")),
        fromSecret("OIDC_CLIENT_SECRET", client.key("client-secret")),
      ],
    },
  };
}

/** Whose word of how it was asked is believed: only Traefik and task pods reach it. */
function proxyVariables({ namespace }: AirflowProps) {
  return variables({ FORWARDED_ALLOW_IPS: namespace.cluster.network.podCidrBlock });
}

function variables(environment: Readonly<Record<string, string>>) {
  return Object.entries(environment).map(([name, value]) => ({ name, value }));
}

function fromSecret(name: string, { secretName, key }: { readonly secretName: string; readonly key: string }) {
  return { name, valueFrom: { secretKeyRef: { name: secretName, key } } };
}
