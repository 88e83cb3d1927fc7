import {
  type CronJobV1Spec,
  type CronJobV1SpecJobTemplateSpecTemplateSpec,
} from "@cdktf/provider-kubernetes/lib/cron-job-v1";

export interface CronJobProps {
  /** Five fields, UTC. */
  readonly schedule: string;
  /** How long one run may take, all of its tries together. */
  readonly deadlineMinutes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its pods. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly pod: CronJobV1SpecJobTemplateSpecTemplateSpec;
}

/**
 * What a CronJob does: one run at a time, tried twice more. One that could not start for an hour is left out, and the pods
 * of the last failures are kept for their logs.
 */
export function cronJobSpec({ schedule, deadlineMinutes, labels, annotations, pod }: CronJobProps): CronJobV1Spec {
  return {
    schedule,
    timezone: "Etc/UTC",
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: 3600,
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 3,
    jobTemplate: {
      metadata: { labels: { ...labels } },
      spec: {
        backoffLimit: 2,
        activeDeadlineSeconds: deadlineMinutes * 60,
        template: { metadata: { labels: { ...labels }, annotations: { ...annotations } }, spec: pod },
      },
    },
  };
}

/** What is wrong with a schedule, as a problem of the prop `schedule`. */
export function scheduleProblems(schedule: string): string[] {
  return /^\S+( \S+){4}$/.test(schedule) ? [] : [`schedule is "${schedule}": it has five fields, such as "30 2 * * *"`];
}
