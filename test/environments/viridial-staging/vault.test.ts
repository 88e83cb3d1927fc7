import { type TerraformJson } from "../../../constructs/core/layer";
import { secretsAreReferences } from "../../../constructs/policy/policies";
import { NAMESPACES, VAULT_ENTRIES } from "../../../environments/viridial-staging/names";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../environments/viridial-staging/settings";
import { vaultAccess, viridialVault } from "../../../environments/viridial-staging/vault";
import { TERRAFORM_POLICY } from "../../../environments/viridial-staging/vault-readme";
import { type ClusterSources } from "../../../environments/viridial-staging/cluster-access";
import { jsonOf, testEnvironment } from "../../support/layers";

const build = (settings: ViridialSettings = SETTINGS) => {
  // It reads nothing of the cluster: only the settings count.
  const layer = viridialVault(testEnvironment("viridial-staging"), { settings } as ClusterSources);
  return { layer, json: jsonOf(layer) };
};

const { layer, json } = build();

const blocks = (type: string, from: TerraformJson = json) => Object.values(from.resource?.[type] ?? {});

/** What a policy allows, by path. */
const policy = (name: string, from: TerraformJson = json) => {
  const text = blocks("vault_policy", from).find((block) => block["name"] === name)?.["policy"] as string;
  return Object.fromEntries(
    [...text.matchAll(/path "([^"]+)" \{\n {2}capabilities = \[([^\]]*)\]\n\}/g)].map(([, path, list]) => [path, list]),
  );
};

describe("viridial-staging-vault", () => {
  test("GIVEN Vault THEN nothing is asked of it before it says that it is ready, in a sentence where it is not", () => {
    expect(json.data?.["http"]?.["vault_ready"]).toMatchObject({
      url: "${var.vault_address}/v1/sys/health?standbyok=true&perfstandbyok=true",
      ca_cert_pem: "${var.vault_ca_certificate}",
      lifecycle: {
        postcondition: [
          {
            condition: "${self.status_code == 200}",
            error_message: expect.stringContaining('self.status_code == 503 ? "is sealed"') as string,
          },
        ],
      },
    });
    expect(json.provider?.["vault"]).toEqual([
      { address: '${trimsuffix(data.http.vault_ready.url, "/v1/sys/health?standbyok=true&perfstandbyok=true")}' },
    ]);
  });

  test("THEN engines that hold data are kept, and the audit log goes to the pod's output", () => {
    expect(blocks("vault_mount")).toEqual([
      expect.objectContaining({
        path: "kv",
        type: "kv",
        options: { version: "2" },
        lifecycle: { prevent_destroy: true },
      }),
      expect.objectContaining({
        path: "database",
        type: "database",
        max_lease_ttl_seconds: 604800,
        lifecycle: { prevent_destroy: true },
      }),
    ]);
    expect(blocks("vault_audit")).toEqual([{ type: "file", path: "stdout", options: { file_path: "stdout" } }]);
  });

  test("THEN every entry is written once a revision, write-only, with strings that are generated or given by ops", () => {
    const entries = blocks("vault_kv_secret_v2");
    expect(entries.map((entry) => entry["name"])).toEqual(
      Object.values(VAULT_ENTRIES).map((entry) => `viridial/${entry}`),
    );
    for (const entry of entries) {
      const name = (entry["name"] as string).replace("viridial/", "");
      expect(entry).toMatchObject({
        mount: "${vault_mount.kv.path}",
        data_json_wo_version: `\${lookup(var.secret_revisions, "${name}", 1)}`,
        data_json_wo: expect.stringMatching(/^\$\{jsonencode\(\{.*(ephemeral\.random_password|var\.backup_)/) as string,
      });
      expect(Object.keys(entry).sort()).toEqual(["data_json_wo", "data_json_wo_version", "mount", "name"]);
    }
    expect(secretsAreReferences(layer, json)).toEqual([]);
    expect(layer.stateSecrets).toEqual([]);
  });

  test("THEN pods log in by ServiceAccounts of the cluster, whose tokens Vault's own account has reviewed", () => {
    expect(blocks("vault_kubernetes_auth_backend_config")).toEqual([
      {
        backend: "${vault_auth_backend.kubernetes.path}",
        kubernetes_host: "https://kubernetes.default.svc",
        disable_local_ca_jwt: false,
        disable_iss_validation: true,
      },
    ]);
    const roles = blocks("vault_kubernetes_auth_backend_role").map((role) => [
      role["role_name"],
      role["bound_service_account_namespaces"],
      role["bound_service_account_names"],
      role["token_ttl"],
    ]);
    expect(roles).toEqual([
      ["viridial-data", ["viridial-data"], ["vault-secrets"], 600],
      ["viridial-staging", ["viridial-staging"], ["vault-secrets"], 604800],
      ["kong", ["kong"], ["vault-secrets"], 600],
      ["viridial-monitoring", ["viridial-monitoring"], ["vault-secrets"], 600],
      ["velero", ["velero"], ["vault-secrets"], 600],
      ["vault", ["vault"], ["vault-secrets"], 600],
      ["vault-snapshot", ["vault"], ["vault-snapshot"], 600],
    ]);
  });

  test.each([
    ["kong", ["kv/data/viridial/valkey"]],
    ["velero", ["kv/data/viridial/backups", "kv/data/viridial/velero"]],
    ["vault", ["kv/data/viridial/backups"]],
    ["viridial-monitoring", ["kv/data/viridial/valkey"]],
    ["vault-snapshot", ["sys/storage/raft/snapshot"]],
    [
      "viridial-staging",
      [
        "kv/data/viridial/rabbitmq/identity",
        "kv/data/viridial/rabbitmq/property",
        "kv/data/viridial/rabbitmq/search",
        "kv/data/viridial/valkey",
        "kv/data/viridial/meilisearch",
        "kv/data/viridial/object-store/property",
        "database/creds/app",
        "database/creds/readonly",
      ],
    ],
  ])("GIVEN the role %s THEN it may read its own and nothing else", (name, paths) => {
    expect(policy(name)).toEqual(Object.fromEntries(paths.map((path) => [path, '"read"'])));
  });

  test("GIVEN production THEN its services may read, and those of staging may not", () => {
    const { json: production } = build(PRODUCTION);
    const names = blocks("vault_policy", production).map((block) => block["name"]);
    expect(names).toContain(NAMESPACES.production);
    expect(names).not.toContain(NAMESPACES.staging);
    expect(policy(NAMESPACES.production, production)).toEqual(policy(NAMESPACES.staging));
    expect(Object.keys(vaultAccess("production"))).toContain(NAMESPACES.production);
  });

  test("THEN Terraform's own policy can remove no engine, and read no other entries", () => {
    expect(policy("terraform")).toEqual(
      Object.fromEntries(
        Object.entries(TERRAFORM_POLICY).map(([path, list]) => [path, list.map((each) => `"${each}"`).join(", ")]),
      ),
    );
    for (const mount of ["sys/mounts/kv", "sys/mounts/database"]) {
      expect(TERRAFORM_POLICY[mount]).toEqual(["create", "read", "update"]);
    }
    const wide = Object.keys(TERRAFORM_POLICY).filter((path) => path.endsWith("*"));
    expect(wide).toEqual([
      "auth/kubernetes/*",
      "sys/policies/acl/*",
      "sys/audit/*",
      "kv/data/viridial/*",
      "kv/metadata/viridial/*",
      "database/config/*",
      "database/roles/*",
    ]);
  });

  test("THEN later layers get Vault's authority and how often each entry was written", () => {
    expect(json.output).toMatchObject({
      vault_certificate_authority: { value: "${var.vault_ca_certificate}" },
      vault_entry_revisions: {
        value: expect.stringContaining("entry => tostring(lookup(var.secret_revisions, entry, 1))") as string,
      },
    });
  });

  test("THEN the README says how Vault is reached, how Terraform gets its token, and what follows a rotation", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual([
      "The first apply",
      "Rotating an entry",
      "Who may read what",
      "Reaching Vault",
    ]);
  });
});
