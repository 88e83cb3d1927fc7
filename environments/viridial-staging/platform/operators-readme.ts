import { type ReadmeSection } from "../../../constructs/core/layer";
import { NAMESPACES } from "../names";
import { type ViridialSettings } from "../settings";
import { VAULT_COMMANDS } from "../vault-access";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/** What the README of the layer -platform says of Vault and the operators. */
export function operatorsReadme(replicas: number, seal: ViridialSettings["vaultSeal"]): ReadmeSection[] {
  const exec = (pod: string, command: string) =>
    `kubectl --namespace ${NAMESPACES.vault} exec --stdin --tty ${pod} -c vault -- ${command}`;
  const others = Array.from({ length: replicas - 1 }, (_, index) => `vault-${index + 1}`);
  const shamir = seal === "shamir";
  const unseal = ["vault-0", ...others].flatMap((pod) => [
    `${exec(pod, "vault operator unseal")}   # three times, a different share each`,
  ]);
  return [
    section(
      "Vault",
      `It starts with nothing in it and sealed, and no apply waits for it. Once, after the first apply:`,
      "",
      "```sh",
      `kubectl --namespace ${NAMESPACES.vault} wait --for=jsonpath='{.status.phase}'=Running pod/vault-0 --timeout=5m`,
      exec(
        "vault-0",
        shamir
          ? "vault operator init -key-shares=5 -key-threshold=3"
          : "vault operator init -recovery-shares=5 -recovery-threshold=3",
      ),
      "```",
      "",
      `It prints five ${shamir ? "shares of the unseal key" : "recovery keys"} and the root token, on your terminal and nowhere else; asked again it says that Vault is initialised, and`,
      "changes nothing. Give each to another person, who keeps it offline and away from the others: three of them together",
      shamir
        ? "open Vault, fewer than three left lose it and all that is in it. No file, chat, state or pipeline ever sees one."
        : "make a new root token. What opens Vault is the key of the other Vault: who deletes that, deletes this one's secrets.",
      ...(shamir ? ["Then unseal it, as after each start (below)."] : []),
      "The root token is for the first apply of the layer viridial-staging-vault, whose README says how to get one for",
      "later and how to revoke it.",
      ...(shamir
        ? [
            "",
            "After each start of a pod (a node that restarts, an upgrade) Vault is sealed until three people have given their share:",
            "",
            "```sh",
            ...unseal,
            "```",
            "",
            'While it is sealed, pods keep the Secrets that they have; nothing is refreshed. With the setting `vaultSeal: "transit"` another',
            "Vault opens it; to change later is a migration: `vault operator unseal -migrate`, with the shares, after the apply.",
          ]
        : ["", "After each start of a pod the other Vault opens it; without that Vault it stays sealed."]),
      ...(others.length > 0
        ? [
            "",
            "The other servers join the first one by themselves once they are unsealed (`vault operator raft list-peers`).",
          ]
        : []),
      "",
      "From the machine of ops:",
      "",
      "```sh",
      ...VAULT_COMMANDS,
      "vault status",
      "```",
    ),
    section(
      "Upgrading Vault",
      "A new pod starts sealed, so Helm replaces none (`OnDelete`). Take a snapshot first (below), apply, then delete the pods one by one,",
      "those that stand by first and the active one last (`kubectl get pods --selector vault-active=true`), and unseal each before the next.",
      "The same holds for any change of its configuration. A renewed certificate is read without a restart.",
    ),
    section(
      "Snapshots of Vault",
      "One a day is uploaded by the layer viridial-staging-data. By hand, with a token that may read `sys/storage/raft/snapshot`:",
      "",
      "```sh",
      "vault operator raft snapshot save vault.snap",
      "vault operator raft snapshot restore vault.snap            # into this Vault: everything since is gone",
      "vault operator raft snapshot restore -force vault.snap     # into a new one, which then takes the old one's shares",
      "```",
      "",
      "For a new cluster: apply the platform, initialise Vault (its new shares and token are void after the restore), restore with `-force`,",
      "unseal with the **old** shares, then apply viridial-staging-vault: it says again how Vault reaches the new cluster's API. A snapshot",
      "is encrypted; without the shares it is worth nothing, so they are part of the backup.",
    ),
    section(
      "Upgrading the operators",
      "CloudNativePG and external-secrets bring their CRDs with their releases. RabbitMQ's are installed once and never upgraded by Helm:",
      "before a newer chart, `helm pull` it and `kubectl apply --server-side --filename <chart>/crds --recursive`. A new CloudNativePG",
      "restarts the databases' pods, one by one, the primary last by a switchover.",
    ),
  ];
}
