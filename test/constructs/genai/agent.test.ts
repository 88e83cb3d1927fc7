import { SingleService } from "../../../constructs/cluster/single-service";
import { Agent, type AgentProps } from "../../../constructs/genai/agent";
import { KnownSecret } from "../../../constructs/secrets/known-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

function build(given: Partial<AgentProps> = {}) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "agents");
    const tool = new SingleService(layer, "mcp_query", {
      namespace: testNamespace(cluster, "mcp"),
      image: "registry.lab.local:5001/lab/mcp-server:1",
      port: 8080,
      healthPath: "/healthz",
      resources: { cpuMillis: 10, memoryMib: 64 },
    });
    new Agent(layer, "agent", {
      namespace,
      image: "registry.lab.local:5001/lab/agent:1",
      prompts: {
        repository: "http://gitlab.lab.local:8081/lab/prompts.git",
        login: new KnownSecret(layer, "git", { namespace, values: { username: "argocd", password: "secret" } }),
      },
      prompt: "sales-assistant/v1",
      model: { url: "http://ollama.llm:11434/v1", name: "qwen2.5:1.5b" },
      tools: [tool],
      resources: { cpuMillis: 20, memoryMib: 96 },
      route: { host: "agent.lab.local", annotations: {} },
      ...given,
    });
  }).json;
}

interface Container {
  readonly name: string;
  readonly env: { name: string; value?: string; value_from?: unknown }[];
  readonly volume_mount: unknown[];
}

describe("Agent", () => {
  const json = build();
  const deployment = json.resource?.["kubernetes_deployment_v1"]?.["agent"] as {
    spec: { template: { spec: { container: Container[] } } };
  };
  const [agent, gitSync] = deployment.spec.template.spec.container as [Container, Container];
  const valueOf = ({ env }: Container, variable: string) => env.find(({ name }) => name === variable)?.value;

  test("THEN it reads the prompt where git-sync keeps the repository", () => {
    expect(gitSync.name).toBe("git-sync");
    expect(valueOf(gitSync, "GITSYNC_REPO")).toBe("http://gitlab.lab.local:8081/lab/prompts.git");
    expect(gitSync.env.filter(({ value_from }) => value_from)).toEqual([
      { name: "GITSYNC_USERNAME", value_from: { secret_key_ref: { key: "username", name: "git" } } },
      { name: "GITSYNC_PASSWORD", value_from: { secret_key_ref: { key: "password", name: "git" } } },
    ]);
    const folder = `${valueOf(gitSync, "GITSYNC_ROOT")}/${valueOf(gitSync, "GITSYNC_LINK")}`;
    expect(valueOf(agent, "PROMPTS_DIR")).toBe(folder);
    for (const { volume_mount } of [agent, gitSync]) {
      expect(volume_mount).toContainEqual({ name: "prompts", mount_path: "/prompts" });
    }
    expect(agent.env.map(({ name }) => name)).not.toContain("GITSYNC_PASSWORD");
  });

  test("THEN it asks the model with the tools that it may reach", () => {
    expect(valueOf(agent, "LLM_URL")).toBe("http://ollama.llm:11434/v1");
    expect(valueOf(agent, "LLM_MODEL")).toBe("qwen2.5:1.5b");
    expect(valueOf(agent, "PROMPT")).toBe("sales-assistant/v1");
    expect(valueOf(agent, "MCP_URLS")).toBe("http://mcp-query.mcp:8080/mcp");
    expect(flowsOf(json)).toContainEqual(["ingress", "mcp/mcp-query", "agents/agent", "8080"]);
  });

  test("fails without a version of the prompt, and without a tool", async () => {
    expect(await messageOf(() => build({ prompt: "sales-assistant", tools: [] }))).toBe(
      [
        "test/agent: 2 problems",
        '  - prompt is "sales-assistant": use a folder and a version, such as sales-assistant/v1',
        "  - tools is empty: without one it could only guess",
      ].join("\n"),
    );
  });
});
