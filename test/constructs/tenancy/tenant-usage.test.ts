import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { tenantUsage } from "../../../constructs/tenancy/tenant-usage";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const LAKE = { id: "lake", organizationId: "0b8e5a52-6c1d-4f0e-9a37-5d2f1c7e8b10", plan: "small" };
const HILL = { id: "hill", organizationId: "7d3f9c84-2e5b-4a61-8c0d-91b6e4f2a735", plan: "huge" };
const RULES = tenantUsage([LAKE, HILL], "tenant:api_requests_billed:increase1h");

describe("tenantUsage", () => {
  test("GIVEN tenants THEN each has its plan, and one rule for each measure is for all of them", () => {
    expect(RULES.map(({ record, labels }) => [record, labels])).toEqual([
      ["tenant:info:plan", { tenant: "lake", organization: LAKE.organizationId, plan: "small" }],
      ["tenant:info:plan", { tenant: "hill", organization: HILL.organizationId, plan: "huge" }],
      ["tenant:billed_requests:increase1h", undefined],
      ["tenant:cpu_seconds:increase1h", undefined],
      ["tenant:memory_bytes:avg1h", undefined],
      ["tenant:volume_bytes:used", undefined],
    ]);
  });
});

describeWithProgram("promtool", "the rules of tenantUsage in Prometheus itself", () => {
  const run = (args: string[], files: Record<string, unknown>) => {
    const folder = temporaryFolder();
    for (const [file, content] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, file), stringify(content));
    }
    const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: folder, encoding: "utf8" });
    return { status, output: status === 0 ? "" : `${stdout}${stderr}` };
  };
  const rules = { groups: [{ name: "usage", rules: RULES }] };
  const series = (name: string, labels: string, values: string) => ({ series: `${name}{${labels}}`, values });
  const tests = (billed: number) => ({
    rule_files: ["rules.yml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: [
          series("tenant:api_requests_billed:increase1h", `tenant="${LAKE.organizationId}"`, "120x90"),
          // Of another shard: it is counted there.
          series("tenant:api_requests_billed:increase1h", 'tenant="c45a1e07-9b82-4d3c-b6f5-28e7d0a9136e"', "7x90"),
          series("container_cpu_usage_seconds_total", 'namespace="tenant-lake",container="export",pod="a"', "0+6x90"),
          series("container_cpu_usage_seconds_total", 'namespace="tenant-lake",container="export",pod="b"', "0+6x90"),
          series("container_cpu_usage_seconds_total", 'namespace="tenant-lakeside",container="export"', "0+6x90"),
          series("container_memory_working_set_bytes", 'namespace="tenant-hill",container="import"', "1000x90"),
          series("kubelet_volume_stats_used_bytes", 'namespace="tenant-hill"', "5000x90"),
        ],
        promql_expr_test: [
          [
            "tenant:billed_requests:increase1h",
            `organization="${LAKE.organizationId}", plan="small", tenant="lake"`,
            billed,
          ],
          ["tenant:cpu_seconds:increase1h", 'tenant="lake"', 720],
          ["tenant:memory_bytes:avg1h", 'tenant="hill"', 1000],
          ["tenant:volume_bytes:used", 'tenant="hill"', 5000],
        ].map(([expr, labels, value]) => ({
          expr,
          eval_time: "80m",
          exp_samples: [{ labels: `${String(expr)}{${String(labels)}}`, value }],
        })),
      },
    ],
  });

  test("THEN each measure is the tenant's own", () => {
    expect(run(["check", "rules", "rules.yml"], { "rules.yml": rules })).toEqual({ status: 0, output: "" });
    expect(run(["test", "rules", "tests.yml"], { "rules.yml": rules, "tests.yml": tests(120) })).toEqual({
      status: 0,
      output: "",
    });
  });

  test("fails where the expected number is another one", () => {
    expect(run(["test", "rules", "tests.yml"], { "rules.yml": rules, "tests.yml": tests(121) }).status).toBe(1);
  });
});
