import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { CronJobV1 } from "@cdktf/provider-kubernetes/lib/cron-job-v1";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { countOf, countPods } from "./namespace";
import { type Connectable, Pods } from "./network-policy";
import { singlePod, type SinglePodProps } from "./single-pod";

export interface JobTemplateProps extends SinglePodProps {
  /** How long one run may take. */
  readonly deadlineMinutes: number;
  /**
   * Whether its requests are added up: not where another template that is never run at the same time was counted already.
   * @default true
   */
  readonly counted?: boolean;
  /** @default - only the namespace */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * A Job that somebody starts when it is wanted: a CronJob that is suspended, from which a Job is made by
 * `kubectl create job --from=cronjob/<name> <run>`, or by a program that may.
 *
 * A run is not tried again by itself: who started it looks at why it failed. It is gone a day after its end.
 */
export class JobTemplate extends Construct implements Connectable {
  readonly name: string;
  readonly pods: Pods;

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: JobTemplateProps) {
    super(scope, id);
    const { namespace, resources, deadlineMinutes } = props;
    SocleError.throwIfAny(this.node.path, wholeNumberProblems({ deadlineMinutes }));
    this.name = props.name ?? id.replaceAll("_", "-");
    const labels = { "app.kubernetes.io/name": this.name };
    const { pod, container } = singlePod(this, this.name, props);
    new CronJobV1(this, "Resource", {
      ...countOf(namespace.when),
      metadata: { name: this.name, namespace: namespace.name, labels },
      spec: {
        suspend: true,
        // Never: it is suspended, but has to say a time.
        schedule: "0 0 1 1 *",
        concurrencyPolicy: "Forbid",
        jobTemplate: {
          metadata: { labels },
          spec: {
            backoffLimit: 0,
            activeDeadlineSeconds: deadlineMinutes * 60,
            ttlSecondsAfterFinished: "86400",
            template: { metadata: { labels }, spec: { ...pod, restartPolicy: "Never", container: [container] } },
          },
        },
      },
      dependsOn: [...namespace.guardrails, ...(props.dependsOn ?? [])],
    });
    this.pods = new Pods(this, "Default", { namespace, labels, name: this.name });
    if (props.counted ?? true) {
      countPods(namespace, {
        name: this.name,
        cpuMillis: resources.cpuMillis,
        memoryMib: resources.memoryMib,
        replicas: 1,
      });
    }
  }
}
