import { type ReadmeSection } from "../../../constructs/core/layer";
import { SCENARIOS } from "../catalogue";
import { NAMESPACES, publicName } from "../names";
import { CONTAINERS } from "../network";
import { type LabSettings } from "../settings";
import { AUTHORITY_OUTPUT } from "./gateway";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

/**
 * What the README of the layer lab-platform says besides its generated parts.
 *
 * @param group of GitLab, in which every repository is
 */
export function platformReadme(settings: LabSettings, group: string): readonly ReadmeSection[] {
  const argocd = settings.delivery === "argocd";
  const deployTokens = `http://${publicName(settings, "gitlab")}:${CONTAINERS.gitlab.port}/api/v4/groups/${group}/deploy_tokens`;
  return [
    section(
      "Before the first apply",
      "The cluster of lab-cluster answers, and Vault has the entries of lab-bootstrap. Terraform's token for Vault comes from its file:",
      "",
      "```sh",
      'secrets="$HOME/.config/socle-lab"',
      'export VAULT_TOKEN="$(cat "$secrets/vault_token")"',
      ...(argocd
        ? [
            "export TF_VAR_argocd_platform_repo_username=argocd",
            'export TF_VAR_argocd_platform_repo_password="$(cat "$secrets/gitlab_read_token")"',
          ]
        : []),
      "```",
      ...(argocd
        ? [
            "",
            "The repositories below `cdktf.out/gitops/` are in GitLab (`make lab-publish`): an apply waits until Argo CD has delivered what is in",
            "them, and fails where they are not. `make lab-up` makes `gitlab_read_token`, a deploy token of their group; by hand, once:",
            "",
            "```sh",
            `(umask 0177 && curl --fail --silent --show-error \\`,
            `  --header @<(printf 'PRIVATE-TOKEN: %s' "$(cat "$secrets/gitlab_token")") \\`,
            `  --data 'name=argocd' --data 'username=argocd' --data 'scopes[]=read_repository' \\`,
            `  ${deployTokens} | jq --raw-output .token >"$secrets/gitlab_read_token")`,
            "```",
          ]
        : []),
    ),
    section(
      "Choosing what runs",
      "| `scenario` | components beside the platform |",
      "| --- | --- |",
      ...Object.entries(SCENARIOS).map(([name, components]) => `| \`${name}\` | ${components.join(", ")} |`),
      "",
      "`extra_components` adds single ones:",
      "",
      "```sh",
      `terraform apply -var scenario=data-serve -var 'extra_components=["dagster"]'   # and keep them in terraform.tfvars`,
      "```",
      "",
      `What is chosen together may take ${settings.workstation.memoryMib} MiB with the containers and the cluster itself; a plan that is more fails, and`,
      "names the largest. Later layers read the choice from here, so apply them after it. What is no longer chosen is removed; namespaces,",
      "and with them volumes, stay.",
    ),
    section(
      "Trusting the lab",
      `Every name below \`${settings.domain}\` has a certificate of the lab's own authority. Let this machine trust it:`,
      "",
      "```sh",
      `terraform output -raw ${AUTHORITY_OUTPUT} | sudo tee /usr/local/share/ca-certificates/socle-lab.crt >/dev/null`,
      "sudo update-ca-certificates",
      "```",
      "",
      "Firefox, and a browser under Windows, have stores of their own: import the same file there as an authority for web sites. Remove it",
      "with the lab: its key is in this layer's state, and whoever has that can answer for any name to whom trusts it.",
    ),
    section(
      "Logging in",
      `Pages have names below \`${settings.domain}\`, which the hosts file of this machine leads to 127.0.0.1. Passwords are in the cluster alone:`,
      "the outputs that end with `_password_command` print them.",
      ...(argocd
        ? [
            "",
            `Argo CD makes the first password of its \`admin\` itself. Change it (\`argocd login ${publicName(settings, "argocd")} --grpc-web\`, then`,
            `\`argocd account update-password\`), and delete the Secret \`argocd-initial-admin-secret\` in the namespace ${NAMESPACES.argoCd}. Where Keycloak is`,
            "chosen, members of its group `admins` administer Argo CD and others only look.",
          ]
        : []),
    ),
    section(
      "When Vault was restarted",
      "It has forgotten its auth method, roles and entries. Apply lab-bootstrap, this layer and then the later ones again (`make lab-refresh`):",
      "what reads an entry that was written anew is told to. Until then pods keep the Secrets that they have.",
      "",
      "Vault checks the tokens of ServiceAccounts by the cluster's public key and asks the cluster nothing. A token of an account that is gone",
      "logs in until it ends, ten minutes after it was made.",
    ),
    ...(settings.cni === "cilium"
      ? [
          section(
            "Seeing flows",
            `<https://${publicName(settings, "hubble")}> shows which pods reach which, and what a policy dropped. In a terminal:`,
            "",
            "```sh",
            "kubectl --namespace kube-system exec daemonset/cilium --container cilium-agent -- hubble observe --verdict DROPPED --follow",
            "```",
            "",
            "It shows the flows of one node: name a pod of `kubectl --namespace kube-system get pods --selector k8s-app=cilium --output wide` for",
            "another.",
          ),
        ]
      : []),
    ...(settings.storage === "nfs"
      ? [
          section(
            "Volumes on NFS",
            "The storage class `nfs` makes a folder of `nfs_share` for each volume, and leaves it there when the claim goes. NFS asks nobody who is",
            "there: let the server export the folder to this machine alone. The nodes mount it with the machine's own kernel, which needs the",
            "module `nfs`; the machine reaches the server before the first apply:",
            "",
            "```sh",
            "sudo modprobe nfs && showmount --exports <nfs_server>",
            "```",
          ),
        ]
      : []),
  ];
}
