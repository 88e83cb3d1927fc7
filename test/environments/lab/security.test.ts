import { parse } from "yaml";
import { readProjectFile } from "../../../constructs/core/files";
import { labSecurity } from "../../../environments/lab/security";
import { OIDC_CLIENTS } from "../../../environments/lab/vault-entries";
import { WHY_NO_RANGER } from "../../../environments/lab/security/ranger";
import { flowsOf } from "../../support/cluster";
import { laterLab } from "../../support/lab";

const { environment, layer, json } = laterLab(labSecurity);
const files = new Map(environment.repositories.map(({ name, files }) => [name, files]));
const flows = flowsOf(json);
const configMaps = Object.values(json.resource?.["kubernetes_config_map_v1"] ?? {}) as unknown as {
  metadata: { name: string };
  data: Record<string, string>;
}[];
const dataOf = (name: string) => configMaps.find(({ metadata }) => metadata.name === name)?.data ?? {};

describe("lab-security", () => {
  test("THEN nothing is wrong with it, it opens no port, and asks ops for nothing", () => {
    expect(layer.node.findAll().flatMap((each) => each.node.validate())).toEqual([]);
    expect(layer.openPorts).toEqual([]);
    expect(Object.values(json.variable ?? {}).filter((each) => !("default" in each))).toEqual([]);
  });

  test("THEN Keycloak and the Open Policy Agent come through git; the Vault by Helm, since nobody waits for it", () => {
    const chart = [...(files.get("platform-gitops")?.keys() ?? [])];
    expect(chart.filter((file) => /lab-security\/templates\/.*\.yaml/.test(file)).sort()).toEqual([
      "lab-security/templates/keycloak.yaml",
      "lab-security/templates/opa.yaml",
    ]);
    expect(json.resource?.["helm_release"]?.["vault"]).toMatchObject({ chart: "vault", wait: false });
    expect(parse(files.get("keycloak-helm")?.get("values.yaml") ?? "")).toMatchObject({
      database: { hostname: "postgres.lab.local", port: 5432, database: "keycloak", username: "keycloak" },
    });
  });

  test("THEN the realm has a client for everything that people log in to, each with its own address", () => {
    const plan = dataOf("keycloak-realm");
    const redirects = Object.fromEntries(
      OIDC_CLIENTS.map((client) => [
        client,
        (JSON.parse(plan[`client.${client}.json`] ?? "{}") as { redirectUris: string[] }).redirectUris,
      ]),
    );
    expect(redirects).toEqual({
      argocd: ["https://argocd.lab.local/auth/callback", "http://localhost:8085/auth/callback"],
      grafana: ["https://grafana.lab.local/login/generic_oauth"],
      airflow: ["https://airflow.lab.local/auth/oauth-authorized/keycloak"],
      superset: ["https://superset.lab.local/oauth-authorized/keycloak"],
      minio: ["https://minio.lab.local/oauth_callback"],
    });
  });

  test("THEN Trino's policies are those of the repository, without their tests", () => {
    const names = configMaps.map(({ metadata }) => metadata.name).filter((name) => name.startsWith("policy-"));
    expect(names.sort()).toEqual(["policy-roles", "policy-trino"]);
    expect(dataOf("policy-trino")["trino.rego"]?.replace(/([$%])\1\{/g, "$1{")).toBe(
      readProjectFile("policies/trino/trino.rego"),
    );
  });

  test("THEN Keycloak is reached by Traefik, Grafana, the Job that makes the realm and Prometheus, and reaches its database", () => {
    expect(flows.filter(([, pods]) => pods === "keycloak/keycloakx")).toEqual([
      ["egress", "keycloak/keycloakx", "172.30.0.10/32", "5432"],
      ["ingress", "keycloak/keycloakx", "keycloak/keycloak-realm", "8080"],
      ["ingress", "keycloak/keycloakx", "monitoring/grafana", "8080"],
      ["ingress", "keycloak/keycloakx", "monitoring/prometheus", "9000"],
      ["ingress", "keycloak/keycloakx", "traefik/traefik", "8080"],
    ]);
  });

  test("fails at plan with the reason when Ranger is chosen", () => {
    expect(json.resource?.["terraform_data"]?.["ranger_refusal"]).toEqual({
      lifecycle: {
        precondition: [
          {
            condition: '${!contains(data.terraform_remote_state.lab_platform.outputs.component_names, "ranger")}',
            error_message: WHY_NO_RANGER,
          },
        ],
      },
    });
    expect(WHY_NO_RANGER).toMatch(/^Apache Ranger has no maintained Helm chart/);
  });
});
