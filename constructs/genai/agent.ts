import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type MountedVolume, temporaryVolume } from "../cluster/pod-parts";
import { SingleService } from "../cluster/single-service";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";
import { type KnownSecret } from "../secrets/known-secret";

export interface AgentProps {
  readonly namespace: INamespace;
  /** Image of the agent, with its tag. */
  readonly image: string;
  /** Git repository with the prompts, over HTTP, and a Secret with the keys `username` and `password` of who reads it. */
  readonly prompts: { readonly repository: string; readonly login: KnownSecret };
  /** The one that it uses: a folder and a version, such as `sales-assistant/v1`. */
  readonly prompt: string;
  /** The model that it asks: a URL of an OpenAI-like API and a name. Tokens are fine. */
  readonly model: { readonly url: string; readonly name: string };
  /** MCP servers whose tools it offers to the model. */
  readonly tools: readonly SingleService[];
  readonly resources: ContainerResources;
  readonly route: { readonly host: string; readonly annotations: Readonly<Record<string, string>> };
  /** What has to be there before. @default - the login */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 8080;
const PROMPTS: MountedVolume = {
  name: "prompts",
  mountPath: "/prompts",
  source: { emptyDir: { sizeLimit: "64Mi" } },
};
const GIT_SYNC = { cpuMillis: 10, memoryMib: 32, memoryLimitMib: 128 };

/**
 * An agent: answers questions with a language model, a prompt of a git repository, and tools. A second container keeps the
 * prompts as they are in the repository, so another text needs no restart.
 *
 * @see https://github.com/kubernetes/git-sync
 */
export class Agent extends Construct {
  readonly pods: Pods;

  /** @throws SocleError when the prompt has no version, or there is no tool */
  constructor(scope: Construct, id: string, props: AgentProps) {
    super(scope, id);
    const { namespace, prompts, prompt, model, tools } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(/^[a-z][a-z0-9-]*\/v[1-9]\d*$/.test(prompt)
        ? []
        : [`prompt is "${prompt}": use a folder and a version, such as sales-assistant/v1`]),
      ...(tools.length > 0 ? [] : ["tools is empty: without one it could only guess"]),
    ]);
    const service = new SingleService(this, "Default", {
      namespace,
      name: id.replaceAll("_", "-"),
      image: props.image,
      environment: {
        // Where git-sync has a link to what is current.
        PROMPTS_DIR: `${PROMPTS.mountPath}/current`,
        PROMPT: prompt,
        LLM_URL: model.url,
        LLM_MODEL: model.name,
        MCP_URLS: tools.map(({ name, port, pods }) => `http://${name}.${pods.namespace.name}:${port}/mcp`).join(","),
      },
      volumes: [PROMPTS],
      sidecars: [
        {
          name: "git-sync",
          image: "registry.k8s.io/git-sync/git-sync:v4.4.2",
          environment: {
            GITSYNC_REPO: prompts.repository,
            GITSYNC_REF: "main",
            GITSYNC_ROOT: PROMPTS.mountPath,
            GITSYNC_LINK: "current",
            GITSYNC_PERIOD: "30s",
            // A GitLab that restarts is no reason for a restart.
            GITSYNC_MAX_FAILURES: "-1",
            HOME: PROMPTS.mountPath,
          },
          secretEnvironment: {
            GITSYNC_USERNAME: prompts.login.key("username"),
            GITSYNC_PASSWORD: prompts.login.key("password"),
          },
          resources: GIT_SYNC,
          volumes: [PROMPTS, temporaryVolume("256Mi")],
        },
      ],
      resources: props.resources,
      restartWhenChanged: { "git-login": prompts.login.version },
      port: PORT,
      healthPath: "/healthz",
      route: props.route,
      dependsOn: [prompts.login.resource, ...(props.dependsOn ?? [])],
    });
    this.pods = service.pods;
    for (const tool of tools) {
      tool.allowFrom(service);
    }
  }

  /** Lets others ask it, or lead people to it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
