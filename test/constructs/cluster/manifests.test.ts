import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { parse, parseAllDocuments } from "yaml";
import { type Manifest, Manifests, type ManifestsProps } from "../../../constructs/cluster/manifests";
import { type Layer } from "../../../constructs/core/layer";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const ISSUER: Manifest = {
  apiVersion: "example.com/v1",
  kind: "Issuer",
  metadata: { name: "main" },
  spec: { size: 1 },
};

type More = Partial<Omit<ManifestsProps, "namespace">>;

const build = (more: More | ((layer: Layer) => More) = {}, use: (manifests: Manifests) => void = () => {}) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer));
    const props = typeof more === "function" ? more(layer) : more;
    use(new Manifests(layer, "my_objects", { namespace, manifests: [ISSUER], ...props }));
  });

const releaseOf = (built: ReturnType<typeof build>) => only(built.json.resource?.["helm_release"]);
const valuesOf = (built: ReturnType<typeof build>) => releaseOf(built)["values"] as string[];
const objectsOf = (built: ReturnType<typeof build>) =>
  (parse(valuesOf(built)[0] ?? "") as { manifests: Record<string, Manifest> }).manifests;

describe("Manifests", () => {
  test("GIVEN objects THEN they are one release of the chart that ships with the layer, after the guardrails", () => {
    const built = build();
    expect(releaseOf(built)).toEqual({
      name: "my-objects",
      namespace: "apps",
      chart: "${path.module}/charts/manifests",
      values: [expect.any(String)],
      create_namespace: false,
      atomic: true,
      cleanup_on_fail: true,
      timeout: 600,
      max_history: 5,
      depends_on: ["kubernetes_network_policy_v1.apps_default_deny", "kubernetes_limit_range_v1.apps_limits"],
    });
    expect(objectsOf(built)).toEqual({ "Issuer/main": ISSUER });
    expect([...built.layer.shippedFiles.keys()]).toEqual([
      "charts/manifests/Chart.yaml",
      "charts/manifests/templates/manifests.yaml",
    ]);
  });

  test("GIVEN a second release in the layer THEN both use the one chart", () => {
    const { layer, json } = synthesizeLayer((scope) => {
      const namespace = testNamespace(testCluster(scope));
      new Manifests(scope, "one", { namespace, manifests: [ISSUER] });
      new Manifests(scope, "two", { namespace, manifests: [ISSUER] });
    });
    expect(layer.shippedFiles.size).toBe(2);
    expect(Object.keys(json.resource?.["helm_release"] ?? {})).toEqual(["one", "two"]);
  });

  test("WHEN objects are added later THEN the release has them, and the same name in another namespace is another object", () => {
    const other = { ...ISSUER, metadata: { name: "main", namespace: "other" } };
    const built = build({}, (manifests) => {
      manifests.add(other, { ...ISSUER, kind: "Account" });
      expect(manifests.manifests).toHaveLength(3);
    });
    expect(Object.keys(objectsOf(built))).toEqual(["Issuer/main", "Issuer/other/main", "Account/main"]);
  });

  test("GIVEN what only Terraform knows THEN it is in a document of its own, and text of charts is left as it is", () => {
    const built = build((layer) => {
      const host = new TerraformVariable(layer, "host", { type: "string", description: "Host" }).stringValue;
      return { manifests: [{ ...ISSUER, spec: { host, template: "${name}" } }] };
    });
    expect(valuesOf(built)[0]).toContain("template: $${name}");
    expect(valuesOf(built)[1]).toBe('${yamlencode({"manifests" = {"Issuer/main" = {"spec" = {"host" = var.host}}}})}');
  });

  test("GIVEN an input, an operator, a name and a timeout THEN the release has them", () => {
    const built = build((layer) => ({
      when: new TerraformVariable(layer, "enabled", { type: "bool", description: "Whether" }),
      dependsOn: [new TerraformData(layer, "operator")],
      name: "other",
      timeoutSeconds: 60,
    }));
    expect(releaseOf(built)).toMatchObject({ name: "other", timeout: 60, count: "${var.enabled ? 1 : 0}" });
    expect(releaseOf(built)["depends_on"]).toContain("terraform_data.operator");
  });

  test("GIVEN something that has to be there first, twice, THEN the release waits for it, beside the guardrails", () => {
    let operator: TerraformData | undefined;
    const built = build(
      (layer) => {
        operator = new TerraformData(layer, "operator");
        return {};
      },
      (manifests) => {
        manifests.after(operator as TerraformData);
        manifests.after(operator as TerraformData);
      },
    );
    expect(releaseOf(built)["depends_on"]).toEqual([
      "kubernetes_network_policy_v1.apps_default_deny",
      "kubernetes_limit_range_v1.apps_limits",
      "terraform_data.operator",
    ]);
  });

  test.each(["Default", "my_objects", "a.b", "-a", "a".repeat(54)])("fails for the release name %p", (name) => {
    expect(() => build({ name })).toThrow(
      `test/my_objects: the release name "${name}" is not made of at most 53 lower-case letters, digits and "-", which is what Helm takes: give a name`,
    );
  });

  test("GIVEN a release name of 53 characters THEN it is taken", () => {
    const name = "a".repeat(53);
    expect(releaseOf(build({ name }))["name"]).toBe(name);
  });

  test("fails for an object that is there, a name that only Terraform knows, and a Secret with values, all at once", () => {
    const secret = (name: string, more: object): Manifest => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      ...more,
    });
    expect(() =>
      build((layer) => {
        const name = new TerraformVariable(layer, "name", { type: "string", description: "Name" }).stringValue;
        return {
          manifests: [
            ISSUER,
            ISSUER,
            { ...ISSUER, metadata: { name } },
            secret("a", { stringData: { a: "1" } }),
            secret("b", { data: { a: "MQ==" } }),
          ],
        };
      }),
    ).toThrow(
      [
        "test/my_objects: 4 problems",
        "  - Issuer/main is there already: give each object once",
        "  - a Issuer has a name or namespace that only Terraform knows: name it at synth",
        "  - Secret/a has values, which Helm and the state would keep: use GeneratedSecret or KnownSecret",
        "  - Secret/b has values, which Helm and the state would keep: use GeneratedSecret or KnownSecret",
      ].join("\n"),
    );
  });

  test("GIVEN a Secret that something else fills THEN it is taken", () => {
    const secret: Manifest = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, type: "Opaque" };
    expect(Object.keys(objectsOf(build({ manifests: [secret] })))).toEqual(["Secret/a"]);
  });

  test("fails at synth without an object", () => {
    const problems: string[] = [];
    build({ manifests: [] }, (manifests) => problems.push(...manifests.node.validate()));
    expect(problems).toEqual(["has no manifest: add one, or leave it out"]);
  });
});

describeWithProgram("helm", "the chart that ships with the layer", () => {
  test("GIVEN objects with templates, numbers and switches in them WHEN Helm renders THEN they come out as they went in", () => {
    const rule: Manifest = {
      apiVersion: "example.com/v1",
      kind: "Rule",
      metadata: { name: "rule", namespace: "other" },
      spec: { text: '{{ $labels.pod }} has "${x}"', size: 1048576, share: 0.5, word: "off", none: null, list: [] },
    };
    const built = build({ manifests: [ISSUER, rule] });
    const folder = temporaryFolder();
    for (const [file, text] of built.layer.shippedFiles) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text);
    }
    // What Terraform makes of the text.
    fs.writeFileSync(path.join(folder, "values.yaml"), (valuesOf(built)[0] ?? "").replaceAll("$${", "${"));

    const rendered = execFileSync("helm", ["template", "--values", "values.yaml", "objects", "charts/manifests"], {
      cwd: folder,
      encoding: "utf8",
    });

    const objects = parseAllDocuments(rendered).map((document) => document.toJS() as unknown);
    expect(objects).toHaveLength(2);
    expect(objects).toEqual(expect.arrayContaining([ISSUER, rule]));
  });
});
