import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { type Alert, type AlertRule } from "../../../constructs/observability/monitors";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const FILE = path.resolve(__dirname, "../../../environments/viridial-staging/alerts.yaml");

const { groups } = parse(fs.readFileSync(FILE, "utf8")) as { groups: { name: string; rules: AlertRule[] }[] };
const alerts = groups.flatMap(({ rules }) => rules.filter((rule): rule is Alert => "alert" in rule));

/** A series of Prometheus's own tests: its values, one for each interval. */
type Series = readonly [series: string, values: string];

/** How a series goes on: `0+60x30` is 0, 60, 120, … 31 values in all. */
const steady = (value: number, minutes: number) => `${value}+0x${minutes}`;

interface Case {
  readonly alert: string;
  /** Series with which it fires. */
  readonly bad: readonly Series[];
  /** Series with which it does not, as near to the others as can be. */
  readonly good: readonly Series[];
  /** When it is looked at, in minutes. */
  readonly after: number;
  /** How often there is a value, and rules are evaluated. @default "1m" */
  readonly interval?: string;
  /** The alert's labels, beside those of the rule. */
  readonly labels: Readonly<Record<string, string>>;
}

const node = 'instance="worker-1"';
const CASES: readonly Case[] = [
  {
    alert: "Watchdog",
    bad: [["up", steady(1, 5)]],
    good: [],
    after: 1,
    labels: {},
  },
  {
    alert: "TargetDown",
    bad: [['up{job="kong",instance="10.1.2.3:8100"}', steady(0, 20)]],
    good: [['up{job="kong",instance="10.1.2.3:8100"}', "0x8 1x12"]],
    after: 15,
    labels: { job: "kong", instance: "10.1.2.3:8100" },
  },
  {
    alert: "AlertsNotTold",
    bad: [['alertmanager_notifications_failed_total{integration="slack"}', "0+1x40"]],
    good: [['alertmanager_notifications_failed_total{integration="slack"}', "3+0x40"]],
    after: 30,
    labels: { integration: "slack" },
  },
  {
    alert: "NodeNotReady",
    bad: [['kube_node_status_condition{condition="Ready",status="true",node="worker-1"}', steady(0, 10)]],
    good: [['kube_node_status_condition{condition="Ready",status="true",node="worker-1"}', steady(1, 10)]],
    after: 8,
    labels: { condition: "Ready", status: "true", node: "worker-1" },
  },
  {
    alert: "NodeMemory",
    bad: [
      [`node_memory_MemAvailable_bytes{${node}}`, steady(7, 20)],
      [`node_memory_MemTotal_bytes{${node}}`, steady(100, 20)],
    ],
    good: [
      [`node_memory_MemAvailable_bytes{${node}}`, steady(9, 20)],
      [`node_memory_MemTotal_bytes{${node}}`, steady(100, 20)],
    ],
    after: 15,
    labels: { instance: "worker-1" },
  },
  {
    alert: "NodeDiskFills",
    // 40 % to 20 % within six hours: nothing is left after six more.
    bad: [
      [`node_filesystem_avail_bytes{mountpoint="/",${node}}`, "400-0.5x480"],
      [`node_filesystem_size_bytes{mountpoint="/",${node}}`, steady(1000, 480)],
    ],
    good: [
      [`node_filesystem_avail_bytes{mountpoint="/",${node}}`, steady(200, 480)],
      [`node_filesystem_size_bytes{mountpoint="/",${node}}`, steady(1000, 480)],
    ],
    after: 470,
    labels: { instance: "worker-1", mountpoint: "/" },
  },
  {
    alert: "NothingLeft",
    bad: [
      ['kube_deployment_status_replicas_available{namespace="kong",deployment="kong"}', steady(0, 10)],
      ['kube_deployment_spec_replicas{namespace="kong",deployment="kong"}', steady(2, 10)],
    ],
    // Scaled down on purpose.
    good: [
      ['kube_deployment_status_replicas_available{namespace="kong",deployment="kong"}', steady(0, 10)],
      ['kube_deployment_spec_replicas{namespace="kong",deployment="kong"}', steady(0, 10)],
    ],
    after: 8,
    labels: { namespace: "kong", deployment: "kong" },
  },
  {
    alert: "JobFailed",
    bad: [['kube_job_status_failed{namespace="velero",job_name="copy"}', steady(1, 30)]],
    // The second try ended well.
    good: [
      ['kube_job_status_failed{namespace="velero",job_name="copy"}', steady(1, 30)],
      ['kube_job_status_succeeded{namespace="velero",job_name="copy"}', steady(1, 30)],
    ],
    after: 20,
    labels: { namespace: "velero", job_name: "copy" },
  },
  {
    alert: "CronJobOverdue",
    // It has never ended well since it was made.
    bad: [
      ['kube_cronjob_created{namespace="velero",cronjob="copy"}', steady(0, 60)],
      ['kube_cronjob_spec_suspend{namespace="velero",cronjob="copy"}', steady(0, 60)],
    ],
    // It did a day and an hour ago.
    good: [
      ['kube_cronjob_created{namespace="velero",cronjob="copy"}', steady(0, 60)],
      ['kube_cronjob_status_last_successful_time{namespace="velero",cronjob="copy"}', steady(2 * 3600, 60)],
      ['kube_cronjob_spec_suspend{namespace="velero",cronjob="copy"}', steady(0, 60)],
    ],
    after: 27 * 60,
    interval: "30m",
    labels: { namespace: "velero", cronjob: "copy" },
  },
  {
    alert: "VolumeFull",
    bad: [
      ['kubelet_volume_stats_available_bytes{namespace="d",persistentvolumeclaim="c"}', steady(9, 20)],
      ['kubelet_volume_stats_capacity_bytes{namespace="d",persistentvolumeclaim="c"}', steady(100, 20)],
    ],
    good: [
      ['kubelet_volume_stats_available_bytes{namespace="d",persistentvolumeclaim="c"}', steady(11, 20)],
      ['kubelet_volume_stats_capacity_bytes{namespace="d",persistentvolumeclaim="c"}', steady(100, 20)],
    ],
    after: 15,
    labels: { namespace: "d", persistentvolumeclaim: "c" },
  },
  {
    alert: "CertificateAlmostExpired",
    bad: [
      [
        'certmanager_certificate_expiration_timestamp_seconds{name="api",exported_namespace="kong"}',
        steady(200000, 90),
      ],
    ],
    good: [
      [
        'certmanager_certificate_expiration_timestamp_seconds{name="api",exported_namespace="kong"}',
        steady(900000, 90),
      ],
    ],
    after: 80,
    labels: { name: "api", exported_namespace: "kong" },
  },
  {
    alert: "ApiErrors",
    // 6 of 100 a minute.
    bad: [
      ['kong_http_requests_total{service="property",code="200"}', "0+94x20"],
      ['kong_http_requests_total{service="property",code="502"}', "0+6x20"],
    ],
    good: [
      ['kong_http_requests_total{service="property",code="200"}', "0+96x20"],
      ['kong_http_requests_total{service="property",code="502"}', "0+4x20"],
    ],
    after: 15,
    labels: { service: "property" },
  },
  {
    alert: "ApiSlow",
    // 90 % within 100 ms, the rest takes up to 500.
    bad: [
      ['kong_request_latency_ms_bucket{service="search",le="100"}', "0+90x40"],
      ['kong_request_latency_ms_bucket{service="search",le="500"}', "0+100x40"],
      ['kong_request_latency_ms_bucket{service="search",le="+Inf"}', "0+100x40"],
    ],
    good: [
      ['kong_request_latency_ms_bucket{service="search",le="100"}', "0+97x40"],
      ['kong_request_latency_ms_bucket{service="search",le="500"}', "0+100x40"],
      ['kong_request_latency_ms_bucket{service="search",le="+Inf"}', "0+100x40"],
    ],
    after: 30,
    labels: { service: "search" },
  },
  {
    alert: "QueueLong",
    bad: [['rabbitmq_detailed_queue_messages_ready{vhost="viridial",queue="search"}', steady(1001, 30)]],
    good: [['rabbitmq_detailed_queue_messages_ready{vhost="viridial",queue="search"}', steady(1000, 30)]],
    after: 20,
    labels: { vhost: "viridial", queue: "search" },
  },
  {
    alert: "DeadLetters",
    bad: [['rabbitmq_queue_messages_ready{vhost="viridial",queue="search.dead-letter"}', steady(1, 10)]],
    // In the queue itself they are nothing special.
    good: [['rabbitmq_queue_messages_ready{vhost="viridial",queue="search"}', steady(1, 10)]],
    after: 8,
    labels: { vhost: "viridial", queue: "search.dead-letter" },
  },
  {
    alert: "ValkeyMemory",
    bad: [
      ['redis_memory_used_bytes{pod="valkey-0"}', steady(95, 30)],
      ['redis_memory_max_bytes{pod="valkey-0"}', steady(100, 30)],
    ],
    // Without a limit there is no share of it.
    good: [
      ['redis_memory_used_bytes{pod="valkey-0"}', steady(95, 30)],
      ['redis_memory_max_bytes{pod="valkey-0"}', steady(0, 30)],
    ],
    after: 20,
    labels: { pod: "valkey-0" },
  },
  {
    alert: "MeilisearchDown",
    bad: [['kube_statefulset_status_replicas_ready{namespace="d",statefulset="meilisearch"}', steady(0, 10)]],
    good: [['kube_statefulset_status_replicas_ready{namespace="d",statefulset="meilisearch"}', steady(1, 10)]],
    after: 8,
    labels: { namespace: "d" },
  },
  {
    alert: "TenantQuota",
    bad: [
      ['kube_resourcequota{namespace="tenant-a",resource="requests.cpu",type="used"}', steady(19, 30)],
      ['kube_resourcequota{namespace="tenant-a",resource="requests.cpu",type="hard"}', steady(20, 30)],
    ],
    // Nobody may have a load balancer: none of none is not "nearly all".
    good: [
      ['kube_resourcequota{namespace="tenant-a",resource="services.loadbalancers",type="used"}', steady(0, 30)],
      ['kube_resourcequota{namespace="tenant-a",resource="services.loadbalancers",type="hard"}', steady(0, 30)],
    ],
    after: 20,
    labels: { namespace: "tenant-a", resource: "requests.cpu" },
  },
  {
    alert: "TenantRateLimited",
    bad: [['tenant_api_requests_total{tenant="a",upstream="search",status="429"}', "0+10x30"]],
    good: [['tenant_api_requests_total{tenant="a",upstream="search",status="2xx"}', "0+10x30"]],
    after: 20,
    labels: { tenant: "a" },
  },
  {
    alert: "SuspiciousBehaviour",
    // Its counter appears with the first event.
    bad: [['falcosecurity_falco_rules_matches_total{pod="falco-x",rule_name="Shell",priority="4"}', "_x10 1x10"]],
    // Nothing new since hours.
    good: [['falcosecurity_falco_rules_matches_total{pod="falco-x",rule_name="Shell",priority="4"}', steady(1, 60)]],
    after: 15,
    labels: { pod: "falco-x", rule_name: "Shell" },
  },
  {
    alert: "CriticalBehaviour",
    bad: [['falcosecurity_falco_rules_matches_total{pod="falco-x",rule_name="Drop",priority="2"}', "1x10 2x10"]],
    good: [['falcosecurity_falco_rules_matches_total{pod="falco-x",rule_name="Drop",priority="5"}', "1x10 2x10"]],
    after: 15,
    labels: { pod: "falco-x", rule_name: "Drop" },
  },
  {
    alert: "LogsLost",
    bad: [['loki_write_dropped_entries_total{pod="alloy-x"}', "0+5x30"]],
    good: [['loki_write_dropped_entries_total{pod="alloy-x"}', "5+0x30"]],
    after: 25,
    labels: { pod: "alloy-x" },
  },
];

/** Runs `promtool test rules` with the rules of the file. */
function promtoolTest(tests: readonly object[], interval = "1m"): { status: number | null; output: string } {
  const file = path.join(temporaryFolder(), "test.yaml");
  fs.writeFileSync(
    file,
    stringify({
      rule_files: [FILE],
      evaluation_interval: interval,
      tests: tests.map((each) => ({ interval, ...each })),
    }),
  );
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

const series = (all: readonly Series[]) => all.map(([name, values]) => ({ series: name, values }));

describe("the alerts of viridial-staging", () => {
  test("THEN each has a severity, a line that says what is wrong, and a text that says what to do", () => {
    for (const { labels, annotations } of alerts) {
      expect(["critical", "warning", "info"]).toContain(labels.severity);
      expect(annotations.summary).toMatch(/\S/);
      expect(annotations.description).toMatch(/\.$/);
    }
  });

  test("THEN what is subdued by a critical alert has one of the same subject", () => {
    const subjects = (severity: string) =>
      new Set(alerts.flatMap(({ labels }) => (labels.severity === severity && labels["subject"]) || []));
    expect([...subjects("warning")].filter((subject) => !subjects("critical").has(subject))).toEqual([]);
  });

  test.each(CASES)("THEN the texts of $alert name labels that it has", ({ alert, labels }) => {
    const rule = alerts.find((each) => each.alert === alert);
    const texts = Object.values(rule?.annotations ?? {}).join("\n");
    const named = [...texts.matchAll(/\$labels\.(\w+)/g)].map(([, name]) => name ?? "");
    // Of what has no ready pod left it names the one or the other.
    const either = alert === "NothingLeft" ? ["statefulset"] : [];
    expect([...Object.keys({ ...rule?.labels, ...labels }), ...either]).toEqual(expect.arrayContaining(named));
  });
});

describeWithProgram("promtool", "the alerts of viridial-staging, by Prometheus's own tool", () => {
  test("GIVEN the file THEN every rule is sound", () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", FILE], { encoding: "utf8" });
    const count = groups.reduce((sum, { rules }) => sum + rules.length, 0);
    expect({ status, output: `${stdout}${stderr}` }).toEqual({
      status: 0,
      output: expect.stringContaining(`SUCCESS: ${count} rules found`) as string,
    });
  });

  test.each(CASES)("GIVEN what $alert is for THEN it fires", ({ alert, bad, after, labels, interval }) => {
    const rule = alerts.find((each) => each.alert === alert);
    const all = { alertname: alert, alertstate: "firing", ...rule?.labels, ...labels };
    const text = Object.entries(all).map(([name, value]) => `${name}="${value}"`);
    const result = promtoolTest(
      [
        {
          input_series: series(bad),
          promql_expr_test: [
            {
              expr: `ALERTS{alertname="${alert}"}`,
              eval_time: `${after}m`,
              exp_samples: [{ labels: `ALERTS{${text.join(",")}}`, value: 1 }],
            },
          ],
        },
      ],
      interval,
    );
    expect(result).toMatchObject({ status: 0, output: expect.stringContaining("SUCCESS") as string });
  });

  test.each(CASES.filter(({ good }) => good.length > 0))("GIVEN almost that THEN $alert is silent", (each) => {
    const { alert, good, after, interval } = each;
    const result = promtoolTest(
      [
        {
          input_series: series(good),
          alert_rule_test: [{ eval_time: `${after}m`, alertname: alert, exp_alerts: [] }],
        },
      ],
      interval,
    );
    expect(result).toMatchObject({ status: 0, output: expect.stringContaining("SUCCESS") as string });
  });

  test("GIVEN requests of two tenants THEN what is billed leaves out the refused and the failed, and knows restarts", () => {
    const requests = (labels: string) => `tenant_api_requests_total{namespace="kong",${labels}}`;
    const result = promtoolTest([
      {
        input_series: series([
          [requests('tenant="a",status="2xx",pod="alloy-x"'), "0+10x90"],
          [requests('tenant="a",status="4xx",pod="alloy-y"'), "0+1x90"],
          [requests('tenant="a",status="429",pod="alloy-x"'), "0+100x90"],
          [requests('tenant="a",status="5xx",pod="alloy-x"'), "0+100x90"],
          // Alloy restarted in the middle: the calls of that minute are lost.
          [requests('tenant="b",status="2xx",pod="alloy-x"'), "0+2x60 0+2x30"],
        ]),
        promql_expr_test: [
          {
            expr: "round(tenant:api_requests_billed:increase1h)",
            eval_time: "61m",
            exp_samples: [
              { labels: '{tenant="a"}', value: 660 },
              { labels: '{tenant="b"}', value: 118 },
            ],
          },
          {
            expr: "tenant:api_requests_refused:rate5m * 60",
            eval_time: "61m",
            exp_samples: [{ labels: '{tenant="a"}', value: 100 }],
          },
        ],
      },
    ]);
    expect(result).toMatchObject({ status: 0, output: expect.stringContaining("SUCCESS") as string });
  });
});
