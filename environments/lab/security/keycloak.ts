import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { Keycloak } from "../../../constructs/security/keycloak";
import { type KeycloakClient, KeycloakRealm } from "../../../constructs/security/keycloak-realm";
import { type LaterLayer } from "../later-layer";
import { GROUPS, NAMESPACES, REALM } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { databaseEntry, OIDC_CLIENTS, oidcEntry, type OidcClient } from "../vault-entries";

/** Where Keycloak leads people back to, in each of what they log in to. */
const REDIRECTS: Readonly<Record<OidcClient, Pick<KeycloakClient, "redirectPaths" | "redirectUris">>> = {
  // The second is that of `argocd login --sso`, which listens on this machine.
  argocd: { redirectPaths: ["/auth/callback"], redirectUris: ["http://localhost:8085/auth/callback"] },
  grafana: { redirectPaths: ["/login/generic_oauth"] },
  airflow: { redirectPaths: ["/auth/oauth-authorized/keycloak"] },
  superset: { redirectPaths: ["/oauth-authorized/keycloak"] },
  minio: { redirectPaths: ["/oauth_callback"] },
};

/** Keycloak, with the realm of the lab: its groups, and a client for each that people log in to. */
export function addKeycloak(lab: LaterLayer): void {
  const { layer, settings } = lab;
  const { always, chosen } = lab.namespace("keycloak", NAMESPACES.keycloak, {
    quota: { cpuMillis: 1000, memoryMib: 2560, pods: 10 },
  });
  const store = lab.vaultStore(always, [databaseEntry("keycloak"), ...OIDC_CLIENTS.map(oidcEntry)]);
  const credentials = store.secret("keycloak-database", {
    entry: databaseEntry("keycloak"),
    keys: { password: "password" },
  });
  const admin = new GeneratedSecret(layer, "keycloak_admin", {
    namespace: always,
    generate: { password: { length: 32 } },
    afterRotation:
      "Keycloak gives it to its user `admin` at its very first start; the Job that makes the realm logs in with it. Whoever changes it in Keycloak changes it in the Secret, too.",
  });
  const restart = lab.restartWith(chosen, [credentials]);
  const keycloak = new Keycloak(layer, "keycloak", {
    namespace: chosen,
    delivery: lab.deliver(),
    host: lab.host("keycloak"),
    database: {
      host: lab.host("postgres"),
      port: CONTAINERS.postgres.port,
      name: "keycloak",
      user: "keycloak",
      credentials,
    },
    admin,
    dependsOn: [restart.done],
  });
  keycloak.allowFrom(lab.neighbour("traefik"));
  // Of lab-platform, which is applied before there is a namespace for Keycloak's side.
  keycloak.allowFrom(lab.neighbour("grafana"));
  allowToContainer(keycloak.pods, settings, "postgres");
  new KeycloakRealm(layer, "keycloak_realm", {
    namespace: chosen,
    keycloak,
    realm: REALM,
    displayName: "Lab",
    adminPassword: admin.key("password"),
    groups: Object.values(GROUPS),
    clients: Object.fromEntries(
      OIDC_CLIENTS.map((client) => [
        client,
        {
          host: lab.host(client),
          ...REDIRECTS[client],
          credentials: store.secret(`client-${client}`, {
            entry: oidcEntry(client),
            keys: { "client-id": "client-id", "client-secret": "client-secret" },
          }),
        },
      ]),
    ),
  });
  lab.monitors("keycloak").scrape({ pods: keycloak.pods, ...keycloak.metrics });
}
