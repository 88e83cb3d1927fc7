import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { type Alert } from "../../../constructs/observability/monitors";
import { readRules } from "../../../constructs/observability/rules";
import { ALERTS_RUNBOOK, labMonitors, trinoMetricsUser } from "../../../environments/lab/monitors";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { Pods } from "../../../constructs/cluster/network-policy";

const ROOT = path.resolve(__dirname, "../../..");

describe("labMonitors", () => {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const when = new TerraformVariable(layer, "chosen", { type: "bool", description: "Whether" });
    const monitors = labMonitors(layer, cluster, "open-data", when);
    const pods = new Pods(layer, "server", { namespace: testNamespace(cluster, "apps"), labels: { app: "server" } });
    monitors.scrape({ pods, portName: "http", port: 8080 });
    monitors.alert(
      "open-data",
      readRules("feedback").flatMap(({ rules }) => rules),
    );
  });

  test("THEN a release in the namespace monitoring has them, as long as the component is there", () => {
    const release = only(json.resource?.["helm_release"]) as { count: string; values: string[] };
    expect(release).toMatchObject({ name: "open-data-monitors", namespace: "monitoring" });
    expect(release.count).toBe("${var.chosen ? 1 : 0}");
    expect(release.values[0]).toContain("docs/runbooks/lab-alerts.md#feedbacknotwritten");
  });

  test("THEN it is the Prometheus of lab-platform that reads", () => {
    expect(flowsOf(json).filter(([, , , port]) => port === "8080")).toEqual([
      ["egress", "monitoring/prometheus", "apps/server", "8080"],
      ["ingress", "apps/server", "monitoring/prometheus", "8080"],
    ]);
  });
});

test("GIVEN Trino THEN the user that Prometheus asks it as is in a Secret beside the monitors", () => {
  const { json } = synthesizeLayer((layer) => {
    expect(trinoMetricsUser(layer, testCluster(layer))).toEqual({ secretName: "trino-metrics-user", key: "username" });
  });
  expect(only(json.resource?.["kubernetes_secret_v1"])).toMatchObject({
    metadata: { name: "trino-metrics-user", namespace: "monitoring" },
    data_wo: { username: "prometheus" },
  });
});

describe("the runbook of alerts", () => {
  const sections = fs
    .readFileSync(path.join(ROOT, ALERTS_RUNBOOK), "utf8")
    .split(/^### /m)
    .slice(1)
    .map((text) => ({ name: text.split("\n")[0] ?? "", text }));

  test("THEN each alert has its section, and no other has one", () => {
    const alerts = fs
      .readdirSync(path.join(ROOT, "constructs/observability/rules"))
      .flatMap((file) => readRules(path.parse(file).name).flatMap(({ rules }) => rules))
      .filter((rule): rule is Alert => "alert" in rule)
      .map(({ alert }) => alert);
    // That of external-secrets is the construct's own.
    expect(sections.map(({ name }) => name).sort()).toEqual([...alerts, "ExternalSecretNotReady"].sort());
  });

  test.each(sections)("THEN $name says what it means, where to look and how to mend", ({ text }) => {
    for (const part of ["**What it means.** ", "**First look.** ", "**Mend.** "]) {
      expect(text.split(part)).toHaveLength(2);
    }
  });
});
