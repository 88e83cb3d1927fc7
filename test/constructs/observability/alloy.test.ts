import { parse } from "yaml";
import { type ComponentRelease } from "../../../constructs/cluster/component";
import { readProjectFile } from "../../../constructs/core/files";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { Alloy, toHelmText } from "../../../constructs/observability/alloy";
import { Loki } from "../../../constructs/observability/loki";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

const CONFIG = readProjectFile("constructs/observability/alloy/config.alloy");

const { json } = synthesizeLayer((layer) => {
  const cluster = testCluster(layer);
  const loki = new Loki(layer, "loki", {
    namespace: testNamespace(cluster, "monitoring"),
    retentionDays: 1,
    volumeGib: 1,
  });
  const alloy = new Alloy(layer, "alloy", {
    namespace: testNamespace(cluster, "agents"),
    loki,
    gatewayNamespace: "gateway",
  });
  expect(alloy.metrics).toMatchObject({ portName: "http-metrics", port: 12345 });
});

const release = json.resource?.["helm_release"]?.["alloy"] as { values: string[]; depends_on: string[] };
const values = parse(release.values[0] ?? "") as {
  alloy: { configMap: { content: string }; extraEnv: { name: string; value: string }[]; [key: string]: unknown };
  controller: Record<string, unknown>;
  rbac: { rules: object[]; clusterRules: object[] };
};

/** The block that begins with a line, up to the bracket that closes it. */
function block(begin: string): string {
  const from = CONFIG.indexOf(`${begin} {`);
  expect(from).toBeGreaterThan(0);
  const indent = /[^\n]*$/.exec(CONFIG.slice(0, from))?.[0] ?? "";
  return CONFIG.slice(from, CONFIG.indexOf(`\n${indent}}`, from));
}

describe("Alloy", () => {
  test("GIVEN another delivery THEN the chart goes that way, after Loki", () => {
    const releases: ComponentRelease[] = [];
    synthesizeLayer((layer) => {
      const namespace = testNamespace(testCluster(layer), "monitoring");
      const loki = new Loki(layer, "loki", { namespace, retentionDays: 1, volumeGib: 1 });
      new Alloy(layer, "alloy", {
        namespace,
        loki,
        gatewayNamespace: "gateway",
        delivery: (scope, release) => {
          releases.push(release);
          return new TerraformData(scope, "delivered", {});
        },
      });
      expect(releases.map(({ name }) => name)).toEqual(["alloy"]);
      expect(releases[0]?.dependsOn).toContain(loki.delivered);
    });
  });

  test("THEN its configuration is the file's once Terraform and Helm have read it, and comes after Loki", () => {
    // Terraform takes "$${" as "${", and the chart's tpl a quoted pair of braces as that.
    const afterHelm = values.alloy.configMap.content.replace(/\{\{ "(\{\{|\}\})" \}\}/g, "$1").replaceAll("$${", "${");
    expect(afterHelm).toBe(CONFIG);
    expect(release.depends_on).toContain("helm_release.loki");
  });

  test("THEN every variable of the environment that the file asks for is given, by the chart or here", () => {
    const asked = new Set([...CONFIG.matchAll(/sys\.env\("(\w+)"\)/g)].map(([, name]) => name));
    expect(values.alloy.extraEnv).toEqual([
      { name: "LOKI_URL", value: "http://loki.monitoring:3100" },
      { name: "GATEWAY_NAMESPACE", value: "gateway" },
    ]);
    // The chart sets HOSTNAME to the name of the node.
    expect(asked).toEqual(new Set(["HOSTNAME", ...values.alloy.extraEnv.map(({ name }) => name)]));
  });

  test("THEN it runs on control planes too, reads logs without writing and Kubernetes without Secrets", () => {
    expect(values.controller).toMatchObject({ type: "daemonset", tolerations: [{ operator: "Exists" }] });
    expect(values.alloy["mounts"]).toMatchObject({ varlog: true });
    expect(values.alloy["securityContext"]).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"], add: ["DAC_READ_SEARCH"] },
    });
    expect([...values.rbac.rules, ...values.rbac.clusterRules]).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] },
    ]);
  });

  test("THEN it reaches Loki and the Kubernetes API, and nobody reaches it yet", () => {
    expect(flowsOf(json).filter(([, pods]) => pods === "agents/alloy")).toEqual([
      ["egress", "agents/alloy", "10.0.0.0/16", "6443"],
      ["egress", "agents/alloy", "monitoring/loki", "3100"],
    ]);
    expect(flowsOf(json)).toContainEqual(["ingress", "monitoring/loki", "agents/alloy", "3100"]);
  });

  test("THEN what has many values is metadata of a line, not a label", () => {
    expect(CONFIG).toContain('values = { pod = "", container = "", trace_id = "" }');
    expect(CONFIG).toContain('values = ["filename", "stream"]');
    const labels = [...CONFIG.matchAll(/stage\.labels \{\s*values = \{ ([^}]*) \}/g)].map(([, text]) => text);
    // The last pair is dropped again after it was counted.
    expect(labels).toEqual(['level = ""', 'tenant = ""', 'status = "api_status", upstream = "api_upstream"']);
    expect(CONFIG.indexOf('values = ["status", "upstream"]')).toBeGreaterThan(CONFIG.indexOf("stage.metrics"));
  });

  test("THEN a tenant is taken from a line only outside tenants' own namespaces, and only when it looks like an id", () => {
    const match = block("stage.match");
    expect(match).toContain('selector = "{namespace=~\\".+\\", tenant=\\"\\"}"');
    const [, expression] = /expression = "\^\(\?P<tenant>(.*)\)\$"/.exec(match) ?? [];
    const pattern = new RegExp(`^${expression}$`);
    expect(pattern.test("0b8f5e0c-1d2e-4f3a-8b9c-0d1e2f3a4b5c")).toBe(true);
    for (const forged of ["", "a b", 'a"b', "A", "a".repeat(64), "-a"]) {
      expect([forged, pattern.test(forged)]).toEqual([forged, false]);
    }
  });

  test("THEN what is counted for tenants comes from the gateway's lines alone", () => {
    const counters = [...CONFIG.matchAll(/name += "(api_\w+)"/g)].map(([, name]) => name);
    expect(counters).toEqual(["api_requests_total", "api_response_bytes_total"]);
    const before = CONFIG.slice(0, CONFIG.indexOf("stage.metrics"));
    expect(before.slice(before.lastIndexOf("selector ="))).toContain(
      '"{namespace=\\"" + sys.env("GATEWAY_NAMESPACE") + "\\", tenant=~\\".+\\"}"',
    );
  });

  test("THEN the audit log is read where kubeadm's nodes write it", () => {
    expect(block('local.file_match "audit"')).toContain('"__path__" = "/var/log/kubernetes/audit/audit.log"');
    expect(readProjectFile("constructs/cluster/kubeadm-user-data.ts")).toContain(
      'const AUDIT_LOGS = "/var/log/kubernetes/audit";',
    );
  });
});

describe("toHelmText", () => {
  test("GIVEN templates of somebody else THEN a chart writes them as they are", () => {
    expect(toHelmText("a {{ .Value }} }")).toBe('a {{ "{{" }} .Value {{ "}}" }} }');
  });
});
