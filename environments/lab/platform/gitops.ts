import { type ITerraformDependable, TerraformOutput } from "cdktf";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { Namespace } from "../../../constructs/cluster/namespace";
import { type Pods } from "../../../constructs/cluster/network-policy";
import { type Layer } from "../../../constructs/core/layer";
import { ARGO_CD_CERTIFICATE, ArgoCd } from "../../../constructs/delivery/argo-cd";
import { GitOpsProject } from "../../../constructs/delivery/gitops-project";
import { type LocalAuthority } from "../../../constructs/gateway/local-authority";
import { type LabDelivery, labDelivery } from "../delivery";
import { GIT_GROUP, NAMESPACES, publicName, REALM } from "../names";
import { allowToContainer, CONTAINERS } from "../network";
import { type LabSelection } from "../selection";
import { type LabSettings } from "../settings";
import { oidcEntry } from "../vault-entries";
import { type PlatformInputs } from "./inputs";
import { type PlatformSecrets } from "./secrets";

export interface GitOpsPartProps {
  readonly cluster: KubernetesCluster;
  readonly settings: LabSettings;
  readonly inputs: PlatformInputs;
  readonly selection: LabSelection;
  readonly authority: LocalAuthority;
  readonly secrets: PlatformSecrets;
  readonly traefik: Pods;
}

export interface GitOpsPart {
  readonly delivery: LabDelivery;
  /** Undefined where Terraform applies charts itself. */
  readonly argoCd: ArgoCd | undefined;
  readonly project: GitOpsProject | undefined;
}

/** Room for its own pods, and for the Jobs by which every layer waits for its Applications. */
const QUOTA = { cpuMillis: 1500, memoryMib: 4096, pods: 100 };

/** Address of the group of GitLab that has every repository of the lab. */
export function repositoriesAddress(settings: LabSettings): string {
  return `http://${publicName(settings, "gitlab")}:${CONTAINERS.gitlab.port}/${GIT_GROUP}`;
}

/** Argo CD with the repositories in GitLab, and the delivery of this layer; without both where Terraform applies charts. */
export function addGitOps(layer: Layer, props: GitOpsPartProps): GitOpsPart {
  const { settings, selection } = props;
  const { repository } = props.inputs;
  if (!repository) {
    return { delivery: labDelivery(layer, settings, selection, undefined), argoCd: undefined, project: undefined };
  }
  const argoCd = addArgoCd(layer, props);
  const address = repositoriesAddress(settings);
  const credentials = argoCd.addCredentials("repositories", {
    address,
    username: repository.username.stringValue,
    password: repository.password.stringValue,
  });
  const project = new GitOpsProject(layer, "lab", {
    namespace: argoCd.namespace,
    address,
    dependsOn: [argoCd.delivered],
  });
  return { delivery: labDelivery(layer, settings, selection, project, [credentials]), argoCd, project };
}

function addArgoCd(
  layer: Layer,
  { cluster, settings, selection, authority, secrets, traefik }: GitOpsPartProps,
): ArgoCd {
  const domainName = publicName(settings, "argocd");
  const namespace = new Namespace(layer, "argocd_namespace", { cluster, name: NAMESPACES.argoCd, quota: QUOTA });
  const certificate = authority.issue("argocd", {
    namespace,
    secretName: ARGO_CD_CERTIFICATE,
    dnsNames: [domainName],
  });
  const client = secrets.store(namespace, [oidcEntry("argocd")]).secret("argocd-oidc", {
    entry: oidcEntry("argocd"),
    keys: { "client-secret": "client-secret" },
    // Argo CD reads no other Secret.
    template: { labels: { "app.kubernetes.io/part-of": "argocd" } },
  });
  const after: readonly ITerraformDependable[] = [certificate, client.delivered];
  const argoCd = new ArgoCd(layer, "argocd", {
    namespace,
    domainName,
    gateway: traefik,
    dependsOn: after,
    singleSignOn: {
      when: selection.components.of("keycloak"),
      issuer: `https://${publicName(settings, "keycloak")}/realms/${REALM}`,
      certificateAuthority: authority.certificate,
      clientId: "argocd",
      clientSecret: client.key("client-secret"),
      adminGroup: "admins",
    },
  });
  allowToContainer(argoCd.repositoryServer, settings, "gitlab");
  // Keycloak, by its public name.
  argoCd.server.allowTo(traefik, { port: 8443 });

  new TerraformOutput(layer, "argocd_url", {
    description: "What is delivered, and whether it is healthy; the user is admin, or yours of Keycloak.",
    value: `https://${domainName}`,
  });
  new TerraformOutput(layer, "argocd_password_command", {
    description: "Prints the first password of Argo CD's admin.",
    value: `kubectl --namespace ${NAMESPACES.argoCd} get secret argocd-initial-admin-secret --output jsonpath='{.data.password}' | base64 --decode`,
  });
  return argoCd;
}
