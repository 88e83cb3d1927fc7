import * as fs from "node:fs";
import * as path from "node:path";
import { Fn, TerraformVariable } from "cdktf";
import { parse } from "yaml";
import {
  Component,
  type ComponentProps,
  type Delivery,
  helmRelease,
  mergeValues,
  toTerraformText,
  valueAt,
} from "../../../constructs/cluster/component";
import { readProjectFile } from "../../../constructs/core/files";
import { type Layer } from "../../../constructs/core/layer";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";
import { runTerraform } from "../../support/terraform-run";

jest.mock("../../../constructs/core/files");

/** The files of the repository, as far as a component can see. */
const files = (texts: Readonly<Record<string, string>>) =>
  jest.mocked(readProjectFile).mockImplementation((file) => {
    const text = texts[file];
    if (text === undefined) {
      throw new Error(`no ${file}`);
    }
    return text;
  });

const REQUESTS = "resources: { requests: { cpu: 100m, memory: 128Mi } }";
const POD = { labels: { app: "web" }, resources: ["resources"] };

type More = Partial<Omit<ComponentProps, "namespace">>;

function build(more: More | ((layer: Layer) => More) = {}, use: (component: Component) => void = () => {}) {
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer));
    const props = typeof more === "function" ? more(layer) : more;
    use(
      new Component(layer, "my_chart", {
        namespace,
        repository: "https://charts.example.com",
        version: "1.2.3",
        pods: { web: POD },
        ...props,
      }),
    );
  });
}

const releaseOf = (built: ReturnType<typeof build>) => only(built.json.resource?.["helm_release"]);
const valuesOf = (built: ReturnType<typeof build>) => releaseOf(built)["values"] as string[];

beforeEach(() => files({ "helm-values/my-chart.yaml": REQUESTS }));

describe("Component", () => {
  test("GIVEN values beside something that may not be there THEN they are a last document, empty while it is not", () => {
    const built = build((layer) => ({
      overlays: [
        {
          when: new TerraformVariable(layer, "login", { type: "bool", description: "Whether" }),
          values: { oidc: { enabled: true } },
        },
      ],
    }));
    expect(valuesOf(built)[1]).toBe('${var.login ? "oidc:\\n  enabled: true\\n" : ""}');
  });

  test("GIVEN a chart THEN it is a release of that exact version that is undone when it fails, after the guardrails", () => {
    expect(releaseOf(build())).toEqual({
      name: "my-chart",
      chart: "my-chart",
      namespace: "apps",
      repository: "https://charts.example.com",
      version: "1.2.3",
      values: ["resources:\n  requests:\n    cpu: 100m\n    memory: 128Mi\n"],
      create_namespace: false,
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      wait_for_jobs: true,
      timeout: 600,
      max_history: 5,
      depends_on: ["kubernetes_network_policy_v1.apps_default_deny", "kubernetes_limit_range_v1.apps_limits"],
    });
  });

  test("GIVEN files and values THEN the environment's go over the common ones, and those of TypeScript over both", () => {
    files({
      "helm-values/my-chart.yaml": `${REQUESTS}\na: { common: 1, environment: 1, typescript: 1 }\nlist: [1, 2]`,
      "helm-values/test/my-chart.yaml": "a: { environment: 2, typescript: 2 }\nlist: [3]",
    });
    const [document, ...others] = valuesOf(build({ values: { a: { typescript: 3 } } }));
    expect(parse(document ?? "")).toMatchObject({ a: { common: 1, environment: 2, typescript: 3 }, list: [3] });
    expect(others).toEqual([]);
  });

  test("GIVEN texts that Helm, which reads YAML 1.1, would take for something else THEN they are quoted", () => {
    expect(valuesOf(build({ values: { a: "off", b: "yes", c: "1:30", d: true } }))[0]).toContain(
      'a: "off"\nb: "yes"\nc: "1:30"\nd: true\n',
    );
  });

  test("GIVEN values with tokens THEN these are in a document of their own, as an expression of Terraform", () => {
    const built = build((layer) => {
      const host = new TerraformVariable(layer, "host", { type: "string", description: "Host" }).stringValue;
      return {
        values: {
          a: { known: true, host, on: Fn.conditional(Fn.lengthOf(host), 1, 2) },
          list: [{ host: `https://${host}` }, "x"],
          empty: {},
        },
      };
    });
    const [known, interpolated] = valuesOf(built);
    expect(parse(known ?? "")).toMatchObject({ a: { known: true }, empty: {} });
    expect(known).not.toContain("host");
    expect(interpolated).toBe(
      '${yamlencode({"a" = {"host" = var.host, "on" = length(var.host) ? 1 : 2}, "list" = [{"host" = "https://${var.host}"}, "x"]})}',
    );
  });

  test("GIVEN text that Terraform would read THEN it is escaped", () => {
    files({ "helm-values/my-chart.yaml": `${REQUESTS}\nformat: "\${name} %{if}"` });
    expect(valuesOf(build())[0]).toContain("format: $${name} %%{if}\n");
  });

  test("GIVEN a list that grows after the construction THEN the release has all of it", () => {
    const list: string[] = [];
    const built = build({ values: { list } }, () => list.push("late"));
    expect(parse(valuesOf(built)[0] ?? "")).toMatchObject({ list: ["late"] });
  });

  test("GIVEN secrets THEN they are write-only", () => {
    const built = build((layer) => {
      const variable = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
      return {
        secrets: {
          values: { "auth.password": variable("password", "string").stringValue },
          revision: variable("revision", "number").numberValue,
        },
      };
    });
    expect(releaseOf(built)).toMatchObject({
      set_wo: [{ name: "auth.password", value: "${var.password}", type: "string" }],
      set_wo_revision: "${var.revision}",
    });
    expect(valuesOf(built).join()).not.toContain("password");
  });

  test("GIVEN something that starts sealed THEN the apply neither waits for it nor undoes it", () => {
    expect(releaseOf(build({ wait: false }))).toMatchObject({ wait: false, wait_for_jobs: false, atomic: false });
  });

  test("GIVEN a precondition, a time limit and an earlier part THEN the release has them", () => {
    const built = build((layer) => {
      const when = new TerraformVariable(layer, "when", { type: "bool", description: "When" });
      return {
        preconditions: [{ condition: "${true}", errorMessage: "Never." }],
        timeoutSeconds: 60,
        dependsOn: testNamespace(testCluster2(layer), "other", { when }).present,
      };
    });
    expect(releaseOf(built)).toMatchObject({
      lifecycle: { precondition: [{ condition: "${true}", error_message: "Never." }] },
      timeout: 60,
    });
    expect(releaseOf(built)["depends_on"]).toContain("kubernetes_namespace_v1.other");
  });

  test("GIVEN pods THEN their requests are counted from the values, sidecars and replicas included", () => {
    files({
      "helm-values/my-chart.yaml":
        "replicas: 3\nresources: { requests: { cpu: 100m, memory: 128Mi } }\nsidecar: { resources: { requests: { cpu: 10m, memory: 32Mi } } }",
    });
    const rows: unknown[] = [];
    build(
      {
        pods: {
          web: {
            labels: { app: "web" },
            resources: ["resources", "sidecar.resources"],
            replicas: { valueAt: "replicas" },
          },
          agent: { labels: { app: "agent" }, resources: ["sidecar.resources"], replicas: "perNode" },
        },
      },
      ({ namespace }) => rows.push(...namespace.cluster.capacity.entry.rows.slice(1)),
    );
    expect(rows).toEqual([
      { name: "my-chart/web", namespace: "apps", replicas: 3, cpuMillis: 330, memoryMib: 480 },
      { name: "my-chart/agent", namespace: "apps", replicas: 1, cpuMillis: 10, memoryMib: 32 },
    ]);
  });

  test("GIVEN pods on control planes THEN they are counted there", () => {
    const seen: unknown[] = [];
    const controlPlanes = {
      nodeType: "tiny",
      nodeCount: 1,
      node: { cpuMillis: 500, memoryMib: 1024 },
      systemReserve: { cpuMillis: 50, memoryMib: 256 },
    };
    synthesizeLayer((layer) => {
      const cluster = testCluster(layer, { controlPlanes });
      new Component(layer, "my_chart", {
        namespace: testNamespace(cluster),
        repository: "https://charts.example.com",
        version: "1.2.3",
        pods: { web: { ...POD, onControlPlanes: true } },
      });
      const { rows, controlPlanes: table } = cluster.capacity.entry;
      seen.push(...[rows, table?.rows ?? []].map((each) => each.map(({ name }) => name)));
    });
    expect(seen).toEqual([["system reserve"], ["system reserve", "my-chart"]]);
  });

  test("GIVEN pods that use the Kubernetes API and have a webhook THEN both flows are allowed", () => {
    const { json } = build({ pods: { web: { ...POD, needsKubernetesApi: true, webhookPorts: [9443] } } });
    expect(flowsOf(json).filter(([, pods]) => pods === "apps/web")).toEqual([
      ["egress", "apps/web", "10.0.0.0/16", "6443"],
      ["ingress", "apps/web", "10.0.0.0/16", "9443"],
      ["ingress", "apps/web", "10.42.0.0/32", "9443"],
      ["ingress", "apps/web", "10.42.1.0/32", "9443"],
    ]);
  });

  test("GIVEN another delivery THEN it gets all there is to know, and no release is made", () => {
    const delivered: Parameters<Delivery>[1][] = [];
    const { json } = build({
      delivery: (scope, release) => {
        delivered.push(release);
        return helmRelease(scope, { ...release, name: "by-another-way" });
      },
    });
    expect(delivered).toEqual([
      expect.objectContaining({ name: "my-chart", chart: "my-chart", version: "1.2.3", wait: true }),
    ]);
    expect(only(json.resource?.["helm_release"])["name"]).toBe("by-another-way");
  });

  test("fails without the common values file, naming both", () => {
    files({});
    expect(() => build()).toThrow(
      "test/my_chart: there is no values file helm-values/my-chart.yaml, nor helm-values/test/my-chart.yaml: " +
        "make helm-values/my-chart.yaml (it may be empty); helm-values/test/my-chart.yaml is for what is other in test",
    );
    files({ "helm-values/test/my-chart.yaml": "" });
    expect(() => build()).toThrow("test/my_chart: there is no values file helm-values/my-chart.yaml: make");
  });

  test.each([
    ["a: [", /^test\/my_chart: helm-values\/my-chart\.yaml is not YAML: /],
    ["- a", /^test\/my_chart: helm-values\/my-chart\.yaml is not a map of values$/],
    ["just text", /^test\/my_chart: helm-values\/my-chart\.yaml is not a map of values$/],
  ])("fails for the values file %p", (text, message) => {
    files({ "helm-values/my-chart.yaml": text });
    expect(() => build()).toThrow(message);
  });

  test("fails for a range of versions, another address, a literal secret, missing requests and replicas, all at once", () => {
    files({ "helm-values/my-chart.yaml": "resources: { requests: { cpu: 100m } }" });
    expect(() =>
      build({
        version: "^1.2",
        repository: "charts.example.com",
        secrets: { values: { password: "literal" }, revision: 1 },
        pods: {
          web: { labels: { app: "web" }, resources: ["resources"], replicas: { valueAt: "replicas" } },
          none: { labels: { app: "none" }, resources: [] },
        },
      }),
    ).toThrow(
      [
        "test/my_chart: 6 problems",
        '  - version is "^1.2": use an exact one such as "1.2.3", so that an apply never brings another chart',
        '  - repository is "charts.example.com": use an address that begins with https:// or oci://',
        "  - the secret password is a literal: take it from a sensitive input or an ephemeral value",
        '  - pods of "none" have no path of resources: name one for each container',
        '  - the values have no resources.requests with cpu and memory, such as { cpu: 100m, memory: 128Mi }: pods of "web" need them to be counted',
        '  - the values have no number at replicas, the replicas of "web"',
      ].join("\n"),
    );
  });

  test("fails for pods that it does not declare", () => {
    expect(() => build({}, (component) => component.pods("server"))).toThrow(
      'test/my_chart: declares no pods "server": use one of web',
    );
  });
});

describe("values", () => {
  test("GIVEN maps THEN they are merged key by key, and anything else is replaced", () => {
    expect(
      mergeValues({ a: { b: 1, c: 2 }, list: [1, 2], map: { x: 1 } }, { a: { c: null }, list: [3], map: 1, d: {} }),
    ).toEqual({ a: { b: 1, c: null }, list: [3], map: 1, d: {} });
  });

  test("GIVEN a path THEN what is there is found, and nothing where it ends early", () => {
    const values = { server: { resources: { requests: 1 } }, list: [{ a: 1 }] };
    expect(valueAt(values, "server.resources.requests")).toBe(1);
    expect(valueAt(values, "server.limits.requests")).toBeUndefined();
    expect(valueAt(values, "list.0.a")).toBeUndefined();
  });

  test("GIVEN text with Terraform's openings THEN both are escaped", () => {
    expect(toTerraformText("${a} %{b} $c {{ d }}")).toBe("$${a} %%{b} $c {{ d }}");
  });
});

describeWithTerraform("values beside something, by Terraform itself", () => {
  test("GIVEN text with quotes, line ends, backslashes and Terraform's openings THEN Helm gets it as it is", () => {
    const text = '"""It\'s read."""\nre.compile(\'\\d+\\n\') # ${HOME} %{if}\n';
    const built = build((layer) => ({
      overlays: [
        {
          when: new TerraformVariable(layer, "login", { type: "bool", description: "Whether" }),
          values: { file: text, list: ["a \\ b"] },
        },
      ],
    }));
    const folder = temporaryFolder();
    const stack = {
      variable: { login: { type: "bool", default: true } },
      output: { document: { value: valuesOf(built)[1] } },
    };
    fs.writeFileSync(path.join(folder, "main.tf.json"), JSON.stringify(stack));
    expect(runTerraform(folder, "apply", "-auto-approve", "-no-color").status).toBe(0);
    const { output } = runTerraform(folder, "output", "-raw", "document");
    expect(parse(output)).toEqual({ file: text, list: ["a \\ b"] });
  });
});

/** The cluster that `build` has made already. */
function testCluster2(layer: Layer) {
  return layer.node.findChild("cluster") as ReturnType<typeof testCluster>;
}
