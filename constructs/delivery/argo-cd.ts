import { Fn, type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Component, type ComponentPods, type Values } from "../cluster/component";
import { type Condition, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type SecretKey } from "../secrets/generated-secret";
import { KnownSecret } from "../secrets/known-secret";

/** How people log in with an account that they have already. */
export interface ArgoCdSingleSignOn {
  /** Whether there is somebody to ask. */
  readonly when: Condition;
  /** Such as `https://keycloak.lab.local/realms/lab`. */
  readonly issuer: string;
  /** PEM of the authority that signed the issuer's certificate. */
  readonly certificateAuthority: string;
  readonly clientId: string;
  /** Its Secret is labelled `app.kubernetes.io/part-of: argocd`: Argo CD reads no other one. */
  readonly clientSecret: SecretKey;
  /** The group, by its name in the claim `groups`, whose members may do everything; others only look. */
  readonly adminGroup: string;
}

export interface ArgoCdProps {
  readonly namespace: INamespace;
  /** Name of its pages, such as `argocd.lab.local`. */
  readonly domainName: string;
  /** What leads to its pages: the ingress controller of the class `traefik`. */
  readonly gateway: Connectable;
  /** The Secret {@link ARGO_CD_CERTIFICATE} with the certificate of that name, and what else has to be there before. */
  readonly dependsOn: readonly ITerraformDependable[];
  /** @default - there is its own user `admin` alone */
  readonly singleSignOn?: ArgoCdSingleSignOn;
}

/** The Secret with the certificate of Argo CD's pages, by the chart. */
export const ARGO_CD_CERTIFICATE = "argocd-server-tls";

/** Where Argo CD reads repositories from. */
export interface RepositoryCredentials {
  /** What the addresses of all these repositories begin with. */
  readonly address: string;
  readonly username: string;
  /** Sensitive; it is in no state but for eight digits of its SHA-256, which tell that it changed. */
  readonly password: string;
}

/** What the server listens on, without TLS. */
const SERVER_PORT = 8080;
const REPOSITORY_SERVER_PORT = 8081;
const REDIS_PORT = 6379;

/**
 * Argo CD: makes the cluster equal to what is in git. Its pages are a plain Ingress, so they are there before the custom
 * resources of any gateway are. The controller may do everything in the cluster: whoever runs in its pods, or pushes to a
 * repository that a project names, is the cluster's administrator.
 */
export class ArgoCd extends Construct {
  /** Reads git and renders charts. */
  readonly repositoryServer: Pods;
  /** Compares and applies; its port `metrics` tells of Applications. */
  readonly controller: Pods;
  /** Pages and API. */
  readonly server: Pods;
  readonly namespace: INamespace;
  /** What needs Argo CD's kinds depends on it. */
  readonly delivered: ITerraformDependable & IDependable;

  constructor(scope: Construct, id: string, props: ArgoCdProps) {
    super(scope, id);
    this.namespace = props.namespace;
    const pods = (name: string, resources: string, needsKubernetesApi: boolean): ComponentPods => ({
      labels: { "app.kubernetes.io/name": `argocd-${name}` },
      resources: [resources],
      needsKubernetesApi,
    });
    const { singleSignOn } = props;
    const component = new Component(this, "Default", {
      name: "argo-cd",
      namespace: props.namespace,
      repository: "https://argoproj.github.io/argo-helm",
      version: "10.1.1",
      values: { global: { domain: props.domainName } },
      overlays: singleSignOn
        ? [{ when: singleSignOn.when, values: singleSignOnValues(props.domainName, singleSignOn) }]
        : [],
      // Names that are nobody else's: policies on the other side of a flow are called after them.
      pods: {
        "argocd-application-controller": pods("application-controller", "controller.resources", true),
        "argocd-repo-server": pods("repo-server", "repoServer.resources", false),
        "argocd-server": pods("server", "server.resources", true),
        "argocd-redis": pods("redis", "redis.resources", false),
        // A hook, which makes the password of Redis.
        "argocd-redis-secret-init": pods("redis-secret-init", "redisSecretInit.resources", true),
      },
      dependsOn: props.dependsOn,
    });
    this.controller = component.pods("argocd-application-controller");
    this.repositoryServer = component.pods("argocd-repo-server");
    this.server = component.pods("argocd-server");
    this.delivered = component.delivered;

    const redis = component.pods("argocd-redis");
    for (const client of [this.controller, this.repositoryServer, this.server]) {
      client.allowTo(redis, { port: REDIS_PORT });
    }
    for (const client of [this.controller, this.server]) {
      client.allowTo(this.repositoryServer, { port: REPOSITORY_SERVER_PORT });
    }
    this.server.allowFrom(props.gateway, { port: SERVER_PORT });
    // Charts come from their own repositories.
    this.repositoryServer.allowToInternet("chart-repositories", { port: 443 });
  }

  /**
   * Lets it read repositories that ask who is there.
   *
   * @returns what depends on that
   */
  addCredentials(id: string, { address, username, password }: RepositoryCredentials): ITerraformDependable {
    return new KnownSecret(this, id, {
      namespace: this.namespace,
      labels: { "argocd.argoproj.io/secret-type": "repo-creds" },
      values: { type: "git", url: address, username, password },
    }).resource;
  }
}

/** @see https://argo-cd.readthedocs.io/en/stable/operator-manual/user-management/keycloak/ */
function singleSignOnValues(domainName: string, { clientSecret, ...issuer }: ArgoCdSingleSignOn): Values {
  return {
    configs: {
      cm: {
        url: `https://${domainName}`,
        "oidc.config": Fn.yamlencode({
          name: "Keycloak",
          issuer: issuer.issuer,
          clientID: issuer.clientId,
          clientSecret: `$${clientSecret.secretName}:${clientSecret.key}`,
          requestedScopes: ["openid", "profile", "email"],
          rootCA: issuer.certificateAuthority,
        }),
      },
      rbac: {
        "policy.csv": `g, ${issuer.adminGroup}, role:admin\n`,
        "policy.default": "role:readonly",
        scopes: "[groups]",
      },
    },
  };
}
