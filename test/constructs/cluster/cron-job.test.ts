import { cronJobSpec, scheduleProblems } from "../../../constructs/cluster/cron-job";

describe("cronJobSpec", () => {
  test("GIVEN a schedule and a pod THEN one runs at a time, in UTC, until its deadline", () => {
    const pod = { restartPolicy: "Never", container: [{ name: "one", image: "one:1.0.0" }] };
    const labels = { app: "one" };
    const annotations = { "socle/script": "1" };
    expect(cronJobSpec({ schedule: "30 2 * * *", deadlineMinutes: 30, labels, annotations, pod })).toEqual({
      schedule: "30 2 * * *",
      timezone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 1800,
          template: { metadata: { labels, annotations }, spec: pod },
        },
      },
    });
  });
});

describe("scheduleProblems", () => {
  test.each(["30 2 * * *", "20 */6 * * 1-5"])('GIVEN "%s" THEN there is none', (schedule) => {
    expect(scheduleProblems(schedule)).toEqual([]);
  });

  test.each(["daily", "0 30 2 * * *", "30 2 * *", "30  2 * * *", ""])('fails for "%s"', (schedule) => {
    expect(scheduleProblems(schedule)).toEqual([`schedule is "${schedule}": it has five fields, such as "30 2 * * *"`]);
  });
});
