import { Fn, Token } from "cdktf";
import { ConditionalNamespace } from "../../../constructs/cluster/namespace";
import { type Connectable } from "../../../constructs/cluster/network-policy";
import { Ollama } from "../../../constructs/genai/ollama";
import { Vllm } from "../../../constructs/genai/vllm";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/** On a CPU: what answers within seconds. */
const CPU_MODELS = { answers: "qwen2.5:1.5b", embeddings: "all-minilm:22m" };

/** On a card with 12 GB. */
const GPU_MODELS = { answers: "qwen2.5:7b", embeddings: "all-minilm:22m" };

/** The language models, for what asks them. */
export interface LabModels {
  /** Who answers: vLLM where it is chosen, Ollama otherwise. Tokens. */
  readonly answers: { readonly url: string; readonly name: string };
  /** Who makes vectors of texts. */
  readonly embeddings: { readonly url: string; readonly name: string };
  /** Lets others ask for answers. */
  allowAnswers(source: Connectable): void;
  /** Lets others ask for vectors. */
  allowEmbeddings(source: Connectable): void;
}

/**
 * Ollama, or vLLM in its place: a plan refuses both, since there is one card. vLLM has one model, which answers; vectors of
 * texts, and so search by meaning, are there with Ollama only.
 */
export function addModels(lab: LaterLayer): LabModels {
  const { layer } = lab;
  const { always, chosen } = lab.namespace("ollama", NAMESPACES.llm, {
    quota: { cpuMillis: 2000, memoryMib: 7168, pods: 4 },
  });
  const gpu = lab.when("gpu");
  const ollama = new Ollama(layer, "ollama", {
    namespace: chosen,
    delivery: lab.deliver({ wave: 1 }),
    models: CPU_MODELS,
    gpu: { when: gpu, models: GPU_MODELS },
  });
  const whenVllm = lab.when("vllm");
  const vllm = new Vllm(layer, "vllm", {
    namespace: new ConditionalNamespace(always, whenVllm),
    model: "Qwen/Qwen2.5-3B-Instruct-AWQ",
    longestTokens: 8192,
    cardPercent: 60,
    resources: { cpuMillis: 500, memoryMib: 3072, memoryLimitMib: 4096 },
    storageGib: 20,
  });
  const either = (ifVllm: string, otherwise: unknown) =>
    Token.asString(Fn.conditional(whenVllm.booleanValue, ifVllm, otherwise));
  return {
    answers: {
      url: either(vllm.url, ollama.url),
      name: either(vllm.model, Fn.conditional(gpu.booleanValue, GPU_MODELS.answers, CPU_MODELS.answers)),
    },
    embeddings: { url: ollama.url, name: CPU_MODELS.embeddings },
    allowAnswers(source) {
      ollama.allowFrom(source);
      vllm.allowFrom(source);
    },
    allowEmbeddings(source) {
      ollama.allowFrom(source);
    },
  };
}
