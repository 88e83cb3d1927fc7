import { Vllm, type VllmProps } from "../../../constructs/genai/vllm";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

function build(given: Partial<VllmProps> = {}) {
  return synthesizeLayer((layer) => {
    const vllm = new Vllm(layer, "vllm", {
      namespace: testNamespace(testCluster(layer), "llm"),
      model: "Qwen/Qwen2.5-3B-Instruct-AWQ",
      longestTokens: 8192,
      cardPercent: 60,
      resources: { cpuMillis: 500, memoryMib: 3072 },
      storageGib: 20,
      ...given,
    });
    expect(vllm.url).toBe("http://vllm.llm:8000/v1");
  }).json;
}

describe("Vllm", () => {
  test("THEN it serves one model on a card of its own, whose memory it takes a share of", () => {
    const json = build();
    const { spec } = only(json.resource?.["kubernetes_deployment_v1"]) as {
      spec: { template: { spec: { runtime_class_name: string; container: Record<string, unknown>[] } } };
    };
    expect(spec.template.spec.runtime_class_name).toBe("nvidia");
    expect(spec.template.spec.container[0]).toMatchObject({
      image: "vllm/vllm-openai:v0.11.0",
      args: expect.arrayContaining([
        "--model=Qwen/Qwen2.5-3B-Instruct-AWQ",
        "--max-model-len=8192",
        "--gpu-memory-utilization=0.6",
      ]) as unknown,
      resources: { limits: { "nvidia.com/gpu": "1" } },
      startup_probe: { http_get: { path: "/health" }, failure_threshold: 360 },
    });
    expect(
      flowsOf(json)
        .filter(([, pods]) => pods === "llm/vllm")
        .map(([, , , port]) => port),
    ).toEqual(["443"]);
  });

  test("fails with all problems at once", async () => {
    expect(await messageOf(() => build({ model: "qwen", longestTokens: 12, cardPercent: 100 }))).toBe(
      [
        "test/vllm: 3 problems",
        '  - model is "qwen": use a repository such as Qwen/Qwen2.5-3B',
        "  - longestTokens is 12: use a whole number from 512 on",
        "  - cardPercent is 100: use a whole number from 10 to 95",
      ].join("\n"),
    );
  });
});
