import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { type Dashboard, dashboardConfigMap, readDashboard } from "../../../constructs/observability/dashboards";
import { readRules } from "../../../constructs/observability/rules";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const ROOT = path.resolve(__dirname, "../../..");
const namesIn = (folder: string) =>
  fs.readdirSync(path.join(ROOT, "constructs/observability", folder)).map((file) => path.parse(file).name);

const PLACE = { namespace: "here" };
const dashboards = namesIn("dashboards").map((name) => ({
  name,
  json: readDashboard(name, PLACE),
  dashboard: JSON.parse(readDashboard(name, PLACE)) as Dashboard,
}));
const expressions = dashboards.flatMap(({ dashboard: { panels } }) =>
  panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
);

/** A dashboard that is accepted, with what a case changes of it or of its panel. */
const aDashboard = (changes: Record<string, unknown> = {}, panel: Record<string, unknown> = {}): string =>
  JSON.stringify({
    uid: "web",
    title: "Web",
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
    panels: [
      {
        id: 1,
        type: "stat",
        title: "Requests",
        description: "Requests a second.",
        gridPos: { x: 0, y: 0, w: 24, h: 4 },
        datasource: { type: "prometheus", uid: "${datasource}" },
        fieldConfig: { defaults: { unit: "reqps" } },
        targets: [{ refId: "A", expr: "sum(rate(requests_total[5m]))" }],
        ...panel,
      },
    ],
    ...changes,
  });

describe("dashboardConfigMap", () => {
  test("GIVEN a dashboard THEN a ConfigMap with the label that the sidecar looks for has it, named after its uid", () => {
    const json = aDashboard();
    expect(dashboardConfigMap("test", json)).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "dashboard-web", labels: { grafana_dashboard: "1" } },
      data: { "web.json": json },
    });
  });

  test("GIVEN a row THEN nothing is asked of it but a number", () => {
    const panels = [...(JSON.parse(aDashboard()) as Dashboard).panels, { id: 2, type: "row", title: "" }];
    expect(() => dashboardConfigMap("test", aDashboard({ panels }))).not.toThrow();
  });

  test.each<[string, string, string]>([
    ["that is not JSON", "{", "a dashboard is not JSON"],
    ["without a proper uid", aDashboard({ uid: "Web 1" }), 'the uid "Web 1": use lower-case words joined by "-"'],
    ["without a title", aDashboard({ title: " " }), 'the dashboard "web" has no title'],
    ["without a panel", aDashboard({ panels: [] }), 'the dashboard "web" has no panel'],
    [
      "without the variable",
      aDashboard({ templating: { list: [] } }),
      'the dashboard "web" has no variable "datasource" of the type datasource',
    ],
    [
      "whose panel names a data source itself",
      aDashboard({}, { datasource: { type: "prometheus", uid: "prometheus" } }),
      'panel 1 "Requests": its data source is "prometheus": use the variable, "${datasource}"',
    ],
    ["whose panel has no title", aDashboard({}, { title: "" }), 'panel 1 "": it has no title'],
    ["whose panel has no description", aDashboard({}, { description: "" }), "it has no description"],
    ["whose panel has no unit", aDashboard({}, { fieldConfig: { defaults: {} } }), "it has no unit"],
    ["whose panel asks nothing", aDashboard({}, { targets: [] }), "it asks nothing"],
    [
      "with an empty expression",
      aDashboard({}, { targets: [{ refId: "A", expr: " " }] }),
      "its query A has no expression",
    ],
    [
      "larger than a ConfigMap",
      aDashboard({ description: "x".repeat(1024 * 1024) }),
      "a ConfigMap holds 1048576 in all",
    ],
  ])("fails for a dashboard %s", (_, json, message) => {
    expect(() => dashboardConfigMap("test", json)).toThrow(message);
  });

  test("fails for two panels with the same number, and names all problems at once", () => {
    const [panel] = (JSON.parse(aDashboard()) as Dashboard).panels;
    const json = aDashboard({ title: "", panels: [panel, panel] });
    expect(() => dashboardConfigMap("test", json)).toThrow(/has no title[^]*two panels with the same id/);
  });
});

describe("our dashboards", () => {
  test.each(dashboards)(
    "GIVEN $name THEN it is accepted, its file is named after it, and it is small and good",
    (each) => {
      const { name, json, dashboard } = each;
      expect(() => dashboardConfigMap("test", json)).not.toThrow();
      expect(dashboard.uid).toBe(name);
      expect(dashboard.panels.length).toBeGreaterThanOrEqual(6);
      expect(dashboard.panels.length).toBeLessThanOrEqual(10);
      const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    },
  );

  test("THEN nothing but the data source is left to choose, and no namespace is left open", () => {
    for (const { json } of dashboards) {
      expect(json).not.toMatch(/\$(?!\{datasource\})/);
    }
  });

  test("THEN the table of the lab's page names each of them by title and uid", () => {
    const page = fs.readFileSync(path.join(ROOT, "docs/lab/observability.md"), "utf8");
    const rows = [...page.matchAll(/^\| ([A-Z][^|]+?) +\| `([a-z-]+)` +\|/gm)].map(
      ([, title, uid]) => `${uid}: ${title}`,
    );
    expect(rows.sort()).toEqual(dashboards.map(({ dashboard: { uid, title } }) => `${uid}: ${title}`).sort());
  });
});

/** Names of metrics in an expression: what is left without strings, labels, ranges, groupings, functions and words. */
function metricsOf(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/\[[^\]]*\]/g, "")
    .replace(/\b(by|on|group_left)\s*\([^)]*\)/g, "");
  const words = new Set(["and", "or", "unless", "offset"]);
  return (bare.match(/\b[a-zA-Z_][a-zA-Z0-9_]*\b(?!\s*\()/g) ?? []).filter((name) => !words.has(name));
}

describe("metrics that dashboards and alerts use", () => {
  test("GIVEN an expression THEN its metrics are found, and nothing else", () => {
    expect(
      metricsOf(
        'max by (a, b) (rate(x_total{c="d e"}[5m])) / on (a) group_left () y > 3 * 24 or vector(0) unless z offset 15m',
      ),
    ).toEqual(["x_total", "y", "z"]);
  });

  test("THEN each is in the table of the lab's page, with who tells it and where its name is from, and no other is", () => {
    const page = fs.readFileSync(path.join(ROOT, "docs/lab/observability.md"), "utf8");
    const table = page.slice(page.indexOf("## Metrics"));
    const rows = table
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split("|").map((cell) => cell.trim()));
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter(([, , who, source]) => !who || !source)).toEqual([]);
    const documented = rows.flatMap(([, names = ""]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ""));
    const alerts = namesIn("rules").flatMap((file) =>
      readRules(file, PLACE).flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    );
    const used = new Set([...expressions, ...alerts].flatMap(metricsOf));
    expect(documented.sort()).toEqual([...used].sort());
  });
});

describeWithProgram("promtool", "what our dashboards ask of Prometheus", () => {
  test("GIVEN every expression as a rule THEN Prometheus's own tool takes them all", () => {
    const file = path.join(temporaryFolder(), "rules.yaml");
    const rules = expressions.map((expr, index) => ({ record: `dashboards:panel_${index}:value`, expr }));
    fs.writeFileSync(file, stringify({ groups: [{ name: "dashboards", rules }] }));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    expect({ status, output: `${stdout}${stderr}` }).toEqual({
      status: 0,
      output: expect.stringContaining(`SUCCESS: ${expressions.length} rules found`) as string,
    });
  });
});
