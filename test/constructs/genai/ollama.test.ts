import { Fn, Token } from "cdktf";
import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Ollama, type OllamaProps } from "../../../constructs/genai/ollama";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

function build(given: Partial<OllamaProps> = {}) {
  return synthesizeLayer((layer) => {
    const ollama = new Ollama(layer, "ollama", {
      namespace: testNamespace(testCluster(layer), "llm"),
      delivery: helmRelease,
      models: { answers: "qwen2.5:1.5b", embeddings: "all-minilm:22m" },
      gpu: {
        when: { booleanValue: Token.asAny(Fn.contains(["gpu"], "gpu")) },
        models: { answers: "qwen2.5:7b", embeddings: "all-minilm:22m" },
      },
      ...given,
    });
    expect(ollama.url).toBe("http://ollama.llm:11434/v1");
  }).json;
}

describe("Ollama", () => {
  const json = build();
  const release = only(json.resource?.["helm_release"]) as { version: string; values: string[] };
  const values = parse(release.values[0] ?? "") as Record<string, unknown> & {
    extraEnv: { name: string; value: string }[];
  };

  test("THEN it downloads what it lacks once, as a user that is not root, and keeps it", () => {
    expect(release.version).toBe("1.77.0");
    expect(values.extraEnv).toContainEqual({ name: "MODELS", value: "qwen2.5:1.5b all-minilm:22m" });
    expect(values.extraEnv).toContainEqual({ name: "OLLAMA_MODELS", value: "/data/models" });
    expect(values).toMatchObject({
      ollama: { mountPath: "/data" },
      podSecurityContext: { runAsNonRoot: true, runAsUser: 10001 },
      securityContext: { readOnlyRootFilesystem: true },
      persistentVolume: { enabled: true, annotations: { "helm.sh/resource-policy": "keep" } },
    });
    const { lifecycle } = values as unknown as { lifecycle: { postStart: { exec: { command: string[] } } } };
    expect(lifecycle.postStart.exec.command.at(-1)).toContain(
      'ollama show "$model" > /dev/null 2>&1 || ollama pull "$model"',
    );
  });

  test("THEN beside a card it has larger models, and asks for the card", () => {
    expect(release.values[1]).toMatch(/^\$\{contains\(\["gpu"\], "gpu"\) \? "/);
    for (const part of ["runtimeClassName: nvidia\\n", "enabled: true\\n", "value: qwen2.5:7b all-minilm:22m\\n"]) {
      expect(release.values[1]).toContain(part);
    }
  });

  test("THEN it reaches the internet on one port, and nothing else", () => {
    expect(flowsOf(json).filter(([direction, pods]) => direction === "egress" && pods === "llm/ollama")).toEqual([
      [
        "egress",
        "llm/ollama",
        "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16",
        "443",
      ],
    ]);
  });

  test("fails with models that would be others tomorrow", async () => {
    expect(await messageOf(() => build({ models: { answers: "qwen2.5", embeddings: "all-minilm:latest" } }))).toBe(
      [
        "test/ollama: 2 problems",
        '  - the model "qwen2.5" has no tag of its own: use one such as qwen2.5:1.5b',
        '  - the model "all-minilm:latest" has no tag of its own: use one such as qwen2.5:1.5b',
      ].join("\n"),
    );
  });
});
