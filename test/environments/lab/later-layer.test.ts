import { LaterLayer } from "../../../environments/lab/later-layer";
import { refusal } from "../../support/inputs";
import { laterLab } from "../../support/lab";
import { describeWithTerraform } from "../../support/terraform";

const { json, layer } = laterLab((environment, sources, platform) => {
  const lab = new LaterLayer(environment, { name: "later", description: "A layer.", readme: [] }, sources, platform);
  const { always, chosen } = lab.namespace("minio", "minio", { quota: { cpuMillis: 100, memoryMib: 256, pods: 5 } });
  const store = lab.vaultStore(always, ["lab/oidc/minio"]);
  const singleSignOn = lab.singleSignOn(store, "minio");
  expect([singleSignOn.issuer, singleSignOn.backchannel, singleSignOn.port]).toEqual([
    "https://keycloak.lab.local/realms/lab",
    "http://keycloak-http.keycloak/realms/lab",
    8080,
  ]);
  lab.restartWith(chosen, [singleSignOn.client]);
  lab.refuse("datadog", "Not here.");
  expect(lab.passwordRevision).toBe(lab.passwordRevision);
  expect(lab.host("airflow")).toBe("airflow.lab.local");
  expect(lab.kubernetesRelease).toMatch(/^1\.\d+\.\d+$/);
  return lab.layer;
});

const CHOSEN = 'contains(data.terraform_remote_state.lab_platform.outputs.component_names, "minio")';

describe("LaterLayer", () => {
  test("THEN it reads what it needs of earlier layers", () => {
    expect(layer.reads.map(({ node }) => node.id).sort()).toEqual([
      "lab-bootstrap",
      "lab-cluster",
      "lab-platform",
      "lab-services",
    ]);
  });

  test("THEN the namespace is always there, and what is in it while its component is chosen", () => {
    expect(json.resource?.["kubernetes_namespace_v1"]?.["minio_namespace"]).not.toHaveProperty("count");
    expect(json.resource?.["kubernetes_job_v1"]?.["minio_secret_restart"]).toMatchObject({
      count: `\${${CHOSEN} ? 1 : 0}`,
    });
  });

  test("fails at plan when a component is chosen that is refused", () => {
    expect(json.resource?.["terraform_data"]?.["datadog_refusal"]).toEqual({
      lifecycle: {
        precondition: [{ condition: `\${!${CHOSEN.replace("minio", "datadog")}}`, error_message: "Not here." }],
      },
    });
  });
});

describeWithTerraform("password_revision", () => {
  test.each([0, 1.5])("fails for %s", (value) => {
    expect(refusal(json, { password_revision: value })).toContain("password_revision");
  });

  test("GIVEN a whole number THEN it is taken", () => {
    expect(refusal(json, { password_revision: 2 })).toBe("");
  });
});
