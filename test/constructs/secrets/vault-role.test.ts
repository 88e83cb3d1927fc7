import { policyText, VaultRole, type VaultRoleProps } from "../../../constructs/secrets/vault-role";
import { only, synthesizeLayer } from "../../support/construct";

const build = (use: (role: VaultRole) => void, props: Partial<VaultRoleProps> = {}) =>
  synthesizeLayer((layer) => {
    use(new VaultRole(layer, "my_role", { namespace: "apps", serviceAccount: "vault", tokenSeconds: 600, ...props }));
  });

describe("VaultRole", () => {
  test("GIVEN what it may read THEN a policy has these paths in full, and one ServiceAccount of one namespace logs in with it", () => {
    const { json } = build((role) => {
      role.grantRead("kv", "viridial/valkey", "viridial/meilisearch");
      role.grantDatabaseUser("database", "app");
      role.grant("sys/storage/raft/snapshot", "read", "update");
    });
    expect(only(json.resource?.["vault_policy"])).toEqual({
      name: "my-role",
      policy: [
        'path "kv/data/viridial/valkey" {\n  capabilities = ["read"]\n}\n',
        'path "kv/data/viridial/meilisearch" {\n  capabilities = ["read"]\n}\n',
        'path "database/creds/app" {\n  capabilities = ["read"]\n}\n',
        'path "sys/storage/raft/snapshot" {\n  capabilities = ["read", "update"]\n}\n',
      ].join("\n"),
    });
    expect(only(json.resource?.["vault_kubernetes_auth_backend_role"])).toEqual({
      backend: "kubernetes",
      role_name: "my-role",
      bound_service_account_names: ["vault"],
      bound_service_account_namespaces: ["apps"],
      audience: "vault",
      alias_name_source: "serviceaccount_uid",
      token_policies: ["${vault_policy.my_role_policy.name}"],
      token_ttl: 600,
      token_max_ttl: 600,
    });
  });

  test("GIVEN a login by the token's signature THEN one ServiceAccount's tokens for Vault are taken, and no others", () => {
    const { json } = build((role) => role.grantRead("kv", "a"), { login: "jwt", authMount: "cluster" });
    expect(json.resource?.["vault_kubernetes_auth_backend_role"]).toBeUndefined();
    expect(only(json.resource?.["vault_jwt_auth_backend_role"])).toEqual({
      backend: "cluster",
      role_name: "my-role",
      role_type: "jwt",
      bound_audiences: ["vault"],
      bound_subject: "system:serviceaccount:apps:vault",
      user_claim: "sub",
      token_policies: ["${vault_policy.my_role_policy.name}"],
      token_ttl: 600,
      token_max_ttl: 600,
    });
  });

  test("GIVEN another name and mount THEN both have it", () => {
    const { json } = build((role) => role.grantRead("kv", "a"), { name: "tenant-1", authMount: "cluster" });
    expect(only(json.resource?.["vault_policy"])).toMatchObject({ name: "tenant-1" });
    expect(only(json.resource?.["vault_kubernetes_auth_backend_role"])).toMatchObject({
      backend: "cluster",
      role_name: "tenant-1",
    });
  });

  test("fails for names with wildcards and a login that is good for nothing, all at once", () => {
    expect(() => build(() => {}, { namespace: "*", serviceAccount: "Vault", tokenSeconds: 0 })).toThrow(
      [
        "test/my_role: 3 problems",
        '  - namespace is "*": use lower-case letters, digits, "-" and ".", and no wildcard',
        '  - serviceAccount is "Vault": use lower-case letters, digits, "-" and ".", and no wildcard',
        "  - tokenSeconds is 0: use a whole number from 60 on",
      ].join("\n"),
    );
  });

  test.each([
    [(role: VaultRole) => role.grant('kv/"x', "read"), 'the path "kv/"x" has other characters'],
    [(role: VaultRole) => role.grant("kv/*/x", "read"), 'the path "kv/*/x" has other characters'],
    [(role: VaultRole) => role.grant("kv/x"), 'the path "kv/x" is granted without a capability'],
    [(role: VaultRole) => role.grantRead("kv", "x", "x"), 'the path "kv/data/x" is granted already'],
  ])("fails for a path that cannot be granted (%#)", (use, message) => {
    expect(() => build(use)).toThrow(message);
  });

  test("fails at synth when it was granted nothing", () => {
    let role: VaultRole | undefined;
    build((each) => (role = each));
    expect(role?.node.validate()).toEqual(["may do nothing: grant it something, or leave it out"]);
  });

  test("GIVEN paths THEN their text is a policy of Vault", () => {
    expect(policyText(new Map([["a/*", ["create", "sudo"]]]))).toBe(
      'path "a/*" {\n  capabilities = ["create", "sudo"]\n}\n',
    );
  });
});
