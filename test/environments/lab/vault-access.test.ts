import { TerraformOutput } from "cdktf";
import { parse } from "yaml";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { type ClusterSources } from "../../../environments/lab/cluster-access";
import { labVaultStore } from "../../../environments/lab/vault-access";
import { databaseEntry } from "../../../environments/lab/vault-entries";
import { testCluster } from "../../support/cluster";
import { only } from "../../support/construct";
import { jsonOf, messageOf, testEnvironment, testLayer } from "../../support/layers";

/** A layer after lab-platform with a store for one entry, and a Secret of that. */
function build(entries: readonly string[] = [databaseEntry("airflow")]) {
  const environment = testEnvironment("lab");
  const [servicesLayer, bootstrapLayer, platformLayer] = ["services", "bootstrap", "platform"].map((name) =>
    testLayer(environment, `lab-${name}`),
  ) as [ReturnType<typeof testLayer>, ReturnType<typeof testLayer>, ReturnType<typeof testLayer>];
  const layer = testLayer(environment, "lab-data");
  const sources = { servicesLayer, bootstrapLayer } as ClusterSources;
  const cluster = testCluster(layer);
  const store = (name: string) =>
    labVaultStore(layer, {
      namespace: new ExistingNamespace(cluster, name),
      sources,
      platform: { layer: platformLayer },
      entries,
    });
  const secret = store("airflow").secret("airflow-database", {
    entry: databaseEntry("airflow"),
    keys: { password: "password" },
  });
  new TerraformOutput(layer, "version", { description: "For this test.", value: secret.version });
  return { layer, platformLayer, store };
}

describe("labVaultStore", () => {
  test("THEN the namespace has a role of its own, which reads these entries and logs in by the token's signature", () => {
    const json = jsonOf(build([databaseEntry("airflow"), "lab/minio/airflow"]).layer);
    expect(only(json.resource?.["vault_policy"])).toEqual({
      name: "airflow",
      policy: [
        'path "kv/data/lab/postgresql/airflow" {\n  capabilities = ["read"]\n}\n',
        'path "kv/data/lab/minio/airflow" {\n  capabilities = ["read"]\n}\n',
      ].join("\n"),
    });
    expect(only(json.resource?.["vault_jwt_auth_backend_role"])).toMatchObject({
      backend: "kubernetes",
      role_name: "airflow",
      bound_subject: "system:serviceaccount:airflow:vault-secrets",
      bound_audiences: ["vault"],
      token_ttl: 600,
    });
  });

  test("THEN Vault is where lab-services says it is, for Terraform and for pods, and the layer asks for no token", () => {
    const json = jsonOf(build().layer);
    const address = "data.terraform_remote_state.lab_services.outputs.vault_address";
    expect(json.provider?.["vault"]).toEqual([{ address: `\${${address}}` }]);
    expect(json.variable).toBeUndefined();
    const [known = "", interpolated = ""] = only(json.resource?.["helm_release"])["values"] as string[];
    expect(parse(known)).toMatchObject({
      manifests: {
        "SecretStore/vault-secrets": {
          spec: { provider: { vault: { path: "kv", auth: { jwt: { path: "kubernetes", role: "airflow" } } } } },
        },
      },
    });
    expect(interpolated).toContain(`"server" = ${address}`);
  });

  test("THEN a Secret is another one whenever its entry was written anew, and one of an entry that is gone is none", () => {
    expect(jsonOf(build().layer).output?.["version"]).toMatchObject({
      value:
        '${lookup(data.terraform_remote_state.lab_bootstrap.outputs.vault_revisions, "lab/postgresql/airflow", "none")}',
    });
  });

  test("THEN the layer comes after lab-platform, which brought what it uses", () => {
    const { layer, platformLayer } = build();
    expect(layer.dependencies).toContain(platformLayer);
  });

  test("GIVEN two namespaces THEN one provider serves both", () => {
    const { layer, store } = build();
    store("mlflow");
    const json = jsonOf(layer);
    expect(json.provider?.["vault"]).toHaveLength(1);
    expect(Object.keys(json.resource?.["vault_policy"] ?? {})).toEqual([
      "vault_role_airflow_policy",
      "vault_role_mlflow_policy",
    ]);
  });

  test("fails for a role that may read nothing, when it is synthesized", async () => {
    const { layer } = build([]);
    expect(
      await messageOf(() => {
        throw new Error(
          layer.node
            .findAll()
            .flatMap(({ node }) => node.validate())
            .join(),
        );
      }),
    ).toContain("may do nothing: grant it something, or leave it out");
  });
});
