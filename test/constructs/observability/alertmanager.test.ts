import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Fn, TerraformVariable } from "cdktf";
import { parse, stringify } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { type Layer } from "../../../constructs/core/layer";
import { RECEIVER_KEYS } from "../../../constructs/observability/alertmanager";
import { PrometheusStack } from "../../../constructs/observability/prometheus-stack";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { describeWithTerraform } from "../../support/terraform";
import { runTerraform } from "../../support/terraform-run";

const WAYS = ["slack", "email", "pagerduty", "heartbeat"] as const;
type Way = (typeof WAYS)[number];

const build = () =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "monitoring");
    const input = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
    const revision = input("revision", "number");
    const secret = (id: string, values: Record<string, string>) =>
      new GeneratedSecret(layer, id, { namespace, values, revision, afterRotation: "Done." });
    const text = input("text", "string").stringValue;
    new PrometheusStack(layer, "stack", {
      namespace,
      nodeExporterNamespace: testNamespace(namespace.cluster, "nodes"),
      grafanaAdmin: secret("grafana_admin", { "admin-user": "admin", "admin-password": text }),
      values: {
        alertmanager: {
          alertmanagerSpec: {
            resources: { requests: { cpu: "10m", memory: "48Mi" } },
          },
        },
      },
      alertmanager: {
        secret: secret(
          "receivers",
          Object.fromEntries(Object.values(RECEIVER_KEYS).map((key): [string, string] => [key, text])),
        ),
        receivers: receiversOf(layer),
      },
    });
  });

function receiversOf(layer: Layer) {
  const enabled = (way: Way) => new TerraformVariable(layer, `${way}_enabled`, { type: "bool", description: way });
  return {
    slack: { enabled: enabled("slack"), channel: "#alerts" },
    email: {
      enabled: enabled("email"),
      to: Fn.join(", ", ["ops@example.com", "dev@example.com"]),
      from: "alerts@example.com",
      host: "smtp.example.com",
      username: "alerts",
    },
    pagerDuty: { enabled: enabled("pagerduty") },
    heartbeat: { enabled: enabled("heartbeat"), url: "https://heartbeat.example.com/1" },
  };
}

const built = build();
const release = only(built.json.resource?.["helm_release"]) as { values: string[] };

interface Config {
  readonly receivers: readonly { readonly name: string; readonly [key: string]: unknown }[];
}

/** Alertmanager's configuration as Helm gets it: Terraform itself evaluates the values. */
function configFor(enabled: readonly Way[]): Config {
  const folder = temporaryFolder();
  const variable = Object.fromEntries(
    WAYS.map((way) => [`${way}_enabled`, { type: "bool", default: enabled.includes(way) }]),
  );
  const output = { values: { value: release.values } };
  fs.writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify({ variable, output }));
  const applied = runTerraform(folder, "apply", "-auto-approve", "-input=false", "-no-color");
  expect(applied).toMatchObject({ status: 0 });
  const [known, interpolated] = JSON.parse(runTerraform(folder, "output", "-json", "values").output) as string[];
  const config = (document: string | undefined) =>
    (parse(document ?? "") as { alertmanager: { config: object } }).alertmanager.config;
  return { ...config(known), ...config(interpolated) } as Config;
}

/** The ways that each receiver tells somebody by. */
const waysOf = ({ receivers }: Config) =>
  Object.fromEntries(
    receivers.map(({ name, ...ways }) => [
      name,
      Object.entries(ways)
        .filter(([, list]) => (list as unknown[]).length > 0)
        .map(([way]) => way)
        .sort(),
    ]),
  );

const ALL = WAYS.reduce<Way[][]>((sets, way) => sets.flatMap((set) => [set, [...set, way]]), [[]]);

describe("Alertmanager", () => {
  test("GIVEN receivers THEN its Secret is mounted and its image gets no secret by a value", () => {
    const values = parse(release.values[0] ?? "") as { alertmanager: Record<string, Record<string, unknown>> };
    expect(values.alertmanager["enabled"]).toBe(true);
    expect(values.alertmanager["alertmanagerSpec"]?.["secrets"]).toEqual(["receivers"]);
    expect(release.values.join()).not.toContain("var.text");
    expect((release as unknown as { depends_on: string[] }).depends_on).toContain("kubernetes_secret_v1.receivers");
  });

  test("THEN Prometheus and Grafana reach it, and it reaches the internet by each way's port, while that is enabled", () => {
    const name = "monitoring/alertmanager";
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    expect(flowsOf(built.json).filter(([, pods]) => pods === name)).toEqual([
      ["egress", name, internet, "443"],
      ["egress", name, internet, "443"],
      ["egress", name, internet, "443"],
      ["egress", name, internet, "587"],
      ["ingress", name, "monitoring/grafana", "9093"],
      ["ingress", name, "monitoring/prometheus", "9093,8080"],
    ]);
    const policies = Object.values(built.json.resource?.["kubernetes_network_policy_v1"] ?? {})
      .filter(({ metadata }) => (metadata as { name: string }).name.startsWith("alertmanager-to-"))
      .map(({ metadata, count }) => [(metadata as { name: string }).name, count]);
    expect(policies.sort()).toEqual(
      [...WAYS].sort().map((way) => [`alertmanager-to-${way}`, `\${var.${way}_enabled ? 1 : 0}`]),
    );
  });

  test("GIVEN no receivers THEN there is no Alertmanager, and nobody is let in or out for it", () => {
    const { json } = synthesizeLayer((layer) => {
      const namespace = testNamespace(testCluster(layer), "monitoring");
      const stack = new PrometheusStack(layer, "stack", {
        namespace,
        nodeExporterNamespace: namespace,
        grafanaAdmin: new GeneratedSecret(layer, "grafana_admin", {
          namespace,
          generate: { "admin-password": { length: 32 } },
          revision: new TerraformVariable(layer, "revision", { type: "number", description: "Revision" }),
          afterRotation: "Done.",
        }),
      });
      expect(stack.alertmanager).toBeUndefined();
      expect(stack.prometheus).toBeInstanceOf(Pods);
    });
    const [values] = only(json.resource?.["helm_release"])["values"] as string[];
    expect((parse(values ?? "") as Record<string, unknown>)["alertmanager"]).toEqual({ enabled: false });
    expect(flowsOf(json).filter((flow) => flow.join().includes("alertmanager"))).toEqual([]);
  });
});

describeWithTerraform("the configuration of Alertmanager", () => {
  test("GIVEN no way THEN every receiver tells nobody", () => {
    expect(waysOf(configFor([]))).toEqual({ nobody: [], heartbeat: [], warning: [], critical: [] });
  });

  test("GIVEN all ways THEN critical wakes somebody, warning does not, and the heartbeat is a call", () => {
    expect(waysOf(configFor(WAYS))).toEqual({
      nobody: [],
      heartbeat: ["webhook_configs"],
      warning: ["email_configs", "slack_configs"],
      critical: ["email_configs", "pagerduty_configs", "slack_configs"],
    });
  });

  test("THEN what is secret is the name of a file", () => {
    const text = JSON.stringify(configFor(WAYS));
    const folder = "/etc/alertmanager/secrets/receivers";
    expect(text).toContain(`"api_url_file":"${folder}/slack-webhook-url"`);
    expect(text).toContain(`"routing_key_file":"${folder}/pagerduty-routing-key"`);
    expect(text).toContain(`"auth_password_file":"${folder}/smtp-password"`);
    expect(text).toContain('"to":"ops@example.com, dev@example.com"');
    expect(text).toContain('"smarthost":"smtp.example.com:587"');
    expect(text).not.toMatch(/"(api_url|routing_key|service_key|auth_password|auth_secret)":/);
  });

  describeWithProgram("amtool", "checked by its own tool", () => {
    const amtool = (config: Config, ...args: string[]) => {
      const file = path.join(temporaryFolder(), "alertmanager.yaml");
      fs.writeFileSync(file, stringify(config));
      const { status, stdout, stderr } = spawnSync(
        "amtool",
        args.map((arg) => (arg === "FILE" ? file : arg)),
        { encoding: "utf8" },
      );
      return { status, output: stdout, errors: stderr };
    };

    test.each(ALL.map((ways) => [ways.join("+") || "none", ways] as const))("GIVEN %s THEN it is sound", (_, ways) => {
      const { status, output } = amtool(configFor(ways), "check-config", "FILE");
      expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining("SUCCESS") as string });
      expect(output).toContain(" - 4 receivers");
      expect(output).toContain(" - 1 inhibit rules");
    });

    test.each([
      ["alertname=Watchdog severity=info", "heartbeat"],
      ["alertname=NodeCpu severity=info", "nobody"],
      ["alertname=NodeCpu severity=warning", "warning"],
      ["alertname=NodeMemory severity=critical", "critical"],
      ["alertname=WithoutSeverity", "warning"],
    ])("GIVEN an alert with %s THEN it goes to %s", (labels, receiver) => {
      const { status, output } = amtool(
        configFor(WAYS),
        "config",
        "routes",
        "test",
        "--config.file",
        "FILE",
        ...labels.split(" "),
      );
      expect({ status, output: output.trim() }).toEqual({ status: 0, output: receiver });
    });
  });
});
