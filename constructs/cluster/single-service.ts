import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import { SocleError } from "../core/error";
import { countOf, countPods } from "./namespace";
import { type Connectable, Pods } from "./network-policy";
import { restrictedContainer } from "./pod-parts";
import { type Sidecar, singlePod, type SinglePodProps } from "./single-pod";

export interface SingleServiceProps extends SinglePodProps {
  /** Port that it listens on and that its Service has, above 1023: it is not root. */
  readonly port: number;
  /** Answers 200 over HTTP when it can serve. */
  readonly healthPath: string;
  /** How long its start may take. @default 120 */
  readonly startSeconds?: number;
  /** Other containers of the pod. @default - none */
  readonly sidecars?: readonly Sidecar[];
  /** The pod is replaced when a value changes; such as the revision of a Secret that it reads. @default - none */
  readonly restartWhenChanged?: Readonly<Record<string, string>>;
  /** Where people reach it through Traefik. @default - it is only reached inside the cluster */
  readonly route?: { readonly host: string; readonly annotations: Readonly<Record<string, string>> };
  /** What has to be there before, such as a Secret. @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * A service of one pod, for what has no use for a second one: Deployment, Service, and an account without rights. It is
 * stopped before the next one starts. What has to answer always is a `Workload`.
 */
export class SingleService extends Construct implements Connectable {
  readonly name: string;
  readonly port: number;
  readonly pods: Pods;
  /** What depends on it answering. */
  readonly delivered: ITerraformDependable;

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: SingleServiceProps) {
    super(scope, id);
    const { namespace, port, sidecars = [], restartWhenChanged, route } = props;
    SocleError.throwIfAny(
      this.node.path,
      Number.isInteger(port) && port >= 1024 && port <= 65535
        ? []
        : [`port is ${port}: use one from 1024 to 65535, since the container is not root`],
    );
    this.name = props.name ?? id.replaceAll("_", "-");
    this.port = port;
    const labels = { "app.kubernetes.io/name": this.name };
    const metadata = { name: this.name, namespace: namespace.name, labels };
    const { pod, container } = singlePod(this, this.name, props);
    const account = new ServiceAccountV1(this, "account", {
      metadata,
      automountServiceAccountToken: false,
      dependsOn: [...namespace.present],
    });
    const probe = { httpGet: { path: props.healthPath, port: "http" }, timeoutSeconds: 5 };
    const startSeconds = props.startSeconds ?? 120;
    this.delivered = new DeploymentV1(this, "Resource", {
      ...countOf(namespace.when),
      metadata,
      spec: {
        replicas: "1",
        selector: { matchLabels: labels },
        strategy: { type: "Recreate" },
        template: {
          metadata: {
            labels,
            ...(restartWhenChanged
              ? {
                  annotations: Object.fromEntries(
                    Object.entries(restartWhenChanged).map(([name, value]) => [`socle/${name}`, value]),
                  ),
                }
              : {}),
          },
          spec: {
            ...pod,
            serviceAccountName: account.metadata.name,
            container: [
              {
                ...container,
                port: [{ name: "http", containerPort: port }],
                startupProbe: { ...probe, periodSeconds: 5, failureThreshold: Math.ceil(startSeconds / 5) },
                readinessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: { ...probe, periodSeconds: 20, failureThreshold: 3 },
              },
              ...sidecars.map((each) => restrictedContainer(each)),
            ],
          },
        },
      },
      timeouts: { create: `${minutes(startSeconds)}m`, update: `${minutes(startSeconds)}m` },
      dependsOn: [...namespace.guardrails, ...(props.dependsOn ?? [])],
    });
    const service = new ServiceV1(this, "service", {
      metadata,
      spec: {
        type: "ClusterIP",
        selector: labels,
        port: [{ name: "http", port, targetPort: "http" }],
      },
      dependsOn: [...namespace.present],
    });
    if (route) {
      new IngressV1(this, "route", {
        ...countOf(namespace.when),
        metadata: { ...metadata, annotations: { ...route.annotations } },
        spec: {
          ingressClassName: "traefik",
          rule: [
            {
              host: route.host,
              http: {
                path: [
                  {
                    path: "/",
                    pathType: "Prefix",
                    backend: { service: { name: service.metadata.name, port: { number: port } } },
                  },
                ],
              },
            },
          ],
        },
      });
    }
    this.pods = new Pods(this, "Default", { namespace, labels, name: this.name });
    countPods(namespace, {
      name: this.name,
      cpuMillis: [props, ...sidecars].reduce((sum, { resources }) => sum + resources.cpuMillis, 0),
      memoryMib: [props, ...sidecars].reduce((sum, { resources }) => sum + resources.memoryMib, 0),
      replicas: 1,
    });
  }

  /** Lets others reach it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: this.port });
  }
}

/** Its image has to be pulled before it starts. */
function minutes(startSeconds: number): number {
  return 15 + Math.ceil(startSeconds / 60);
}
