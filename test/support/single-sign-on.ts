import { TerraformVariable, Token } from "cdktf";
import { ExistingNamespace } from "../../constructs/cluster/namespace";
import { Pods } from "../../constructs/cluster/network-policy";
import { type Layer } from "../../constructs/core/layer";
import { type VaultStore } from "../../constructs/secrets/vault-store";
import { type SingleSignOn } from "../../constructs/security/single-sign-on";

/** A realm of a Keycloak that is there while the input `keycloak` says so. */
export function testSingleSignOn(layer: Layer, store: VaultStore): SingleSignOn {
  const chosen = new TerraformVariable(layer, "keycloak", { type: "bool", description: "Whether Keycloak is there." });
  return {
    when: { booleanValue: Token.asAny(chosen.booleanValue) },
    issuer: "https://keycloak.test/realms/lab",
    backchannel: "http://keycloak.login/realms/lab",
    pods: new Pods(layer, "keycloak_pods", {
      namespace: new ExistingNamespace(store.namespace.cluster, "login"),
      labels: { app: "keycloak" },
      name: "keycloak",
    }),
    port: 8080,
    client: store.secret("oidc", {
      entry: "oidc",
      keys: { "client-id": "client-id", "client-secret": "client-secret" },
    }),
  };
}

/** An input that is raised to have a password written anew. */
export function testRevision(layer: Layer): TerraformVariable {
  return new TerraformVariable(layer, "password_revision", {
    type: "number",
    description: "Raise it by one for another password.",
    default: 1,
  });
}
