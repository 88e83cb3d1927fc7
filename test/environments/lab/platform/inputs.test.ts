import { platformInputs } from "../../../../environments/lab/platform/inputs";
import { SCENARIO_NAMES } from "../../../../environments/lab/catalogue";
import { type LabSettings, SETTINGS } from "../../../../environments/lab/settings";
import { refusal } from "../../../support/inputs";
import { jsonOf, testEnvironment, testLayer } from "../../../support/layers";
import { describeWithTerraform } from "../../../support/terraform";

const build = (more: Partial<LabSettings> = {}) => {
  const layer = testLayer(testEnvironment("lab"), "lab-platform");
  platformInputs(layer, { ...SETTINGS, ...more });
  return jsonOf(layer);
};

const json = build();
const REQUIRED = { argocd_platform_repo_username: "argocd", argocd_platform_repo_password: "token" };

describe("The inputs of lab-platform", () => {
  test("THEN only what Argo CD logs in to git with has no default, and the password is sensitive", () => {
    const variables = json.variable as Record<string, { default?: unknown; sensitive?: boolean }>;
    expect(Object.keys(variables).filter((name) => variables[name]?.default === undefined)).toEqual(
      Object.keys(REQUIRED),
    );
    expect(Object.keys(variables).filter((name) => variables[name]?.sensitive)).toEqual([
      "argocd_platform_repo_password",
    ]);
  });

  test("GIVEN charts that Terraform applies, and NFS THEN nothing of git is asked for, and a server is", () => {
    const names = Object.keys(build({ delivery: "helm", storage: "nfs" }).variable ?? {});
    expect(names).toEqual([
      "scenario",
      "extra_components",
      "dashboard_password_revision",
      "grafana_password_revision",
      "nfs_server",
      "nfs_share",
    ]);
  });
});

describeWithTerraform("The inputs of lab-platform, by Terraform", () => {
  const refused = (values: Readonly<Record<string, unknown>>) => refusal(json, { ...REQUIRED, ...values });

  test.each(SCENARIO_NAMES)(
    "GIVEN the scenario %s by itself THEN it is taken: it has all that it needs",
    (scenario) => {
      expect(refused({ scenario })).toBe("");
    },
  );

  test("GIVEN components beside a scenario, with what they need THEN they are taken, twice too", () => {
    expect(refused({ scenario: "etl-minimal", extra_components: ["trino", "opa", "airflow", "alloy", "loki"] })).toBe(
      "",
    );
  });

  test("fails for a scenario that there is not, and names those there are", () => {
    expect(refused({ scenario: "everything" })).toContain(
      'There is no scenario "everything": scenario takes one of etl-minimal, data-serve, genai, streaming.',
    );
  });

  test("fails for components that there are not, and names them", () => {
    expect(refused({ extra_components: ["minio", "hadoop", "hive"] })).toContain(
      "The lab has no component hadoop, hive: extra_components takes any of loki, alloy, gpu,",
    );
  });

  test("fails for components without what they need, and names both", () => {
    expect(refused({ extra_components: ["flink", "ranger"] })).toContain(
      "Something is missing in extra_components: ranger needs trino, flink needs kafka. Name it too, or take a scenario that has it.",
    );
  });

  test("fails for two that want the one card, also where one is the scenario's", () => {
    const message = "ollama and vllm are both chosen, by the scenario or beside it";
    expect(refused({ extra_components: ["ollama", "vllm", "gpu"] })).toContain(message);
    expect(refused({ scenario: "genai", extra_components: ["vllm", "gpu"] })).toContain(message);
  });

  test.each([
    ["argocd_platform_repo_username", " ", "argocd_platform_repo_username is empty: the repositories are private."],
    ["argocd_platform_repo_password", "", "argocd_platform_repo_password is empty: the repositories are private."],
    ["dashboard_password_revision", 0, "dashboard_password_revision takes a whole number from 1 on"],
    ["grafana_password_revision", 1.5, "grafana_password_revision takes a whole number from 1 on"],
  ])("fails for %s %j", (name, value, message) => {
    expect(refused({ [name]: value })).toContain(message);
  });

  test.each([
    ["nfs_server", "nfs://nas", 'nfs_server takes a name or an IPv4 address such as "192.168.1.20".'],
    ["nfs_share", "srv/nfs", 'nfs_share takes an absolute path such as "/srv/nfs".'],
  ])("fails for %s %j", (name, value, message) => {
    const nfs = build({ storage: "nfs" });
    expect(refusal(nfs, { ...REQUIRED, nfs_server: "nas", [name]: value })).toContain(message);
    expect(refusal(nfs, { ...REQUIRED, nfs_server: "nas" })).toBe("");
  });
});
