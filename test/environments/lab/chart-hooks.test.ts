import * as fs from "node:fs";
import { Component, helmRelease, type Values } from "../../../constructs/cluster/component";
import { readProjectFile } from "../../../constructs/core/files";
import { CHART_HOOKS, checkingHooks } from "../../../environments/lab/chart-hooks";
import { testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

jest.mock("../../../constructs/core/files");

/** What is wrong with a component of this chart that is delivered as the lab does. */
function problemsOf(chart: string, values: Values, version = CHART_HOOKS[chart]?.version ?? "1.0.0"): string[] {
  const problems: string[] = [];
  const { json } = synthesizeLayer((layer) => {
    const component = new Component(layer, "app", {
      namespace: testNamespace(testCluster(layer)),
      repository: "https://charts.test",
      chart,
      version,
      values,
      pods: { web: { labels: { app: "web" }, resources: ["resources"] } },
      delivery: checkingHooks(helmRelease),
    });
    problems.push(...component.node.validate());
  });
  expect(json.resource?.["helm_release"]).toMatchObject({ app: { chart, version } });
  return problems;
}

const AIRFLOW = {
  migrateDatabaseJob: { useHelmHooks: false, jobAnnotations: { "argocd.argoproj.io/hook": "Sync" } },
  createUserJob: { enabled: false },
  fernetKeySecretName: "airflow-fernet-key",
  apiSecretKeySecretName: "airflow-api",
  jwtSecretName: "airflow-jwt",
};

beforeEach(() => {
  jest
    .mocked(readProjectFile)
    .mockImplementation(() => "resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { memory: 128Mi } }");
});

describe("checkingHooks", () => {
  test("GIVEN values that say what a chart's hooks need, a null among them, THEN nothing is wrong", () => {
    const annotations = { "helm.sh/hook": null, "argocd.argoproj.io/hook": "Sync" };
    expect(problemsOf("airflow", AIRFLOW)).toEqual([]);
    expect(problemsOf("superset", { init: { jobAnnotations: annotations } })).toEqual([]);
    expect(problemsOf("trino", {})).toEqual([]);
  });

  test("fails for every value that is missing, or another, and says why", () => {
    const values = {
      ...AIRFLOW,
      createUserJob: {},
      migrateDatabaseJob: { useHelmHooks: true },
      fernetKeySecretName: "",
    };
    const outOfSync = "or else the Job deletes itself, and the Application is out of sync from then on";
    expect(problemsOf("airflow", values)).toEqual([
      "the value migrateDatabaseJob → useHelmHooks has to be false, or else the migration waits for pods that wait for the migration",
      `the value migrateDatabaseJob → jobAnnotations → argocd.argoproj.io/hook has to be "Sync", ${outOfSync}`,
      "the value createUserJob → useHelmHooks has to be false, or else the Job is made at each sync, after pods that may wait for it",
      `the value createUserJob → jobAnnotations → argocd.argoproj.io/hook has to be "Sync", ${outOfSync}`,
      "the value fernetKeySecretName has to be given, or else each sync makes another key, and connections can no longer be read",
    ]);
  });

  test("fails for an annotation of Helm that the chart's own values would bring", () => {
    const init = { jobAnnotations: { "argocd.argoproj.io/hook": "Sync" } };
    expect(problemsOf("superset", { init })).toEqual([
      "the value init → jobAnnotations → helm.sh/hook has to be null, or else the database is made after pods that need it",
    ]);
  });

  test("fails for another version than the one whose templates were read", () => {
    expect(problemsOf("trino", {}, "1.43.0")).toEqual([
      'the hooks of the chart "trino" were read in 1.42.2, not in 1.43.0: read its templates again, and change CHART_HOOKS',
    ]);
  });

  test("fails for a chart whose hooks nobody has read", () => {
    expect(problemsOf("new-chart", {})).toEqual([
      'nobody has read the hooks of the chart "new-chart": read its templates, and add it to CHART_HOOKS',
    ]);
  });
});

describe("CHART_HOOKS", () => {
  const runbook = fs.readFileSync("docs/runbooks/helm-hooks-under-argocd-and-fleet.md", "utf8");
  const rows = [
    ...runbook.slice(runbook.indexOf("## The charts")).matchAll(/^\| ([a-z][^|]*?) +\| +(v?\d[\d.]*) +\|(.*)$/gm),
  ];

  test("THEN the runbook has the same charts in the same versions, in order", () => {
    expect(rows.map(([, chart, version]) => [chart, version])).toEqual(
      Object.entries(CHART_HOOKS).map(([chart, { version }]) => [chart, version]),
    );
  });

  test("THEN the runbook names every value that is asked for", () => {
    const missing = rows.flatMap(([, chart = "", , text = ""]) =>
      (CHART_HOOKS[chart]?.demands ?? [])
        .map(({ path }) => path[path.length - 1] ?? "")
        .filter((key) => !text.includes(key === "helm.sh/hook" ? "the two of Helm" : key))
        .map((key) => `${chart}: ${key}`),
    );
    expect(missing).toEqual([]);
  });
});
