import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { SCENARIO_NAMES, SCENARIOS } from "../../../../environments/lab/catalogue";
import { repositoriesAddress } from "../../../../environments/lab/platform/gitops";
import { SETTINGS } from "../../../../environments/lab/settings";
import { builtPlatform, flowsOfPods } from "../../../support/lab-platform";
import { releaseOf } from "../../../support/helm";
import { temporaryFolder } from "../../../support/layers";
import { describeWithProgram } from "../../../support/programs";

const built = builtPlatform();

describe("Argo CD of lab-platform", () => {
  test("THEN repositories are in the group of the environment in GitLab, by the name that pods know", () => {
    expect(repositoriesAddress(SETTINGS)).toBe("http://gitlab.lab.local:8081/lab");
    expect(built.json.resource?.["kubernetes_secret_v1"]?.["argocd_repositories"]).toMatchObject({
      metadata: { namespace: "argocd", labels: { "argocd.argoproj.io/secret-type": "repo-creds" } },
      data_wo: {
        type: "git",
        url: "http://gitlab.lab.local:8081/lab",
        username: "${var.argocd_platform_repo_username}",
        password: "${var.argocd_platform_repo_password}",
      },
    });
    expect(releaseOf(built.json, "lab-platform-applications").dependsOn).toEqual(
      expect.arrayContaining(["kubernetes_secret_v1.argocd_repositories", "helm_release.lab"]),
    );
  });

  test("THEN the root Application passes what was chosen, as git cannot see it", () => {
    const [, interpolated] = [
      releaseOf(built.json, "lab-platform-applications").known,
      releaseOf(built.json, "lab-platform-applications").rest[0] ?? "",
    ];
    expect(interpolated).toContain('"scenario" = var.scenario');
    expect(interpolated).toContain('"extraComponents" = var.extra_components');
  });

  test("THEN its certificate is signed by Terraform for its own name, and is there before it", () => {
    expect(built.json.resource?.["tls_cert_request"]?.["lab_ca_argocd_request"]).toMatchObject({
      dns_names: ["argocd.lab.local"],
    });
    expect(built.json.resource?.["kubernetes_secret_v1"]?.["lab_ca_argocd_secret"]).toMatchObject({
      metadata: { name: "argocd-server-tls", namespace: "argocd" },
    });
    expect(releaseOf(built.json, "argo-cd").dependsOn).toEqual(
      expect.arrayContaining(["kubernetes_secret_v1.lab_ca_argocd_secret", "helm_release.vault_store_argocd"]),
    );
  });

  test("THEN git is reached at GitLab's container, and Keycloak by its public name, through Traefik", () => {
    expect(flowsOfPods(built, "argocd/argocd-repo-server")).toEqual([
      expect.stringMatching(/^egress 0\.0\.0\.0\/0 -.* 443$/),
      "egress 172.30.0.13/32 8081",
      "egress argocd/argocd-redis 6379",
      "ingress argocd/argocd-application-controller 8081",
      "ingress argocd/argocd-server 8081",
    ]);
    expect(flowsOfPods(built, "argocd/argocd-server")).toContain("egress traefik/traefik 8443");
    expect(releaseOf(built.json, "argo-cd").rest.at(-1)).toMatch(/^\$\{contains\(local\.components, "keycloak"\) \?/);
  });

  test("GIVEN charts that Terraform applies THEN there is no Argo CD, and nothing in git", () => {
    const byHelm = builtPlatform({ delivery: "helm" });
    const releases = Object.values(byHelm.json.resource?.["helm_release"] ?? {}).map(({ name }) => name);
    expect(releases).toEqual(expect.arrayContaining(["traefik", "kube-prometheus-stack", "loki", "alloy"]));
    expect(releases).not.toContain("argo-cd");
    expect(byHelm.json.output).not.toHaveProperty("argocd_url");
    expect(byHelm.environment.repositories).toEqual([]);
  });
});

describeWithProgram("helm", "The Applications of lab-platform, by Helm itself", () => {
  const folder = temporaryFolder();
  for (const [file, text] of built.environment.repositories.find(({ name }) => name === "platform-gitops")?.files ??
    []) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  const applications = (scenario: string, extra: readonly string[]) =>
    parseAllDocuments(
      execFileSync(
        "helm",
        [
          "template",
          "lab-platform",
          path.join(folder, "lab-platform"),
          `--set=scenario=${scenario}`,
          `--set-json=extraComponents=${JSON.stringify(extra)}`,
        ],
        { encoding: "utf8" },
      ),
    )
      .map((document) => document.toJS() as { kind: string; metadata: { name: string } } | null)
      .filter((each) => each?.kind === "Application")
      .map((each) => each?.metadata.name)
      .sort();

  /** The Applications that Terraform waits for, by the condition of each one's Job. */
  const waitedFor = (chosen: readonly string[]) =>
    (
      Object.values(built.json.resource?.["kubernetes_job_v1"] ?? {}) as unknown as {
        metadata: { name: string };
        count?: string;
      }[]
    )
      .flatMap(({ metadata, count }) => {
        const [, name] = /^wait-(.*)-[0-9a-f]+$/.exec(metadata.name) ?? [];
        const [, component] = /^\$\{contains\(local\.components, "([^"]+)"\) \? 1 : 0\}$/.exec(count ?? "") ?? [];
        return name !== undefined && (count === undefined || chosen.includes(component ?? "")) ? [name] : [];
      })
      .sort();

  test.each(SCENARIO_NAMES)("GIVEN the scenario %s THEN git and Terraform select the same", (scenario) => {
    const always = ["kube-prometheus-stack", "traefik"];
    expect(applications(scenario, [])).toEqual(waitedFor(SCENARIOS[scenario]));
    expect(applications(scenario, [])).toEqual(
      scenario === "genai" ? ["alloy", ...always.slice(0, 1), "loki", ...always.slice(1)] : always,
    );
    const extra = ["gpu", "loki"];
    expect(applications(scenario, extra)).toEqual(waitedFor([...SCENARIOS[scenario], ...extra]));
    expect(applications(scenario, extra)).toContain("nvidia-device-plugin");
  });

  test("THEN what each reads is in a repository of its own, at the tag that is published", () => {
    const text = execFileSync("helm", ["template", "x", path.join(folder, "lab-platform"), "--set=scenario=genai"], {
      encoding: "utf8",
    });
    const sources = [...text.matchAll(/gitlab\.lab\.local:8081\/lab\/([a-z-]+)\.git\n\s+targetRevision: (\S+)/g)];
    expect(sources.map(([, name, revision]) => [name, revision]).sort()).toEqual(
      built.environment.repositories
        .filter(({ name }) => name.endsWith("-helm") && name !== "nvidia-device-plugin-helm")
        .map(({ name, revision }) => [name, `socle-${revision}`])
        .sort(),
    );
    expect(parse(fs.readFileSync(path.join(folder, "lab-platform/values.yaml"), "utf8"))).toMatchObject({
      scenarios: SCENARIOS,
    });
  });
});
