import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { HorizontalPodAutoscalerV2 } from "@cdktf/provider-kubernetes/lib/horizontal-pod-autoscaler-v2";
import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { PodDisruptionBudgetV1 } from "@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import { SocleError } from "../core/error";
import { type SecretKey } from "../secrets/generated-secret";
import { type Namespace } from "./namespace";
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

export interface WorkloadProps {
  readonly namespace: Namespace;
  /** @default - the id, `_` written as `-` */
  readonly name?: string;
  /** Image with its tag, or tokens for them. */
  readonly image: string;
  /** Port that it listens on, above 1023: it is not root. */
  readonly port: number;
  readonly resources: ContainerResources;
  /** At least so many run. A token of an input whose validation keeps it within `maximumReplicas` is fine. */
  readonly minimumReplicas: number;
  /** At most so many run: these are counted against the cluster. */
  readonly maximumReplicas: number;
  /** Answers 200 over HTTP when it can serve; not behind a login. */
  readonly healthPath: string;
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
  /** Where Prometheus reads its metrics, on `port`. @default - it has none */
  readonly metricsPath?: string;
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

/**
 * A web service with everything: Deployment, autoscaling, disruption budget, Service, route, an account without rights,
 * and pods that can do nothing but listen and write to `/tmp`. It reaches, and is reached by, nothing until
 * {@link allowFrom} or {@link allowTo} says so.
 *
 * Its image must run as any user (10001 here) with a read-only root file system.
 */
export class Workload extends Construct implements Connectable {
  readonly name: string;
  readonly namespace: Namespace;
  readonly port: number;
  readonly metricsPath: string | undefined;
  /** Labels of its Service and pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: Pods;

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: WorkloadProps) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { namespace, resources } = props;
    this.name = props.name ?? id.replaceAll("_", "-");
    this.namespace = namespace;
    this.port = props.port;
    this.metricsPath = props.metricsPath;
    this.labels = { "app.kubernetes.io/name": this.name };
    const metadata = { name: this.name, namespace: namespace.name, labels: { ...this.labels } };
    const selector = { ...this.labels };

    const account = new ServiceAccountV1(this, "account", {
      metadata,
      automountServiceAccountToken: false,
      dependsOn: [namespace.resource],
    });
    const probe = { httpGet: { path: props.healthPath, port: "http" }, timeoutSeconds: 3 };
    const deployment = new DeploymentV1(this, "Resource", {
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
                image: props.image,
                imagePullPolicy: "IfNotPresent",
                port: [{ name: "http", containerPort: props.port }],
                env: [
                  ...Object.entries({ HOME: "/tmp", ...props.environment }).map(([name, value]) => ({ name, value })),
                  ...Object.entries(props.secretEnvironment ?? {}).map(([name, { secretName, key }]) => ({
                    name,
                    valueFrom: { secretKeyRef: { name: secretName, key } },
                  })),
                ],
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
                readinessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: { ...probe, periodSeconds: 20, failureThreshold: 3 },
                volumeMount: [{ name: "tmp", mountPath: "/tmp" }],
              },
            ],
            volume: [{ name: "tmp", emptyDir: { sizeLimit: "256Mi" } }],
          },
        },
      },
      timeouts: { create: "10m", update: "10m" },
      lifecycle: { ignoreChanges: ["spec[0].replicas"] },
      dependsOn: [...namespace.guardrails, ...(props.dependsOn ?? [])],
    });
    this.scale(props, metadata, deployment);
    this.expose(props, metadata);

    this.pods = new Pods(this, "Default", { namespace, labels: this.labels, name: this.name });
    namespace.cluster.capacity.add({
      name: this.name,
      namespace: namespace.name,
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

  private scale(props: WorkloadProps, metadata: ObjectMetadata, deployment: DeploymentV1): void {
    const target = (name: string, averageUtilization: number) => ({
      type: "Resource",
      resource: { name, target: { type: "Utilization", averageUtilization } },
    });
    new HorizontalPodAutoscalerV2(this, "autoscaler", {
      metadata,
      spec: {
        minReplicas: props.minimumReplicas,
        maxReplicas: props.maximumReplicas,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name },
        metric: [target("cpu", props.targetCpuPercent ?? 75), target("memory", props.targetMemoryPercent ?? 85)],
      },
    });
    // At most one away, not at least one there: with a single replica that would keep its node from ever being drained.
    new PodDisruptionBudgetV1(this, "disruption_budget", {
      metadata,
      spec: { maxUnavailable: "1", selector: { matchLabels: { ...this.labels } } },
      dependsOn: [props.namespace.resource],
    });
  }

  private expose({ namespace, route, port }: WorkloadProps, metadata: ObjectMetadata): void {
    const service = new ServiceV1(this, "service", {
      metadata: {
        ...metadata,
        ...(route?.sticky
          ? {
              annotations: {
                "traefik.ingress.kubernetes.io/service.sticky.cookie": "true",
                "traefik.ingress.kubernetes.io/service.sticky.cookie.name": `${this.name}-replica`,
                "traefik.ingress.kubernetes.io/service.sticky.cookie.httponly": "true",
              },
            }
          : {}),
      },
      spec: {
        type: "ClusterIP",
        selector: { ...this.labels },
        port: [{ name: "http", port: 80, targetPort: String(port) }],
      },
      dependsOn: [namespace.resource],
    });
    if (!route) {
      return;
    }
    new IngressV1(this, "route", {
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
  }
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
  const { port, image, minimumReplicas, maximumReplicas, resources, route } = props;
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
    ...(Number.isInteger(maximumReplicas) && maximumReplicas >= 1
      ? []
      : [`maximumReplicas is ${maximumReplicas}: use a whole number from 1 on`]),
    ...(Token.isUnresolved(minimumReplicas) || (minimumReplicas >= 1 && minimumReplicas <= maximumReplicas)
      ? []
      : [`minimumReplicas is ${minimumReplicas}: use 1 to maximumReplicas, which is ${maximumReplicas}`]),
    ...((resources.memoryLimitMib ?? resources.memoryMib) >= resources.memoryMib
      ? []
      : [
          `resources.memoryLimitMib is ${resources.memoryLimitMib}, below the ${resources.memoryMib} of resources.memoryMib`,
        ]),
    ...path("healthPath", props.healthPath),
    ...path("metricsPath", props.metricsPath),
    ...(route?.paths ?? []).flatMap((each, index) => path(`route.paths[${index}]`, each)),
    ...(route?.paths.length === 0 ? ["route.paths is empty: name one, or leave out route"] : []),
    ...clash.map((name) => `the variable ${name} is in environment and in secretEnvironment: give it once`),
  ];
}
