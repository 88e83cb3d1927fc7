import { type ReadmeSection } from "../../constructs/core/layer";
import { GROUPS, NAMESPACES, REALM } from "./names";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer lab-security says besides its generated parts. */
export const SECURITY_README: readonly ReadmeSection[] = [
  section(
    "Logging in through Keycloak",
    `The realm \`${REALM}\` has a client for Argo CD, Grafana, Airflow, Superset and MinIO, and the groups ${Object.values(
      GROUPS,
    )
      .map((group) => `\`${group}\``)
      .join(", ")}: what somebody`,
    "may do in each goes by the group. Nobody is in the realm at first. To make somebody, with a password that has to be changed at the",
    "first login:",
    "",
    "```sh",
    `keycloak="kubectl --namespace ${NAMESPACES.keycloak} exec --stdin keycloak-0 -- env HOME=/tmp"`,
    `kubectl --namespace ${NAMESPACES.keycloak} get secret keycloak-admin --output jsonpath='{.data.password}' | base64 --decode |`,
    `  $keycloak sh -c 'KC_CLI_PASSWORD="$(cat)" /opt/keycloak/bin/kcadm.sh config credentials --server http://localhost:8080 --realm master --user admin'`,
    `$keycloak /opt/keycloak/bin/kcadm.sh create users -r ${REALM} -s username=ada -s enabled=true -s email=ada@lab.local -s firstName=Ada -s lastName=Lovelace -s 'groups=["${GROUPS.dataEngineers}"]'`,
    `password="$(openssl rand -base64 15)" && echo "$password"`,
    `$keycloak /opt/keycloak/bin/kcadm.sh set-password -r ${REALM} --username ada --temporary --new-password "$password"`,
    "```",
    "",
    "Or do all of it at <https://keycloak.lab.local/admin> as the user `admin`, with the password of the Secret.",
  ),
  section(
    "Policies of Trino",
    "The Open Policy Agent decides by the files of `policies/trino`, which this layer brings as ConfigMaps; another policy takes effect",
    "within seconds, without a restart. What became of each is in an annotation:",
    "",
    "```sh",
    `kubectl --namespace ${NAMESPACES.opa} get configmaps --output jsonpath='{range .items[*]}{.metadata.name}{" "}{.metadata.annotations.openpolicyagent\\.org/kube-mgmt-status}{"\\n"}{end}'`,
    "```",
  ),
  section(
    "The Vault in the cluster",
    "It starts sealed and not initialised, and nothing waits for it. Initialise and unseal it; the two keys are shown this once:",
    "",
    "```sh",
    `kubectl --namespace ${NAMESPACES.vault} exec vault-0 --container vault -- vault operator init -key-shares=1 -key-threshold=1`,
    `kubectl --namespace ${NAMESPACES.vault} exec --stdin --tty vault-0 --container vault -- vault operator unseal`,
    "```",
    "",
    "After each start of its pod it is sealed again.",
  ),
];
