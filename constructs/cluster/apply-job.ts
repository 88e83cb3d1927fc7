import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { JobV1 } from "@cdktf/provider-kubernetes/lib/job-v1";
import { countOf, type INamespace } from "./namespace";
import { type Connectable, Pods } from "./network-policy";
import { ONE_RUN_POD, restrictedContainer, type RestrictedContainerProps, volumesOf } from "./pod-parts";

export interface ApplyJobProps extends RestrictedContainerProps {
  readonly namespace: INamespace;
  /** Begins its name, and is that of its container; unique in the namespace. */
  readonly name: string;
  /** Ends its name: a Job cannot be changed, so with another text another Job runs. A token is fine. */
  readonly version: string;
  /** How long it may take, all tries together. @default 14 */
  readonly timeoutMinutes?: number;
  /** How often it is tried once more. @default 4 */
  readonly retries?: number;
  /** @default - only the namespace with its guardrails */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * A Job of one restricted container that an apply runs, and waits for: it fails when the Job does. Who makes it counts it
 * against the cluster.
 */
export class ApplyJob extends Construct implements Connectable {
  readonly pods: Pods;
  /** What needs its result depends on it. */
  readonly done: ITerraformDependable;

  constructor(scope: Construct, id: string, props: ApplyJobProps) {
    super(scope, id);
    const { namespace, name, timeoutMinutes = 14 } = props;
    const labels = { "app.kubernetes.io/name": name };
    // Kubernetes ends it first, so that the reason is there to be read.
    const timeout = `${timeoutMinutes + 1}m`;
    this.done = new JobV1(this, "Resource", {
      ...countOf(namespace.when),
      metadata: { name: `${name}-${props.version}`, namespace: namespace.name, labels },
      waitForCompletion: true,
      spec: {
        backoffLimit: props.retries ?? 4,
        activeDeadlineSeconds: timeoutMinutes * 60,
        template: {
          metadata: { labels },
          spec: { ...ONE_RUN_POD, container: [restrictedContainer(props)], volume: volumesOf(props.volumes) },
        },
      },
      timeouts: { create: timeout, update: timeout },
      dependsOn: [...namespace.guardrails, ...(props.dependsOn ?? [])],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name });
  }
}
