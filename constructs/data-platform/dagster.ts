import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type BasicAuthGate } from "../gateway/basic-auth-gate";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type VaultSecret } from "../secrets/vault-store";

export interface DagsterProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  /** Whom the gateway lets through to it. */
  readonly gate: BasicAuthGate;
  /** Where its database is; `credentials` is a Secret with the key `postgresql-password`. */
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    readonly credentials: VaultSecret;
  };
  /** The code: an image without an entrypoint that has Dagster in it, and the module with the definitions. */
  readonly code: { readonly repository: string; readonly tag: string; readonly module: string };
  /** What runs read, and the pods that they start. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the pods that runs start request, and how many there are at once: what is counted. */
  readonly jobs: ContainerResources & { readonly atOnce: number };
  /** What has to be there before. @default - only the Secret */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const WEB_PORT = 8080;
const CODE_PORT = 4000;
const CODE_USER = 10001;

/** Name of the code location, and of its Service. */
const CODE_LOCATION = "lab";

/** What a run requests: it executes its steps in processes of its own, and waits for the pods that they start. */
const RUN = { cpu: "100m", memory: "384Mi", cpuMillis: 100, memoryMib: 384, memoryLimit: "1Gi" };

/** As Pod Security `restricted` wants pods and containers. */
const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: CODE_USER,
  runAsGroup: CODE_USER,
  fsGroup: CODE_USER,
  seccompProfile: { type: "RuntimeDefault" },
};
const CONTAINER_SECURITY = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/**
 * Dagster: a web server, a daemon that starts runs, one after another, and a server with the code. Each run is a Job of its
 * own, made of the code's image (`K8sRunLauncher`), so that a run outlives whatever the servers do. It has no users: people
 * log in at the gateway.
 *
 * @see https://docs.dagster.io/deployment/oss/deployment-options/kubernetes/deploying-to-kubernetes
 */
export class Dagster extends Construct {
  readonly webserver: Pods;
  /** Pods that the steps of runs start. */
  readonly jobs: Pods;
  /** What uses the database. */
  readonly databaseClients: readonly Pods[];
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when what jobs request is not positive */
  constructor(scope: Construct, id: string, props: DagsterProps) {
    super(scope, id);
    const { namespace, database, jobs } = props;
    SocleError.throwIfAny(
      this.node.path,
      wholeNumberProblems({
        "jobs.cpuMillis": jobs.cpuMillis,
        "jobs.memoryMib": jobs.memoryMib,
        "jobs.atOnce": jobs.atOnce,
      }),
    );
    const component = new Component(this, "Default", {
      name: "dagster",
      namespace,
      repository: "https://dagster-io.github.io/helm",
      version: "1.13.28",
      delivery: props.delivery,
      values: valuesOf(props),
      pods: {
        webserver: {
          labels: { component: "dagster-webserver" },
          resources: ["dagsterWebserver.resources"],
          replicas: { valueAt: "dagsterWebserver.replicaCount" },
          needsKubernetesApi: true,
        },
        daemon: {
          labels: { component: "dagster-daemon" },
          resources: ["dagsterDaemon.resources"],
          needsKubernetesApi: true,
        },
      },
      dependsOn: [database.credentials.delivered, props.gate.delivered, ...(props.dependsOn ?? [])],
    });
    this.delivered = component.delivered;
    this.webserver = component.pods("webserver");
    const daemon = component.pods("daemon");
    const code = new Pods(this, "code", {
      namespace,
      labels: { component: "user-deployments" },
      name: "dagster-code",
    });
    // Labels that Dagster gives what it starts.
    const runs = new Pods(this, "runs", {
      namespace,
      labels: { "app.kubernetes.io/component": "run_worker" },
      name: "dagster-runs",
    });
    this.jobs = new Pods(this, "jobs", { namespace, labels: { "lab.local/job": "true" }, name: "dagster-jobs" });
    for (const servers of [this.webserver, daemon]) {
      code.allowFrom(servers, { port: CODE_PORT });
    }
    runs.allowToApiServer();
    this.databaseClients = [this.webserver, daemon, code, runs];
    countPods(namespace, { name: "dagster/code", ...CODE, replicas: 1 });
    countPods(namespace, { name: "dagster/runs", cpuMillis: RUN.cpuMillis, memoryMib: RUN.memoryMib, replicas: 1 });
    countPods(namespace, {
      name: "dagster/jobs",
      cpuMillis: jobs.cpuMillis,
      memoryMib: jobs.memoryMib,
      replicas: jobs.atOnce,
    });
  }

  /** Lets others lead people to it. */
  allowFrom(source: Connectable): void {
    this.webserver.allowFrom(source, { port: WEB_PORT });
  }
}

/** What the server with the code requests. */
const CODE = { cpuMillis: 50, memoryMib: 256 };

function valuesOf({ host, gate, database, code, environment }: DagsterProps) {
  return {
    global: { postgresqlSecretName: database.credentials.secretName },
    postgresql: {
      postgresqlHost: database.host,
      postgresqlUsername: database.user,
      postgresqlDatabase: database.name,
      service: { port: database.port },
    },
    dagsterWebserver: {
      service: { port: WEB_PORT },
      readinessProbe: { httpGet: { path: "/server_info", port: WEB_PORT } },
      podSecurityContext: POD_SECURITY,
    },
    dagsterDaemon: { podSecurityContext: POD_SECURITY },
    "dagster-user-deployments": {
      deployments: [
        {
          name: CODE_LOCATION,
          image: { repository: code.repository, tag: code.tag, pullPolicy: "IfNotPresent" },
          dagsterApiGrpcArgs: ["-m", code.module],
          port: CODE_PORT,
          // Runs have what the launcher says: this server's folders would be there twice in what their steps start.
          includeConfigInLaunchedRuns: { enabled: false },
          podSecurityContext: POD_SECURITY,
          securityContext: { ...CONTAINER_SECURITY, readOnlyRootFilesystem: true },
          volumes: [{ name: "tmp", emptyDir: { sizeLimit: "128Mi" } }],
          volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
          resources: {
            requests: { cpu: `${CODE.cpuMillis}m`, memory: `${CODE.memoryMib}Mi` },
            limits: { memory: "512Mi" },
          },
        },
      ],
    },
    runLauncher: {
      config: {
        k8sRunLauncher: {
          envVars: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
          resources: {
            requests: { cpu: RUN.cpu, memory: RUN.memory },
            limits: { memory: RUN.memoryLimit },
          },
          // Steps add folders of their own to what is said here, so runs write to the image's.
          securityContext: CONTAINER_SECURITY,
          runK8sConfig: { podSpecConfig: { securityContext: POD_SECURITY } },
        },
      },
    },
    ingress: {
      enabled: true,
      ingressClassName: "traefik",
      annotations: { ...HTTPS_ROUTE, ...gate.annotations },
      dagsterWebserver: { host, path: "/", pathType: "Prefix" },
    },
  };
}
