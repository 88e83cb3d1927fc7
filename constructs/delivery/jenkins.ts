import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { stringify } from "yaml";
import { Component, type Delivery } from "../cluster/component";
import { countPods, type INamespace, type PodSecurityException } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { wholeNumberProblems } from "../core/problems";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type KnownSecret } from "../secrets/known-secret";

/** Why the namespace of Jenkins is one where pods may do more. */
export const JENKINS_POD_SECURITY: PodSecurityException = {
  level: "privileged",
  reason:
    "Pipelines say what the pods of their agents may do: images as root, and BuildKit without the runtime's seccomp profile.",
};

/** Keys of the Secret with the administrator. */
export const JENKINS_ADMIN = { user: "jenkins-admin-user", password: "jenkins-admin-password" };

export interface JenkinsProps {
  /** A namespace with {@link JENKINS_POD_SECURITY}. */
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  /** Secret with the keys of {@link JENKINS_ADMIN}. */
  readonly admin: GeneratedSecret;
  /** The repository whose branches are built, by the `Jenkinsfile` in each. */
  readonly pipeline: {
    /** Name of the job, such as `website`. */
    readonly name: string;
    /** Address of the repository, such as `http://git.example.com/website.git`. */
    readonly repository: string;
    /** Id in Jenkins of who reads it. */
    readonly credentialsId: string;
    /** Secret with the keys `username` and `password`. */
    readonly credentials: KnownSecret;
  };
  /** What an agent with all its containers requests; one runs at a time. */
  readonly agent: ContainerResources;
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 8080;

/**
 * Jenkins with its configuration as code and one job, which builds the branches of a repository in pods. Its plugins are
 * downloaded whenever it starts, at the versions that the values name and, for what these need, at the oldest that do.
 *
 * @see https://plugins.jenkins.io/configuration-as-code/
 */
export class Jenkins extends Construct implements Connectable {
  readonly pods: Pods;
  /** Pods of agents. */
  readonly agents: Pods;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when the job's name is none, or what an agent requests is not positive */
  constructor(scope: Construct, id: string, props: JenkinsProps) {
    super(scope, id);
    const { namespace, host, admin, pipeline, agent } = props;
    const { credentials } = pipeline;
    SocleError.throwIfAny(this.node.path, [
      ...(/^[a-z0-9-]+$/.test(pipeline.name)
        ? []
        : [`pipeline.name is "${pipeline.name}": use lower-case letters, digits and "-"`]),
      ...wholeNumberProblems({ "agent.cpuMillis": agent.cpuMillis, "agent.memoryMib": agent.memoryMib }),
    ]);
    const component = new Component(this, "Default", {
      name: "jenkins",
      namespace,
      repository: "https://charts.jenkins.io",
      version: "5.9.53",
      delivery: props.delivery,
      values: {
        controller: {
          admin: {
            existingSecret: admin.secretName,
            userKey: admin.key(JENKINS_ADMIN.user).key,
            passwordKey: admin.key(JENKINS_ADMIN.password).key,
          },
          jenkinsUrl: `https://${host}`,
          ingress: {
            enabled: true,
            ingressClassName: "traefik",
            hostName: host,
            path: "/",
            pathType: "Prefix",
            annotations: HTTPS_ROUTE,
          },
          // Files that configuration as code reads, named <Secret>-<key>.
          additionalExistingSecrets: ["username", "password"].map((key) => ({
            name: credentials.secretName,
            keyName: credentials.key(key).key,
          })),
          JCasC: { configScripts: { credentials: credentialsOf(pipeline), jobs: jobOf(pipeline) } },
        },
      },
      pods: {
        controller: {
          labels: { "app.kubernetes.io/component": "jenkins-controller" },
          resources: ["controller.resources"],
          needsKubernetesApi: true,
        },
      },
      dependsOn: [admin.resource, credentials.resource, ...(props.dependsOn ?? [])],
      // Plugins are downloaded first.
      timeoutSeconds: 1200,
    });
    this.delivered = component.delivered;
    this.pods = component.pods("controller");
    this.agents = new Pods(this, "agents", {
      namespace,
      labels: { "jenkins/jenkins-jenkins-agent": "true" },
      name: "jenkins-agents",
    });
    this.allowFrom(this.agents);
    // Plugins, and what pipelines install.
    for (const pods of [this.pods, this.agents]) {
      pods.allowToInternet("internet", { port: 443 });
    }
    countPods(namespace, {
      name: "jenkins/agent",
      cpuMillis: agent.cpuMillis,
      memoryMib: agent.memoryMib,
      replicas: 1,
    });
  }

  /** Lets others lead people to it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

/** @see https://github.com/jenkinsci/credentials-plugin/blob/master/docs/user.adoc (configuration as code) */
function credentialsOf({ credentialsId, credentials, repository }: JenkinsProps["pipeline"]): string {
  return stringify({
    credentials: {
      system: {
        domainCredentials: [
          {
            credentials: [
              {
                usernamePassword: {
                  scope: "GLOBAL",
                  id: credentialsId,
                  description: `Reads ${repository}`,
                  username: `\${${credentials.secretName}-username}`,
                  password: `\${${credentials.secretName}-password}`,
                },
              },
            ],
          },
        ],
      },
    },
  });
}

/** @see https://jenkinsci.github.io/job-dsl-plugin/#path/multibranchPipelineJob */
function jobOf({ name, repository, credentialsId }: JenkinsProps["pipeline"]): string {
  const script = [
    `multibranchPipelineJob('${name}') {`,
    "  branchSources {",
    "    git {",
    `      id('${name}')`,
    `      remote('${repository}')`,
    `      credentialsId('${credentialsId}')`,
    "    }",
    "  }",
    "  triggers {",
    "    periodicFolderTrigger {",
    "      interval('5m')",
    "    }",
    "  }",
    "  orphanedItemStrategy {",
    "    discardOldItems {",
    "      numToKeep(20)",
    "    }",
    "  }",
    "}",
  ];
  return stringify({ jobs: [{ script: `${script.join("\n")}\n` }] });
}
