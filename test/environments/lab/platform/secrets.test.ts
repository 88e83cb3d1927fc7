import { builtPlatform, flowsOfPods } from "../../../support/lab-platform";
import { releaseOf } from "../../../support/helm";

const built = builtPlatform();
const { resource } = built.json;

describe("The secrets of lab-platform", () => {
  test("THEN Vault knows ServiceAccounts by the key that signs their tokens, and has no token of the cluster", () => {
    expect(Object.values(resource?.["vault_jwt_auth_backend"] ?? {})).toEqual([
      {
        path: "kubernetes",
        description: "ServiceAccounts of the lab's cluster, by the signature of their tokens.",
        bound_issuer: "https://kubernetes.default.svc.cluster.local",
        jwt_validation_pubkeys: ["${data.terraform_remote_state.lab_cluster.outputs.service_account_public_key}"],
      },
    ]);
    expect(resource).not.toHaveProperty("vault_kubernetes_auth_backend_config");
  });

  test("THEN each namespace reads the entries that it uses, and no others", () => {
    const policies = Object.values(resource?.["vault_policy"] ?? {}) as unknown as { name: string; policy: string }[];
    expect(
      Object.fromEntries(
        policies.map(({ name, policy }) => [name, [...policy.matchAll(/path "([^"]+)"/g)].map(([, path]) => path)]),
      ),
    ).toEqual({
      argocd: ["kv/data/lab/oidc/argocd"],
      monitoring: ["kv/data/lab/postgresql/monitoring", "kv/data/lab/oidc/grafana"],
    });
  });

  test("THEN external-secrets reaches Vault and the cluster, and Secrets come after both it and the login", () => {
    expect(flowsOfPods(built, "external-secrets/external-secrets")).toEqual([
      "egress 172.30.0.11/32 8200",
      "egress 172.30.0.20/32 6443",
      "egress 172.30.0.21/32 6443",
      "ingress monitoring/prometheus 8080",
    ]);
    expect(resource?.["helm_release"]?.["vault_store_argocd"]?.["depends_on"]).toEqual(
      expect.arrayContaining(["helm_release.external_secrets", "vault_jwt_auth_backend.kubernetes_login"]),
    );
  });

  test("THEN Argo CD reads its client's secret, which has the label that it asks for", () => {
    const release = Object.values(resource?.["helm_release"] ?? {}).find(
      (each) => each["name"] === "vault-secrets" && each["namespace"] === "argocd",
    ) as unknown as { values: string[] };
    expect(release.values.join("\n")).toMatch(/app\.kubernetes\.io\/part-of: argocd/);
    expect(releaseOf(built.json, "argo-cd").known).toMatchObject({ fullnameOverride: "argocd" });
  });
});
