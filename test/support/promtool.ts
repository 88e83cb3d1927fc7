import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type AlertRule } from "../../constructs/observability/monitors";
import { temporaryFolder } from "./layers";

/** A time series in promtool's notation: a value each minute. */
export interface Series {
  readonly series: string;
  readonly values: string;
}

/**
 * What promtool says of alerts that are given some series; empty when exactly those of `firing` fire at that time.
 *
 * @param rules their recording rules count too
 * @param at such as `1h`
 */
export function alertsVerdict(
  rules: readonly AlertRule[],
  series: readonly Series[],
  at: string,
  firing: readonly string[],
): string {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, "rules.yaml"), JSON.stringify({ groups: [{ name: "rules", rules }] }));
  const names = rules.flatMap((rule) => ("alert" in rule ? [rule.alert] : []));
  const count = names.map((name) => ({
    expr: `count(ALERTS{alertname="${name}", alertstate="firing"}) or vector(0)`,
    eval_time: at,
    exp_samples: [{ labels: "{}", value: firing.includes(name) ? 1 : 0 }],
  }));
  const tests = [{ interval: "1m", input_series: series, promql_expr_test: count }];
  fs.writeFileSync(
    path.join(folder, "test.yaml"),
    JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: "1m", tests }),
  );
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", "test.yaml"], {
    cwd: folder,
    encoding: "utf8",
  });
  return status === 0 ? "" : `${stdout}${stderr}`;
}
