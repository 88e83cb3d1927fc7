import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { readProjectFile } from "../../../constructs/core/files";
import { type AlertRule } from "../../../constructs/observability/monitors";
import { DASHBOARDS } from "../../../environments/viridial-staging/platform/observability";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const FOLDER = "environments/viridial-staging/dashboards";

interface Source {
  readonly type: string;
  readonly uid: string;
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: { readonly query: string } }[];
  };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly datasource?: Source;
    readonly targets?: readonly { readonly expr: string; readonly datasource: Source }[];
  }[];
}

const dashboards = DASHBOARDS.map((file) => JSON.parse(readProjectFile(`${FOLDER}/${file}`)) as Dashboard);

const targets = dashboards.flatMap(({ uid, panels }) =>
  panels.flatMap(({ title, targets: all = [] }) =>
    all.map(({ expr, datasource }) => ({ uid, title, expr, datasource })),
  ),
);

/** An expression as it is asked when everything is chosen. */
const asked = (expr: string) => expr.replace(/\$__(rate_interval|interval)/g, "5m").replace(/\$[a-z]+/g, ".+");

const prometheus = targets.filter(({ datasource }) => datasource.type === "prometheus");

describe("the dashboards of viridial-staging", () => {
  test("THEN there are those of the infrastructure, the services and the business, each in its file", () => {
    expect(dashboards.map(({ uid, title }) => [uid, title])).toEqual([
      ["infrastructure", "Infrastructure"],
      ["services", "Services"],
      ["business", "Business"],
    ]);
    expect(DASHBOARDS).toEqual(dashboards.map(({ uid }) => `${uid}.json`));
    const found = fs.readdirSync(path.resolve(__dirname, "../../..", FOLDER));
    expect(found.sort()).toEqual([...DASHBOARDS].sort());
  });

  test("THEN every panel asks a data source that the values of Grafana define", () => {
    const { grafana } = parse(readProjectFile("helm-values/viridial-staging/kube-prometheus-stack.yaml")) as {
      grafana: { datasources: Record<string, { datasources: (Source & { url: string })[] }> };
    };
    const known = grafana.datasources["datasources.yaml"]?.datasources.map(({ type, uid }) => `${type}/${uid}`);
    expect(known).toEqual(["prometheus/prometheus", "alertmanager/alertmanager", "loki/loki", "jaeger/jaeger"]);
    const used = new Set(targets.map(({ datasource: { type, uid } }) => `${type}/${uid}`));
    expect([...used].sort()).toEqual(["loki/loki", "prometheus/prometheus"]);
  });

  test("THEN every variable that is used is there, and the other way round", () => {
    for (const { uid, templating, panels } of dashboards) {
      const used = new Set([...JSON.stringify(panels).matchAll(/\$(?!__)([a-z]+)/g)].map(([, name]) => name ?? ""));
      expect([uid, [...used].sort()]).toEqual([uid, templating.list.map(({ name }) => name).sort()]);
    }
  });

  test("THEN no two panels lie on each other or share a number", () => {
    for (const { panels } of dashboards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    }
  });

  test("THEN a recording that is asked for is one of the rules", () => {
    const { groups } = parse(readProjectFile("environments/viridial-staging/alerts.yaml")) as {
      groups: { rules: AlertRule[] }[];
    };
    const recorded = groups.flatMap(({ rules }) => rules.flatMap((rule) => ("record" in rule ? rule.record : [])));
    const used = prometheus.flatMap(({ expr }) => expr.match(/\b[a-z_]+:[a-z0-9_]+:[a-z0-9_]+\b/g) ?? []);
    expect(used).toHaveLength(6);
    expect(recorded).toEqual(expect.arrayContaining([...new Set(used)]));
  });

  test("THEN the business is told by what the gateway verified: tenants, calls, refusals and use by tenant", () => {
    const business = targets.filter(({ uid }) => uid === "business").map(({ expr }) => expr);
    for (const metric of [
      'kube_namespace_created{namespace=~"tenant-.+"}',
      "tenant:api_requests:rate5m",
      "tenant:api_requests_billed:increase1h",
      "tenant:api_response_bytes:increase1h",
      'tenant_api_requests_total{status="429"}',
    ]) {
      expect(business.join("\n")).toContain(metric);
    }
  });

  test("THEN what is asked of Loki uses labels that Alloy sets", () => {
    const asks = targets.filter(({ datasource }) => datasource.type === "loki").map(({ expr }) => expr);
    const labels = asks.flatMap((expr) => [...expr.matchAll(/(\w+)=~?"/g)].map(([, name]) => name));
    expect(new Set(labels)).toEqual(new Set(["namespace", "level"]));
  });
});

describeWithProgram("promtool", "what the dashboards ask of Prometheus", () => {
  test("GIVEN every expression as a rule THEN Prometheus's own tool takes them all", () => {
    const file = path.join(temporaryFolder(), "rules.yaml");
    const rules = prometheus.map(({ expr }, index) => ({
      record: `dashboards:panel_${index}:value`,
      expr: asked(expr),
    }));
    fs.writeFileSync(file, stringify({ groups: [{ name: "dashboards", rules }] }));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect({ status, output: `${stdout}${stderr}` }).toEqual({
      status: 0,
      output: expect.stringContaining(`SUCCESS: ${prometheus.length} rules found`) as string,
    });
  });
});
