import { labGenai } from "../../../environments/lab/genai";
import { GENAI_README } from "../../../environments/lab/genai-readme";
import { labImage } from "../../../environments/lab/images";
import { flowsOf } from "../../support/cluster";
import { laterLab } from "../../support/lab";

const { json, environment } = laterLab(labGenai);
const chosen = (component: string) =>
  `\${contains(data.terraform_remote_state.lab_platform.outputs.component_names, "${component}") ? 1 : 0}`;
const flows = flowsOf(json);
const into = (pods: string) =>
  flows.flatMap(([direction, to, from, ports]) => (direction === "ingress" && to === pods ? [`${from}:${ports}`] : []));
const outOf = (pods: string) =>
  flows.flatMap(([direction, from, to, ports]) => (direction === "egress" && from === pods ? [`${to}:${ports}`] : []));

describe("lab-genai", () => {
  test("THEN Ollama and Qdrant come through git, the rest is ours; each is there while it is chosen", () => {
    expect([...environment.repository("ollama-helm").files.keys()]).toEqual([
      "values.yaml",
      "with-gpu.yaml",
      "README.md",
    ]);
    expect([...environment.repository("qdrant-helm").files.keys()]).toEqual(["values.yaml", "README.md"]);
    const counts = Object.entries(json.resource?.["kubernetes_deployment_v1"] ?? {}).map(([name, { count }]) => [
      name,
      count,
    ]);
    expect(Object.fromEntries(counts)).toEqual({
      vllm: chosen("vllm"),
      mcp_query: chosen("mcp"),
      mcp_store: chosen("mcp"),
      mcp_search: chosen("mcp"),
      agent: chosen("agents"),
      feedback: chosen("agents"),
    });
  });

  test("THEN commands of its README ask over HTTPS with the lab's authority, which no machine trusts by itself", () => {
    const commands = GENAI_README.flatMap(({ body }) => body.split("\n")).filter((line) => line.includes("https://"));
    expect(commands).toHaveLength(2);
    expect(commands.filter((line) => !line.startsWith("curl --cacert /tmp/lab-ca.crt "))).toEqual([]);
  });

  test("THEN the agent reaches the models, the tools, feedback and its prompts, and nothing else", () => {
    expect(outOf("agents/agent")).toEqual([
      "172.30.0.13/32:8081",
      "agents/feedback:8080",
      "llm/ollama:11434",
      "llm/vllm:8000",
      "mcp/mcp-query:8080",
      "mcp/mcp-search:8080",
      "mcp/mcp-store:8080",
    ]);
  });

  test("THEN each tool reaches what it reads, and only the agent reaches the tools", () => {
    expect(outOf("mcp/mcp-query")).toEqual(["minio/minio+minio:9000"]);
    expect(outOf("mcp/mcp-store")).toEqual(["minio/minio+minio:9000"]);
    expect(outOf("mcp/mcp-search")).toEqual(["llm/ollama:11434", "vector-store/qdrant:6333"]);
    for (const server of ["query", "store", "search"]) {
      expect(into(`mcp/mcp-${server}`)).toEqual(["agents/agent:8080"]);
    }
  });

  test("THEN only what downloads models reaches the internet", () => {
    const pods = flows.flatMap(([, from, to]) => (to.startsWith("0.0.0.0/0") ? [from] : []));
    expect(pods).toEqual(["llm/ollama", "llm/vllm", "training/fine-tuning"]);
  });

  test("THEN a model is asked at vLLM where that is chosen, at Ollama otherwise, by the name that it has there", () => {
    const { env } = (
      json.resource?.["kubernetes_deployment_v1"]?.["agent"] as {
        spec: { template: { spec: { container: { env: { name: string; value?: string }[] }[] } } };
      }
    ).spec.template.spec.container[0] as { env: { name: string; value?: string }[] };
    const names = "data.terraform_remote_state.lab_platform.outputs.component_names";
    expect(env.find(({ name }) => name === "LLM_URL")?.value).toBe(
      `\${contains(${names}, "vllm") ? "http://vllm.llm:8000/v1" : "http://ollama.llm:11434/v1"}`,
    );
    expect(env.find(({ name }) => name === "LLM_MODEL")?.value).toBe(
      `\${contains(${names}, "vllm") ? "Qwen/Qwen2.5-3B-Instruct-AWQ" : contains(${names}, "gpu") ? "qwen2.5:7b" : "qwen2.5:1.5b"}`,
    );
  });

  test("THEN training and experiments wait for somebody to start them, which Airflow may", () => {
    const jobs = Object.values(json.resource?.["kubernetes_cron_job_v1"] ?? {}) as {
      metadata: { name: string };
      spec: { suspend: boolean };
    }[];
    expect(jobs.map(({ metadata: { name }, spec: { suspend } }) => [name, suspend])).toEqual([
      ["fine-tuning", true],
      ["trm-train", true],
      ["trm-ask", true],
      ["engines-duckdb", true],
      ["engines-trino", true],
    ]);
    expect(json.resource?.["kubernetes_role_v1"]?.["training_start"]).toMatchObject({
      metadata: { namespace: "training" },
      rule: [
        { resources: ["cronjobs"], verbs: ["get"] },
        { resources: ["jobs", "jobs/status"], verbs: ["create", "get", "list", "watch"] },
      ],
    });
    expect(json.resource?.["kubernetes_role_binding_v1"]?.["training_start_airflow"]).toMatchObject({
      subject: [{ name: "airflow-worker", namespace: "airflow" }],
    });
  });

  test("THEN images are those of this repository, by their tags", () => {
    const text = JSON.stringify(json);
    for (const name of ["agent", "mcp-server", "feedback", "fine-tuning", "trm", "duckdb-dbt"] as const) {
      expect(text).toContain(labImage({ domain: "lab.local" }, name));
    }
  });
});
