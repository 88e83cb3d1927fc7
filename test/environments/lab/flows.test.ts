import lab from "../../../environments/lab";
import { readProjectFile } from "../../../constructs/core/files";
import { flowsDocument, QUARANTINED, reachability, withFlows } from "../../../tools/lab/flows";
import { jsonOf, testApp } from "../../support/layers";

const flows = reachability(lab(testApp()).layers.map(jsonOf));

/** Who reaches the pods of a namespace, from other namespaces: `<pods> -> <pods> <ports>`. */
const into = (namespace: string) =>
  flows
    .filter(({ from, to }) => to.startsWith(`${namespace}/`) && !from.startsWith(`${namespace}/`))
    .map(({ from, to, ports }) => `${from} -> ${to.slice(namespace.length + 1)} ${ports.join(" ")}`);

/** What the pods of a namespace reach, in others and outside. */
const outOf = (namespace: string) =>
  flows
    .filter(({ from, to }) => from.startsWith(`${namespace}/`) && !to.startsWith(`${namespace}/`))
    .map(({ from, to, ports }) => `${from.slice(namespace.length + 1)} -> ${to} ${ports.join(" ")}`);

describe("the quarantine of data and language models, as if every component were chosen", () => {
  test("THEN the object store is reached by those who have a key, Prometheus, and people's way in", () => {
    expect(into("minio")).toEqual([
      "agents/feedback -> minio 9000",
      "airflow/api-server+airflow -> minio 9000",
      "airflow/job -> minio 9000",
      "airflow/worker+airflow -> minio 9000",
      "clickhouse/clickhouse -> minio 9000",
      "dagster/job -> minio 9000",
      "flink/revenue+flink-standalone-kubernetes -> minio 9000",
      "mcp/mcp-query -> minio 9000",
      "mcp/mcp-store -> minio 9000",
      "mlflow/mlflow -> minio 9000",
      "monitoring/prometheus -> minio 9000",
      "openmetadata/openmetadata-results -> minio 9000",
      "spark/launched-by-spark-operator -> minio 9000",
      "spark/spark-history -> minio 9000",
      "traefik/traefik -> minio 9001",
      "training/fine-tuning -> minio 9000",
      "trino/trino -> minio 9000",
    ]);
  });

  test("THEN Trino and MLflow are reached by those who query and track", () => {
    expect(into("trino")).toEqual([
      "airflow/job -> trino 8080",
      "monitoring/prometheus -> trino 8080",
      "openmetadata/automation -> trino 8080",
      "openmetadata/ingestion -> trino 8080",
      "superset/superset -> trino 8080",
      "traefik/traefik -> trino 8080",
      "training/engines-trino -> trino 8080",
    ]);
    expect(into("mlflow")).toEqual([
      "airflow/job -> mlflow 5000",
      "airflow/worker+airflow -> mlflow 5000",
      "dagster/job -> mlflow 5000",
      "monitoring/prometheus -> mlflow 5000",
      "traefik/traefik -> mlflow 5000",
      "training/fine-tuning -> mlflow 5000",
      "training/trm-ask -> mlflow 5000",
      "training/trm-train -> mlflow 5000",
    ]);
  });

  test("THEN Kafka's broker is reached by Flink's job alone, its exporter by Prometheus", () => {
    expect(into("kafka")).toEqual([
      "flink/revenue+flink-standalone-kubernetes -> kafka-kafka 9092",
      "monitoring/prometheus -> kafka-kafka-exporter 9404",
    ]);
  });

  test("THEN models are asked by the agent, the search tool and experiments, and reach but the internet", () => {
    expect(into("llm")).toEqual([
      "agents/agent -> ollama 11434",
      "agents/agent -> vllm 8000",
      "mcp/mcp-search -> ollama 11434",
      "training/trm-ask -> ollama 11434",
      "training/trm-ask -> vllm 8000",
    ]);
    expect(outOf("llm")).toEqual(["ollama -> internet (models) 443", "vllm -> internet (models) 443"]);
  });

  test("THEN the vector store is reached by the search tool alone, and reaches nothing", () => {
    expect(into("vector-store")).toEqual(["mcp/mcp-search -> qdrant 6333"]);
    expect(outOf("vector-store")).toEqual([]);
  });

  test("THEN tools are called by the agent alone, and reach what they read", () => {
    expect(into("mcp")).toEqual([
      "agents/agent -> mcp-query 8080",
      "agents/agent -> mcp-search 8080",
      "agents/agent -> mcp-store 8080",
    ]);
    expect(outOf("mcp")).toEqual([
      "mcp-query -> minio/minio 9000",
      "mcp-search -> llm/ollama 11434",
      "mcp-search -> vector-store/qdrant 6333",
      "mcp-store -> minio/minio 9000",
    ]);
  });

  test("THEN the agent reaches models, tools and its prompts; only feedback reaches the object store", () => {
    expect(outOf("agents")).toEqual([
      "agent -> gitlab 8081",
      "agent -> llm/ollama 11434",
      "agent -> llm/vllm 8000",
      "agent -> mcp/mcp-query 8080",
      "agent -> mcp/mcp-search 8080",
      "agent -> mcp/mcp-store 8080",
      "feedback -> minio/minio 9000",
    ]);
  });

  test("THEN nobody reaches training, whose jobs reach what they learn from and where they tell of it", () => {
    expect(into("training")).toEqual([]);
    expect(outOf("training")).toEqual([
      "engines-trino -> trino/trino 8080",
      "fine-tuning -> internet (models) 443",
      "fine-tuning -> minio/minio 9000",
      "fine-tuning -> mlflow/mlflow 5000",
      "trm-ask -> llm/ollama 11434",
      "trm-ask -> llm/vllm 8000",
      "trm-ask -> mlflow/mlflow 5000",
      "trm-train -> mlflow/mlflow 5000",
    ]);
  });

  test("THEN of all of these only models and fine-tuning reach the internet", () => {
    const reaching = flows.filter(
      ({ from, to }) => to.startsWith("internet") && QUARANTINED.some((namespace) => from.startsWith(`${namespace}/`)),
    );
    expect(reaching.map(({ from }) => from)).toEqual(["llm/ollama", "llm/vllm", "training/fine-tuning"]);
  });
});

test("THEN docs/lab/network-flows.md shows these flows (npx tsx tools/lab/flows-cli.ts writes them)", () => {
  const document = readProjectFile("docs/lab/network-flows.md");

  expect(document).toBe(withFlows(document, flowsDocument(flows, QUARANTINED)));
});
