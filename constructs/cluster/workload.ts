import { type IResolvable, type ITerraformDependable, Lazy, Token } from "cdktf";
import { Construct } from "constructs";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { HorizontalPodAutoscalerV2 } from "@cdktf/provider-kubernetes/lib/horizontal-pod-autoscaler-v2";
import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { PodDisruptionBudgetV1 } from "@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { type SecretKey } from "../secrets/generated-secret";
import { type Condition, countOf, countPods, type INamespace } from "./namespace";
import { type Connectable, type Port, Pods } from "./network-policy";

/** What a container gets of its node. */
export interface ContainerResources {
  /** CPU that is kept for it, in thousandths; it may use more while the node has it. */
  readonly cpuMillis: number;
  readonly memoryMib: number;
  /** It is killed above this. @default - memoryMib */
  readonly memoryLimitMib?: number;
}

/** The part of the web that a workload answers. */
export interface WorkloadRoute {
  /** Path prefixes, such as `/api`; the service gets the path as it is. */
  readonly paths: readonly string[];
  /** @default - every host name */
  readonly host?: string;
  /** @default "traefik" */
  readonly ingressClass?: string;
  /** Keeps a visitor on one replica by a cookie (Traefik), for what has sessions in memory. @default false */
  readonly sticky?: boolean;
}

/** A second Deployment beside the first, so that a release runs before anybody is led to it. */
export interface WorkloadColors {
  /** Image of green, with its tag; `image` is that of blue. A token is fine. */
  readonly greenImage: string;
  /** A condition of Terraform: whether green is there. Blue always is. */
  readonly greenWhen: IResolvable;
  /** `blue` or `green`: which of them the Service leads to. A token, which is `green` only while green is there. */
  readonly active: string;
}

/** Something that a workload calls: where it is, and what it is asked with. */
export interface Backend {
  readonly pods: Pods;
  /** Port of the pods. */
  readonly port: number;
  /** Environment variables that say where it is, and what of it is meant. */
  readonly environment: Readonly<Record<string, string>>;
  /** @default - it asks for none */
  readonly credentials?: SecretFiles;
}

/** A Secret whose keys are files. They follow the Secret within about two minutes, without a restart. */
export interface SecretFiles {
  /** They are in `/secrets/<folder>`. */
  readonly folder: string;
  readonly secretName: string;
  readonly keys: readonly string[];
}

export interface WorkloadProps {
  readonly namespace: INamespace;
  /** @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Image with its tag, or tokens for them. */
  readonly image: string;
  /**
   * Secret with which images are pulled; while it is not there, they are pulled without credentials.
   * @default - without credentials
   */
  readonly imagePullSecret?: string;
  /** Port that it listens on, above 1023: it is not root. */
  readonly port: number;
  readonly resources: ContainerResources;
  /** At least so many run. A token of an input whose validation keeps it within `maximumReplicas` is fine. */
  readonly minimumReplicas: number;
  /** At most so many run: these are counted against the cluster. */
  readonly maximumReplicas: number;
  /** Answers 200 over HTTP when it can serve; not behind a login. */
  readonly healthPath: string;
  /** Answers 200 when it can take requests now, with what it depends on. @default - healthPath */
  readonly readyPath?: string;
  /** How long its first start may take. @default 120 */
  readonly startSeconds?: number;
  /** @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Environment variables that come from Secrets. @default - none */
  readonly secretEnvironment?: Readonly<Record<string, SecretKey>>;
  /** Pods are replaced, one by one, when a value changes; such as the revision of a Secret they read. @default - none */
  readonly restartWhenChanged?: Readonly<Record<string, string>>;
  /** @default - it has no route, and is only reached inside the cluster */
  readonly route?: WorkloadRoute;
  /** Where Prometheus reads its metrics. @default - it has none */
  readonly metricsPath?: string;
  /** A port of its own for them, which no route leads to. @default - port */
  readonly metricsPort?: number;
  /** Annotations of its Service, such as those that a gateway goes by. @default - none */
  readonly serviceAnnotations?: Readonly<Record<string, string>>;
  /**
   * Blue and green: two Deployments, of which the Service leads to one. The room for green is for the layer to count: it
   * knows how many workloads have it at once.
   * @default - one Deployment, whose pods are replaced one by one
   */
  readonly colors?: WorkloadColors;
  /** Share of the CPU request, in percent, above which replicas are added. @default 75 */
  readonly targetCpuPercent?: number;
  /** Share of the memory request, in percent, above which replicas are added. @default 85 */
  readonly targetMemoryPercent?: number;
  /** What has to be there before, such as a Job that prepares a database. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** What the `restricted` Pod Security Standard asks of a pod, and a user that no image knows. */
export const RESTRICTED_POD = {
  runAsNonRoot: true,
  runAsUser: "10001",
  runAsGroup: "10001",
  fsGroup: "10001",
  seccompProfile: { type: "RuntimeDefault" },
};

/** What the `restricted` Pod Security Standard asks of a container, and a root file system that cannot be written. */
export const RESTRICTED_CONTAINER = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** What tells the pods of a colour from those of the other. */
const COLOR_LABEL = "socle/color";

/**
 * A web service with everything: Deployment, autoscaling, disruption budget, Service, route, an account without rights,
 * and pods that can do nothing but listen and write to `/tmp`. It reaches, and is reached by, nothing until
 * {@link allowFrom} or {@link allowTo} says so.
 *
 * Its image must run as any user (10001 here) with a read-only root file system.
 */
export class Workload extends Construct implements Connectable {
  readonly name: string;
  readonly namespace: INamespace;
  readonly port: number;
  readonly metricsPath: string | undefined;
  /** Labels of its Service and pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: Pods;
  /** Its Deployments: when they are there, so many pods of them as were asked for are ready. */
  readonly deployments: readonly DeploymentV1[];
  /** What leads to it. */
  readonly service: ServiceV1;
  private readonly environment: Record<string, string>;
  private readonly files: SecretFiles[] = [];

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: WorkloadProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { namespace, resources, colors } = props;
    this.name = props.name ?? id.replaceAll("_", "-");
    this.namespace = namespace;
    this.port = props.port;
    this.metricsPath = props.metricsPath;
    this.labels = { "app.kubernetes.io/name": this.name };
    this.environment = { HOME: "/tmp", ...props.environment };
    const metadata = { name: this.name, namespace: namespace.name, labels: { ...this.labels } };
    const account = new ServiceAccountV1(this, "account", {
      metadata,
      automountServiceAccountToken: false,
      dependsOn: [...namespace.present],
    });
    const { image } = props;
    this.deployments = (
      colors
        ? [
            { color: "blue", image },
            { color: "green", image: colors.greenImage, when: { booleanValue: colors.greenWhen } },
          ]
        : [{ image }]
    ).map((replicas) => this.deploy(props, account, replicas));
    this.service = this.expose(props, metadata);

    this.pods = new Pods(this, "Default", { namespace, labels: this.labels, name: this.name });
    countPods(namespace, {
      name: this.name,
      cpuMillis: resources.cpuMillis,
      memoryMib: resources.memoryMib,
      replicas: props.maximumReplicas,
    });
  }

  /**
   * Lets others reach it.
   *
   * @param ports @default - the port it listens on
   * @throws SocleError when the two are connected already
   */
  allowFrom(source: Connectable, ...ports: readonly Port[]): void {
    this.pods.allowFrom(source, ...(ports.length > 0 ? ports : [{ port: this.port }]));
  }

  /** Lets it reach ports of others. */
  allowTo(target: Connectable, ...ports: readonly Port[]): void {
    this.pods.allowTo(target, ...ports);
  }

  /**
   * Lets it call something: allows the flow, says where it is, and brings the credentials.
   *
   * @throws SocleError when the two are connected already, or a variable or folder is another one's
   */
  uses(backend: Backend): void {
    const { environment, credentials } = backend;
    this.pods.allowTo(backend.pods, { port: backend.port });
    SocleError.throwIfAny(
      this.node.path,
      Object.keys(environment)
        .filter((name) => name in this.environment)
        .map((name) => `the variable ${name} of ${backend.pods.name} is there already: give each once`),
    );
    Object.assign(this.environment, environment);
    if (credentials) {
      this.readsSecret(credentials);
    }
  }

  /**
   * Brings keys of a Secret as files.
   *
   * @throws SocleError when the folder is another Secret's
   */
  readsSecret(files: SecretFiles): void {
    SocleError.throwIfAny(
      this.node.path,
      this.files.some(({ folder }) => folder === files.folder)
        ? [`the folder /secrets/${files.folder} is there already: give the Secret ${files.secretName} its own`]
        : [],
    );
    this.files.push(files);
  }

  /** Sets an environment variable, until synth: the last value counts. */
  protected setVariable(name: string, value: string): void {
    this.environment[name] = value;
  }

  /** The container's variables, as the JSON has them: read at synth, since verbs add to them until then. */
  private variables(secrets: Readonly<Record<string, SecretKey>> = {}): unknown {
    return [
      ...Object.entries(this.environment).map(([name, value]) => ({ name, value })),
      ...Object.entries(secrets).map(([name, { secretName, key }]) => ({
        name,
        value_from: { secret_key_ref: { key, name: secretName } },
      })),
    ];
  }

  private volumes(): unknown {
    const sources = this.files.map(({ folder, secretName, keys }) => ({
      secret: [{ name: secretName, items: keys.map((key) => ({ key, path: `${folder}/${key}` })) }],
    }));
    return [
      { name: "tmp", empty_dir: { size_limit: "256Mi" } },
      ...(sources.length > 0 ? [{ name: "secrets", projected: [{ sources }] }] : []),
    ];
  }

  private volumeMounts(): unknown {
    return [
      { name: "tmp", mount_path: "/tmp" },
      ...(this.files.length > 0 ? [{ name: "secrets", mount_path: "/secrets", read_only: true }] : []),
    ];
  }

  /** One Deployment with its autoscaler and disruption budget. */
  private deploy(props: WorkloadProps, account: ServiceAccountV1, replicas: Replicas): DeploymentV1 {
    const { namespace, resources } = props;
    const { color, when } = replicas;
    const count = countOf(namespace.when, when);
    const labels = { ...this.labels, ...(color === undefined ? {} : { [COLOR_LABEL]: color }) };
    const metadata = {
      name: color === undefined ? this.name : `${this.name}-${color}`,
      namespace: namespace.name,
      labels: { ...labels },
    };
    const selector = { ...labels };
    const probe = { httpGet: { path: props.healthPath, port: "http" }, timeoutSeconds: 3 };
    const ready = { ...probe, httpGet: { path: props.readyPath ?? props.healthPath, port: "http" } };
    const deployment = new DeploymentV1(this, color ?? "Resource", {
      ...count,
      metadata,
      spec: {
        // Where it begins; from then on the autoscaler says.
        replicas: Token.asString(props.minimumReplicas),
        selector: { matchLabels: selector },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "1", maxUnavailable: "0" } },
        template: {
          metadata: {
            labels: selector,
            ...(props.restartWhenChanged ? { annotations: prefixed(props.restartWhenChanged) } : {}),
          },
          spec: {
            serviceAccountName: account.metadata.name,
            ...(props.imagePullSecret === undefined ? {} : { imagePullSecrets: [{ name: props.imagePullSecret }] }),
            automountServiceAccountToken: false,
            // The addresses of other services would be in its environment.
            enableServiceLinks: false,
            securityContext: RESTRICTED_POD,
            topologySpreadConstraint: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: [{ matchLabels: selector }],
              },
            ],
            container: [
              {
                name: this.name,
                image: replicas.image,
                imagePullPolicy: "IfNotPresent",
                port: [
                  { name: "http", containerPort: props.port },
                  ...(props.metricsPort === undefined ? [] : [{ name: "metrics", containerPort: props.metricsPort }]),
                ],
                env: Lazy.anyValue({ produce: () => this.variables(props.secretEnvironment) }),
                resources: {
                  requests: { cpu: `${resources.cpuMillis}m`, memory: `${resources.memoryMib}Mi` },
                  // No limit on CPU: it would slow down a service while the node is idle.
                  limits: { memory: `${resources.memoryLimitMib ?? resources.memoryMib}Mi` },
                },
                securityContext: RESTRICTED_CONTAINER,
                startupProbe: {
                  ...probe,
                  periodSeconds: 5,
                  failureThreshold: Math.ceil((props.startSeconds ?? 120) / 5),
                },
                readinessProbe: { ...ready, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: { ...probe, periodSeconds: 20, failureThreshold: 3 },
                volumeMount: Lazy.anyValue({ produce: () => this.volumeMounts() }),
              },
            ],
            volume: Lazy.anyValue({ produce: () => this.volumes() }),
          },
        },
      },
      timeouts: { create: "10m", update: "10m" },
      lifecycle: {
        ignoreChanges: ["spec[0].replicas"],
        // The Service leads away from green before green goes.
        ...(when ? { createBeforeDestroy: true } : {}),
      },
      dependsOn: [...namespace.guardrails, ...(props.dependsOn ?? [])],
    });
    this.scale(props, metadata, deployment, replicas);
    return deployment;
  }

  private scale(
    props: WorkloadProps,
    metadata: ObjectMetadata,
    deployment: DeploymentV1,
    { color, when }: Replicas,
  ): void {
    const id = (name: string) => (color === undefined ? name : `${color}_${name}`);
    const count = countOf(props.namespace.when, when);
    const target = (name: string, averageUtilization: number) => ({
      type: "Resource",
      resource: { name, target: { type: "Utilization", averageUtilization } },
    });
    new HorizontalPodAutoscalerV2(this, id("autoscaler"), {
      ...count,
      metadata,
      spec: {
        minReplicas: props.minimumReplicas,
        maxReplicas: props.maximumReplicas,
        scaleTargetRef: {
          apiVersion: "apps/v1",
          kind: "Deployment",
          // One that may not be there has no address without an index.
          name: count.count ? metadata.name : deployment.metadata.name,
        },
        metric: [target("cpu", props.targetCpuPercent ?? 75), target("memory", props.targetMemoryPercent ?? 85)],
      },
      ...(count.count ? { dependsOn: [deployment] } : {}),
    });
    // At most one away, not at least one there: with a single replica that would keep its node from ever being drained.
    new PodDisruptionBudgetV1(this, id("disruption_budget"), {
      ...count,
      metadata,
      spec: { maxUnavailable: "1", selector: { matchLabels: { ...metadata.labels } } },
      dependsOn: [...props.namespace.present],
    });
  }

  private expose(props: WorkloadProps, metadata: ObjectMetadata): ServiceV1 {
    const { namespace, route, port, colors } = props;
    const annotations = {
      ...(route?.sticky
        ? {
            "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
            "traefik.ingress.kubernetes.io/service.sticky.cookie.name": `${this.name}-replica`,
            "traefik.ingress.kubernetes.io/service.sticky.cookie.httponly": "true",
          }
        : {}),
      ...props.serviceAnnotations,
    };
    const service = new ServiceV1(this, "service", {
      metadata: {
        ...metadata,
        ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      },
      spec: {
        type: "ClusterIP",
        selector: { ...this.labels, ...(colors ? { [COLOR_LABEL]: colors.active } : {}) },
        port: [{ name: "http", port: 80, targetPort: String(port) }],
      },
      // It leads to a colour whose pods are ready.
      dependsOn: [...namespace.present, ...(colors ? this.deployments : [])],
    });
    if (!route) {
      return service;
    }
    new IngressV1(this, "route", {
      ...countOf(namespace.when),
      metadata,
      spec: {
        ingressClassName: route.ingressClass ?? "traefik",
        rule: [
          {
            ...(route.host === undefined ? {} : { host: route.host }),
            http: {
              path: route.paths.map((path) => ({
                path,
                pathType: "Prefix",
                backend: { service: { name: service.metadata.name, port: { number: 80 } } },
              })),
            },
          },
        ],
      },
    });
    return service;
  }
}

/** The pods of one colour, or all of them. */
interface Replicas {
  readonly color?: string;
  readonly image: string;
  readonly when?: Condition;
}

interface ObjectMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
}

function prefixed(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`socle/${name}`, value]));
}

function problemsOf(props: WorkloadProps): string[] {
  const { port, image, metricsPort, minimumReplicas, maximumReplicas, resources, route } = props;
  const path = (key: string, value: string | undefined) =>
    value === undefined || value.startsWith("/") ? [] : [`${key} is "${value}": it begins with "/"`];
  const clash = Object.keys(props.secretEnvironment ?? {}).filter((name) => name in (props.environment ?? {}));
  return [
    ...(Number.isInteger(port) && port >= 1024 && port <= 65535
      ? []
      : [`port is ${port}: use one from 1024 to 65535, since the container is not root`]),
    ...(Token.isUnresolved(image) || (/:[\w.-]+$|@sha256:[0-9a-f]{64}$/.test(image) && !image.endsWith(":latest"))
      ? []
      : [`image is "${image}": name a tag other than latest, or a digest, so that every replica runs the same`]),
    ...wholeNumberProblems({ maximumReplicas }),
    ...(Token.isUnresolved(minimumReplicas) || (minimumReplicas >= 1 && minimumReplicas <= maximumReplicas)
      ? []
      : [`minimumReplicas is ${minimumReplicas}: use 1 to maximumReplicas, which is ${maximumReplicas}`]),
    ...((resources.memoryLimitMib ?? resources.memoryMib) >= resources.memoryMib
      ? []
      : [
          `resources.memoryLimitMib is ${resources.memoryLimitMib}, below the ${resources.memoryMib} of resources.memoryMib`,
        ]),
    ...path("healthPath", props.healthPath),
    ...path("readyPath", props.readyPath),
    ...path("metricsPath", props.metricsPath),
    ...(metricsPort === undefined || (metricsPort >= 1024 && metricsPort <= 65535 && metricsPort !== port)
      ? []
      : [`metricsPort is ${metricsPort}: use one from 1024 to 65535 other than port, or leave it out`]),
    ...(route?.paths ?? []).flatMap((each, index) => path(`route.paths[${index}]`, each)),
    ...(route?.paths.length === 0 ? ["route.paths is empty: name one, or leave out route"] : []),
    ...clash.map((name) => `the variable ${name} is in environment and in secretEnvironment: give it once`),
  ];
}
