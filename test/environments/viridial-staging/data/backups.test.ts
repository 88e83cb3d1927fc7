import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Values } from "../../../../constructs/cluster/component";
import { SETTINGS } from "../../../../environments/viridial-staging/settings";
import { temporaryFolder } from "../../../support/layers";
import { describeWithProgram } from "../../../support/programs";
import { manifestsOf, synthesizeData } from "../../../support/viridial-data";

const { json } = synthesizeData(SETTINGS);

describe("the backups of viridial-staging-data", () => {
  test("THEN every copy leaves the cluster, or what left it is copied on", () => {
    const jobs = Object.values(json.resource?.["kubernetes_cron_job_v1"] ?? {});
    const target = /"name":"TO_ENDPOINT","value":"(.*?)"/;
    const targets = jobs.map((job) => target.exec(JSON.stringify(job))?.[1]).filter((found) => found !== undefined);
    expect(targets.sort()).toEqual(["${var.backup_copy_endpoint}", "${var.backup_endpoint}", "${var.backup_endpoint}"]);
  });

  test("THEN the namespace of Velero is privileged, and says why", () => {
    const { metadata } = json.resource?.["kubernetes_namespace_v1"]?.["velero_namespace"] as { metadata: Values };
    expect(metadata).toMatchObject({
      labels: { "pod-security.kubernetes.io/enforce": "privileged" },
      annotations: { "socle/pod-security-reason": expect.stringContaining("mount the volumes of all pods") as string },
    });
  });
});

describeWithProgram("promtool", "the alerts of missed backups", () => {
  const group = (address: string, name: string) => {
    const rule = manifestsOf(json, address)[`PrometheusRule/${name}`] as unknown as { spec: { groups: unknown[] } };
    return rule.spec.groups;
  };
  const groups = [...group("data_monitors", "object-store-backups"), ...group("velero_monitors", "velero-backups")];
  const HOUR = 60;
  const cronJob = (metric: string, name: string, values: string) => ({
    series: `kube_cronjob_${metric}{namespace="${name === "etcd-copy" ? "velero" : "viridial-data"}",cronjob="${name}"}`,
    values,
  });
  const velero = (values: string) => ({
    series: 'velero_backup_last_successful_timestamp{schedule="velero-daily"}',
    values,
  });

  /** What promtool says of a test of the rules; empty when exactly these fire at that hour. */
  function verdict(series: readonly { series: string; values: string }[], atHour: number, ...firing: string[]): string {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "rules.yaml"), JSON.stringify({ groups }));
    const alerts = ["ObjectStoreCopyMissed", "SecondRegionCopyMissed", "EtcdCopyMissed", "VeleroBackupMissed"];
    const rules = (groups as { rules: { alert: string; labels: Values; annotations: Values }[] }[]).flatMap(
      (each) => each.rules,
    );
    const expected = alerts.map((name) => {
      const rule = rules.find(({ alert }) => alert === name);
      return {
        eval_time: `${atHour}h`,
        alertname: name,
        exp_alerts: firing.includes(name)
          ? [
              {
                exp_labels: {
                  ...rule?.labels,
                  // `absent` keeps the labels that it was asked with.
                  ...(name === "VeleroBackupMissed" && !series.some((each) => each.series.startsWith("velero_"))
                    ? { schedule: "velero-daily" }
                    : {}),
                },
                exp_annotations: rule?.annotations,
              },
            ]
          : [],
      };
    });
    const test = { interval: "1m", input_series: series, alert_rule_test: expected };
    fs.writeFileSync(
      path.join(folder, "test.yaml"),
      JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: "5m", tests: [test] }),
    );
    const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", "test.yaml"], {
      cwd: folder,
      encoding: "utf8",
    });
    return status === 0 ? "" : `${stdout}${stderr}`;
  }

  const days = 48 * HOUR;
  const healthy = [
    cronJob("status_last_successful_time", "object-store-copy", `0x${24 * HOUR} 86400x${days}`),
    cronJob("status_last_successful_time", "etcd-copy", `0+60x${days}`),
    velero(`0x${24 * HOUR} 86400x${days}`),
  ];

  test("GIVEN backups of yesterday, and no second region THEN nothing fires", () => {
    expect(verdict(healthy, 40)).toBe("");
  });

  test("GIVEN no further success THEN each fires in its time", () => {
    const never = [
      cronJob("status_last_successful_time", "object-store-copy", `0x${days}`),
      cronJob("created", "second-region-copy", `0x${days}`),
      cronJob("status_last_successful_time", "etcd-copy", `0x${days}`),
      velero(`0x${days}`),
    ];
    expect(verdict(never, 7)).toBe("");
    expect(verdict(never, 9, "EtcdCopyMissed")).toBe("");
    expect(verdict(never, 25, "EtcdCopyMissed")).toBe("");
    expect(
      verdict(never, 30, "ObjectStoreCopyMissed", "SecondRegionCopyMissed", "EtcdCopyMissed", "VeleroBackupMissed"),
    ).toBe("");
  });

  test("GIVEN no word of Velero at all THEN that fires", () => {
    expect(verdict(healthy.slice(0, 2), 4, "VeleroBackupMissed")).toBe("");
  });
});
