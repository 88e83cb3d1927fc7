import { TerraformOutput } from "cdktf";
import { parse } from "yaml";
import { ExistingNamespace } from "../../../constructs/cluster/namespace";
import { type ClusterSources } from "../../../environments/viridial-staging/cluster-access";
import { ADDRESSES, VAULT_ENTRIES } from "../../../environments/viridial-staging/names";
import { SETTINGS } from "../../../environments/viridial-staging/settings";
import { viridialVault } from "../../../environments/viridial-staging/vault";
import { connectVault, vaultStore, VAULT_ADDRESS } from "../../../environments/viridial-staging/vault-access";
import { testCluster } from "../../support/cluster";
import { only } from "../../support/construct";
import { jsonOf, testEnvironment, testLayer } from "../../support/layers";

const later = () => {
  const environment = testEnvironment("viridial-staging");
  viridialVault(environment, { settings: SETTINGS } as ClusterSources);
  return testLayer(environment, "viridial-staging-later");
};

describe("a layer after -vault", () => {
  test("GIVEN that it makes something in Vault THEN it knows its authority from the layer -vault, and asks ops for nothing secret", () => {
    const layer = later();
    connectVault(layer);
    const json = jsonOf(layer);
    expect(json.data?.["http"]?.["vault_ready"]?.["ca_cert_pem"]).toBe(
      "${data.terraform_remote_state.viridial_staging_vault.outputs.vault_certificate_authority}",
    );
    expect(Object.keys(json.variable ?? {})).toEqual(["vault_address"]);
    expect(json.provider?.["vault"]).toHaveLength(1);
    expect(layer.readmeSections.map(({ title }) => title)).toEqual(["Reaching Vault"]);
  });

  test("GIVEN a namespace THEN its store reads below viridial/ as its role, and refreshes what was written anew", () => {
    const layer = later();
    const namespace = new ExistingNamespace(testCluster(layer), "viridial-data");
    const secret = vaultStore(layer, namespace).secret("cache", {
      entry: VAULT_ENTRIES.valkey,
      keys: { password: "password" },
    });
    new TerraformOutput(layer, "version", { description: "For this test.", value: secret.version });
    const json = jsonOf(layer);
    const [known, interpolated] = only(json.resource?.["helm_release"])["values"] as string[];
    expect(parse(known ?? "")).toMatchObject({
      manifests: {
        "SecretStore/vault-secrets": {
          spec: {
            provider: {
              vault: {
                server: VAULT_ADDRESS,
                path: "kv",
                auth: {
                  kubernetes: {
                    mountPath: "kubernetes",
                    role: "viridial-data",
                    serviceAccountRef: { name: "vault-secrets", audiences: ["vault"] },
                  },
                },
              },
            },
          },
        },
        "ExternalSecret/cache": { spec: { data: [{ remoteRef: { key: "viridial/valkey", property: "password" } }] } },
      },
    });
    const outputs = "data.terraform_remote_state.viridial_staging_vault.outputs";
    expect(interpolated).toContain(`"caBundle" = base64encode(${outputs}.vault_certificate_authority)`);
    expect(interpolated).toContain(`"socle/revision" = lookup(${outputs}.vault_entry_revisions, "valkey", "1")`);
    expect(json.output?.["version"]).toMatchObject({
      value: `\${lookup(${outputs}.vault_entry_revisions, "valkey", "1")}`,
    });
  });

  test("THEN the server that is active is asked, by a name that its certificate has", () => {
    expect(VAULT_ADDRESS).toBe("https://vault-active.vault:8200");
    expect(ADDRESSES.vault).toEqual({ host: "vault-active.vault", port: 8200 });
  });

  test("fails where there is no layer -vault", () => {
    const layer = testLayer(testEnvironment("viridial-staging"), "viridial-staging-early");
    expect(() => connectVault(layer)).toThrow(
      'viridial-staging-early: reads the layer "viridial-staging-vault", which is not there: make it first',
    );
  });
});
