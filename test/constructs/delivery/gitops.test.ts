import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type IResolvable, TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { Component, type ComponentProps, helmRelease } from "../../../constructs/cluster/component";
import { ConditionalNamespace, ExistingNamespace, type INamespace } from "../../../constructs/cluster/namespace";
import { readProjectFile } from "../../../constructs/core/files";
import { type Layer, type TerraformJson } from "../../../constructs/core/layer";
import { ComponentSelection } from "../../../constructs/delivery/component-selection";
import { GitOps, type GitOpsOptions } from "../../../constructs/delivery/gitops";
import { GitOpsProject } from "../../../constructs/delivery/gitops-project";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { jsonOf, messageOf, temporaryFolder, testEnvironment, testLayer } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

jest.mock("../../../constructs/core/files");

const SCENARIOS = { small: ["web"], large: ["web", "login"] };

beforeEach(() => {
  jest.mocked(readProjectFile).mockImplementation((file) => {
    if (file.startsWith("constructs/")) {
      return jest
        .requireActual<{ readProjectFile: typeof readProjectFile }>("../../../constructs/core/files")
        .readProjectFile(file);
    }
    if (file === "helm-values/web.yaml") {
      return "resources: { requests: { cpu: 100m, memory: 128Mi } }\ntemplate: '{{ .Values.x }} ${y}'";
    }
    throw new Error(`no ${file}`);
  });
});

interface Case {
  readonly props?: Partial<ComponentProps> | ((layer: Layer, apps: INamespace) => Partial<ComponentProps>);
  readonly options?: GitOpsOptions;
  readonly always?: boolean;
  readonly use?: (gitops: GitOps, selection: ComponentSelection) => void;
}

/** The component `web`, which is there in every scenario and is told of `login` where that is, delivered through git. */
function webIn(layer: Layer, { props = {}, options, always = false, use = () => {} }: Case): Component {
  const cluster = testCluster(layer);
  const argoCd = testNamespace(cluster, "argocd");
  const chosen = new TerraformVariable(layer, "components", { type: "list(string)", description: "Chosen." });
  const scenario = new TerraformVariable(layer, "scenario", { type: "string", description: "Scenario." });
  const selection = new ComponentSelection(["web", "login", "extra"], chosen.listValue);
  const gitops = new GitOps(layer, "gitops", {
    project: new GitOpsProject(layer, "lab", { namespace: argoCd, address: "http://git.test/group", dependsOn: [] }),
    scenarios: SCENARIOS,
    scenario: scenario.stringValue,
    extraComponents: chosen.value as IResolvable,
    kubernetesRelease: "1.36.3",
  });
  const apps = testNamespace(cluster);
  const web = new Component(layer, "web", {
    namespace: always ? apps : new ConditionalNamespace(apps, selection.of("web")),
    repository: "https://charts.test",
    version: "1.2.3",
    pods: { web: { labels: { app: "web" }, resources: ["resources"] } },
    overlays: [{ when: selection.of("login"), values: { login: { enabled: true } } }],
    delivery: gitops.deliver(options),
    ...(typeof props === "function" ? props(layer, apps) : props),
  });
  use(gitops, selection);
  return web;
}

function build(given: Case = {}) {
  const built = synthesizeLayer((layer) => {
    webIn(layer, given);
  });
  return { ...built, repositories: new Map(built.layer.environment.repositories.map((each) => [each.name, each])) };
}

type Built = ReturnType<typeof build>;
const fileOf = ({ repositories }: Built, repository: string, file: string) =>
  repositories.get(repository)?.files.get(file) ?? "";
const releases = (json: TerraformJson) => json.resource?.["helm_release"] ?? {};
const objectsOf = (json: TerraformJson, release: string) =>
  ((releases(json)[release]?.["values"] as string[]) ?? []).map((text) => text);

describe("GitOps", () => {
  test("GIVEN a component THEN there is no release of its chart, and its repository has the values as they are and who reads them", () => {
    const built = build();
    expect(Object.keys(releases(built.json))).toEqual(["lab", "gitops_root"]);
    const repository = built.repositories.get("web-helm");
    expect([...(repository?.files.keys() ?? [])]).toEqual(["values.yaml", "with-login.yaml", "README.md"]);
    expect(parse(fileOf(built, "web-helm", "values.yaml"))).toEqual({
      resources: { requests: { cpu: "100m", memory: "128Mi" } },
      template: "{{ .Values.x }} ${y}",
    });
    expect(parse(fileOf(built, "web-helm", "with-login.yaml"))).toEqual({ login: { enabled: true } });
    expect(fileOf(built, "web-helm", "README.md")).toContain(
      "helm template web web --repo https://charts.test --version 1.2.3",
    );
    expect(repository?.revision).toMatch(/^[0-9a-f]{8}$/);
  });

  test("GIVEN the values of a release by Helm THEN they are those in git", () => {
    const helm = build({ props: { delivery: helmRelease } });
    const [known] = releases(helm.json)["web"]?.["values"] as string[];
    expect((known ?? "").replaceAll("$${", "${")).toBe(fileOf(build(), "web-helm", "values.yaml"));
    expect(helm.repositories.has("web-helm")).toBe(false);
  });

  test("GIVEN another value, overlay, version or chart THEN the revision is another one, and so is the Job that waits for it", () => {
    const revisions = [
      {},
      { values: { a: 1 } },
      { overlays: [] },
      { version: "1.2.4" },
      { chart: "web-next" },
      { repository: "https://charts.test/next" },
    ].map((props) => {
      const built = build({ props });
      const revision = built.repositories.get("web-helm")?.revision ?? "";
      const job = built.json.resource?.["kubernetes_job_v1"]?.["web"] as { metadata: { name: string } };
      expect(job.metadata.name).toBe(`wait-web-${revision}`);
      return revision;
    });
    expect(new Set(revisions).size).toBe(6);
    expect(build().repositories.get("web-helm")?.revision).toBe(revisions[0]);
  });

  test("GIVEN what ops chose THEN the root Application passes it on, after the guardrails of every namespace", () => {
    const { json } = build();
    const root = releases(json)["gitops_root"];
    const [known, interpolated] = objectsOf(json, "gitops_root");
    expect(parse(known ?? "")).toMatchObject({
      manifests: {
        "Application/test": {
          apiVersion: "argoproj.io/v1alpha1",
          metadata: { name: "test", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
          spec: {
            project: "lab",
            source: { repoURL: "http://git.test/group/platform-gitops.git", targetRevision: "main", path: "test" },
            destination: { server: "https://kubernetes.default.svc", namespace: "argocd" },
            // Where nothing of a layer is chosen any more, its last Application goes too.
            syncPolicy: { automated: { prune: true, selfHeal: true, allowEmpty: true } },
          },
        },
      },
    });
    expect(interpolated).toContain('"scenario" = var.scenario');
    expect(interpolated).toContain('"extraComponents" = var.components');
    expect(root?.["depends_on"]).toEqual([
      "kubernetes_network_policy_v1.argocd_default_deny",
      "kubernetes_limit_range_v1.argocd_limits",
      "helm_release.lab",
      "kubernetes_network_policy_v1.apps_default_deny",
      "kubernetes_limit_range_v1.apps_limits",
    ]);
  });

  test("GIVEN a component that is chosen THEN a Job waits, while it is, until its Application is healthy with this revision", () => {
    const built = build({ props: { timeoutSeconds: 900 } });
    const revision = built.repositories.get("web-helm")?.revision ?? "";
    const job = built.json.resource?.["kubernetes_job_v1"]?.["web"] as unknown as {
      count: string;
      depends_on: string[];
      spec: { template: { spec: { init_container: { args: string[] }[]; container: { args: string[] }[] } } };
    };
    expect(job.count).toBe('${contains(var.components, "web") ? 1 : 0}');
    expect(job.depends_on).toEqual([
      "helm_release.gitops_root",
      "kubernetes_role_binding_v1.gitops_binding",
      "kubernetes_network_policy_v1.apps_default_deny",
      "kubernetes_limit_range_v1.apps_limits",
    ]);
    const { init_container: first, container: last } = job.spec.template.spec;
    expect([...first, ...last].map(({ args }) => args[3])).toEqual([
      "--for=create",
      `--for=jsonpath={.status.sync.comparedTo.sources[1].targetRevision}=socle-${revision}`,
      "--for=jsonpath={.status.sync.status}=Synced",
      "--for=jsonpath={.status.health.status}=Healthy",
    ]);
    expect(last[0]?.args).toEqual([
      "wait",
      "application.argoproj.io/web",
      "--namespace=argocd",
      "--for=jsonpath={.status.health.status}=Healthy",
      "--timeout=900s",
    ]);
    expect(flowsOf(built.json)).toContainEqual(["egress", "argocd/test-applications-wait", "10.0.0.0/16", "6443"]);
  });

  test("GIVEN a layer after the one that made the project THEN it takes Argo CD's namespace, and depends on nothing of that one", () => {
    const environment = testEnvironment("lab");
    const first = testLayer(environment, "lab-platform");
    const project = new GitOpsProject(first, "lab", {
      namespace: testNamespace(testCluster(first), "argocd"),
      address: "http://git.test/group",
      dependsOn: [],
    });
    const later = testLayer(environment, "lab-data");
    const cluster = testCluster(later);
    const list = new TerraformVariable(later, "components", { type: "list(string)", description: "Chosen." });
    const gitops = new GitOps(later, "gitops", {
      project,
      namespace: new ExistingNamespace(cluster, "argocd"),
      scenarios: SCENARIOS,
      scenario: "small",
      extraComponents: list.value as IResolvable,
      kubernetesRelease: "1.36.3",
    });
    new Component(later, "web", {
      namespace: testNamespace(cluster),
      repository: "https://charts.test",
      version: "1.2.3",
      pods: { web: { labels: { app: "web" }, resources: ["resources"] } },
      delivery: gitops.deliver(),
    });
    const json = jsonOf(later);
    expect(releases(json)["gitops_root"]).toMatchObject({ name: "lab-data-applications", namespace: "argocd" });
    expect(releases(json)["gitops_root"]?.["depends_on"]).toEqual([
      "kubernetes_network_policy_v1.apps_default_deny",
      "kubernetes_limit_range_v1.apps_limits",
    ]);
    expect(only(json.resource?.["kubernetes_job_v1"])["metadata"]).toMatchObject({ namespace: "argocd" });
    expect(JSON.stringify(json)).not.toContain("helm_release.lab");
    expect(json.data).toBeUndefined();
  });

  test("GIVEN a component that nobody waits for THEN there is no Job", () => {
    expect(build({ props: { wait: false } }).json.resource?.["kubernetes_job_v1"]).toBeUndefined();
  });

  test("GIVEN components THEN the project may use their charts and namespaces, and no others", () => {
    const { json } = build();
    const { spec } = (
      parse(objectsOf(json, "lab")[0] ?? "") as { manifests: Record<string, { spec: Record<string, unknown> }> }
    ).manifests["AppProject/lab"] as { spec: Record<string, unknown> };
    expect(spec["sourceRepos"]).toEqual(["http://git.test/group/*", "https://charts.test"]);
    expect(spec["destinations"]).toEqual(
      ["argocd", "apps"].map((namespace) => ({ server: "https://kubernetes.default.svc", namespace })),
    );
  });

  test("fails for what git cannot see, all problems at once", async () => {
    expect(
      (
        await messageOf(() =>
          build({
            props: (layer, apps) => {
              const input = new TerraformVariable(layer, "on", { type: "bool", description: "On." });
              return {
                namespace: new ConditionalNamespace(apps, input),
                repository: "oci://charts.test",
                secrets: { values: { password: input.stringValue }, revision: 1 },
                preconditions: [{ condition: true, errorMessage: "No." }],
                overlays: [{ when: input, values: {} }],
              };
            },
          }),
        )
      ).split("\n"),
    ).toEqual([
      "test/web: 5 problems",
      '  - "web" is there under a condition that git cannot see: use that of a component, or deliver it by Helm',
      '  - "an overlay of web" is there under a condition that git cannot see: use that of a component, or deliver it by Helm',
      '  - "web" has secret values (password), which git must not have: let the chart read a Kubernetes Secret, or deliver it by Helm',
      '  - "web" comes from oci://charts.test, which Argo CD reads only with a Secret of its own: deliver it by Helm',
      '  - "web" has preconditions, which only a Helm release can check: deliver it by Helm',
    ]);
  });

  test("fails for a value that depends on Terraform, naming its path", () => {
    let problems: string[] = [];
    synthesizeLayer((layer) => {
      const host = new TerraformVariable(layer, "host", { type: "string", description: "Host." }).stringValue;
      problems = webIn(layer, { props: { values: { server: { host, port: 80 } } } }).node.validate();
    });
    expect(problems).toEqual([
      'the value server.host depends on Terraform, which git cannot see: make it known at synth, take it from a Secret, or deliver "web" by Helm',
    ]);
  });

  test("fails for manifests under a name that is taken", async () => {
    const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } };
    expect(await messageOf(() => build({ use: (gitops) => gitops.addManifests("web", [manifest]) }))).toBe(
      'repository platform-gitops: the file "test/templates/web.yaml" is there already: give each once',
    );
  });
});

describeWithProgram("helm", "the Applications, by Helm itself", () => {
  const helm = (built: Built, values: object) => {
    const folder = temporaryFolder();
    for (const [file, text] of built.repositories.get("platform-gitops")?.files ?? []) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text);
    }
    fs.writeFileSync(path.join(folder, "given.yaml"), JSON.stringify(values));
    return spawnSync("helm", ["template", "test", "test", "--values", "given.yaml"], { cwd: folder, encoding: "utf8" });
  };
  const rendered = (built: Built, values: object) => {
    const { stdout, stderr, status } = helm(built, values);
    expect([status, stderr]).toEqual([0, ""]);
    return stdout
      .split(/^---$/m)
      .map(
        (text) => parse(text) as { kind: string; metadata: { name: string; annotations?: object }; spec: Spec } | null,
      )
      .filter((each) => each !== null);
  };
  interface Spec {
    readonly sources: { helm?: { valueFiles: string[] }; targetRevision: string }[];
    readonly ignoreDifferences?: unknown;
  }

  test("GIVEN a scenario without and one with the other component THEN the Application is there, and reads the overlay only beside it", () => {
    const built = build({ options: { wave: 3, ignoreDifferences: [{ kind: "Secret" }] } });
    const revision = built.repositories.get("web-helm")?.revision;
    const [small, ...none] = rendered(built, { scenario: "small" });
    expect(none).toEqual([]);
    expect(small).toEqual({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: {
        name: "web",
        namespace: "argocd",
        annotations: { "argocd.argoproj.io/sync-wave": "3" },
        finalizers: ["resources-finalizer.argocd.argoproj.io"],
      },
      spec: {
        project: "lab",
        sources: [
          {
            repoURL: "https://charts.test",
            chart: "web",
            targetRevision: "1.2.3",
            helm: { releaseName: "web", valueFiles: ["$values/values.yaml"] },
          },
          { repoURL: "http://git.test/group/web-helm.git", targetRevision: `socle-${revision}`, ref: "values" },
        ],
        destination: { server: "https://kubernetes.default.svc", namespace: "apps" },
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          syncOptions: ["ServerSideApply=true", "CreateNamespace=false"],
          retry: { limit: -1, refresh: true, backoff: { duration: "10s", factor: 2, maxDuration: "3m" } },
        },
        ignoreDifferences: [{ kind: "Secret" }],
      },
    });
    const files = (values: object) => rendered(built, values)[0]?.spec.sources[0]?.helm?.valueFiles;
    const both = ["$values/values.yaml", "$values/with-login.yaml"];
    expect(files({ scenario: "large" })).toEqual(both);
    expect(files({ scenario: "small", extraComponents: ["login"] })).toEqual(both);
  });

  test("GIVEN a component that is always there THEN it is, whatever was chosen; objects come beside it, braces and all", () => {
    const manifest = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "dashboard" },
      data: { text: "{{ left }} as it is" },
    };
    const built = build({
      always: true,
      use: (gitops, selection) => {
        gitops.addManifests("dashboard", [manifest], selection.of("extra"));
      },
    });
    const names = (values: object) => rendered(built, values).map(({ metadata }) => metadata.name);
    expect(names({ scenario: "small" })).toEqual(["web"]);
    const all = rendered(built, { scenario: "small", extraComponents: ["extra"] });
    expect(all.find(({ kind }) => kind === "ConfigMap")).toEqual(manifest);
    expect(all).toHaveLength(2);
  });

  test("fails for a scenario that there is not, by name", () => {
    const { status, stderr } = helm(build(), { scenario: "huge" });
    expect(status).not.toBe(0);
    expect(stderr).toContain('there is no scenario "huge"');
  });
});
