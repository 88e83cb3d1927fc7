import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type Condition, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";

/** Models by their names in Ollama's library, with a tag. */
export interface OllamaModels {
  /** Answers. */
  readonly answers: string;
  /** Makes vectors of texts. */
  readonly embeddings: string;
}

export interface OllamaProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** What it has on a CPU. */
  readonly models: OllamaModels;
  /** While the node has an NVIDIA card that can be asked for: other models. */
  readonly gpu: { readonly when: Condition; readonly models: OllamaModels };
}

const PORT = 11434;

/**
 * Ollama with its models, which it downloads once. It answers as OpenAI's API does, below `/v1`, to whoever reaches it.
 *
 * @see https://docs.ollama.com/api/openai-compatibility
 */
export class Ollama extends Construct {
  readonly pods: Pods;
  readonly port = PORT;
  readonly url: string;
  readonly delivered: ITerraformDependable;

  /** @throws SocleError when a model has no tag: it would be another one tomorrow */
  constructor(scope: Construct, id: string, props: OllamaProps) {
    super(scope, id);
    const { namespace, models, gpu } = props;
    SocleError.throwIfAny(
      this.node.path,
      [models, gpu.models]
        .flatMap(({ answers, embeddings }) => [answers, embeddings])
        .filter((model) => !/^[a-z0-9][\w./-]*:[\w.-]+$/.test(model) || model.endsWith(":latest"))
        .map((model) => `the model "${model}" has no tag of its own: use one such as qwen2.5:1.5b`),
    );
    const name = "ollama";
    const component = new Component(this, "Default", {
      name,
      namespace,
      repository: "https://helm.otwld.com/",
      version: "1.77.0",
      delivery: props.delivery,
      values: { extraEnv: environment(models) },
      overlays: [
        {
          when: gpu.when,
          values: {
            runtimeClassName: "nvidia",
            ollama: { gpu: { enabled: true, type: "nvidia", number: 1 } },
            extraEnv: environment(gpu.models),
          },
        },
      ],
      pods: { server: { labels: { "app.kubernetes.io/name": name }, resources: ["resources"] } },
      // The first time it downloads some gigabytes.
      timeoutSeconds: 1800,
    });
    this.pods = component.pods("server");
    this.delivered = component.delivered;
    this.url = `http://${name}.${namespace.name}:${PORT}/v1`;
    this.pods.allowToInternet("models", { port: 443 });
  }

  /** Lets others ask it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

function environment({ answers, embeddings }: OllamaModels) {
  return Object.entries({
    HOME: "/data",
    OLLAMA_MODELS: "/data/models",
    MODELS: `${answers} ${embeddings}`,
    // One answer at a time, and the memory of the card is free a while after the last one.
    OLLAMA_NUM_PARALLEL: "1",
    OLLAMA_KEEP_ALIVE: "5m",
  }).map(([name, value]) => ({ name, value }));
}
