import { Construct } from "constructs";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SingleService } from "../cluster/single-service";
import { type ContainerResources } from "../cluster/workload";
import { SocleError } from "../core/error";

export interface VllmProps {
  readonly namespace: INamespace;
  /** Repository of the model at Hugging Face, such as `Qwen/Qwen2.5-3B-Instruct-AWQ`: open to everybody, without a token. */
  readonly model: string;
  /** Tokens that question and answer may have together. */
  readonly longestTokens: number;
  /** Share of the card's memory that it takes, in percent: all at once, when it starts. */
  readonly cardPercent: number;
  readonly resources: ContainerResources;
  /** Size of the volume with the model, in GiB. */
  readonly storageGib: number;
}

const PORT = 8000;

/**
 * vLLM with one model on the node's NVIDIA card. One pod: for one card, the chart of its production stack (a router, and
 * images without a version) has nothing to add.
 *
 * @see https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html
 */
export class Vllm extends Construct {
  readonly pods: Pods;
  readonly port = PORT;
  readonly url: string;
  readonly model: string;

  /** @throws SocleError when the share or the tokens are out of range, or the model is no repository */
  constructor(scope: Construct, id: string, props: VllmProps) {
    super(scope, id);
    const { namespace, model, longestTokens, cardPercent } = props;
    SocleError.throwIfAny(this.node.path, [
      ...(/^[\w.-]+\/[\w.-]+$/.test(model) ? [] : [`model is "${model}": use a repository such as Qwen/Qwen2.5-3B`]),
      ...(Number.isInteger(longestTokens) && longestTokens >= 512
        ? []
        : [`longestTokens is ${longestTokens}: use a whole number from 512 on`]),
      ...(Number.isInteger(cardPercent) && cardPercent >= 10 && cardPercent <= 95
        ? []
        : [`cardPercent is ${cardPercent}: use a whole number from 10 to 95`]),
    ]);
    this.model = model;
    const service = new SingleService(this, "Default", {
      namespace,
      name: "vllm",
      image: "vllm/vllm-openai:v0.11.0",
      args: [
        `--model=${model}`,
        `--max-model-len=${longestTokens}`,
        `--gpu-memory-utilization=${cardPercent / 100}`,
        "--max-num-seqs=4",
        // Tools are called as the Qwen models do.
        "--enable-auto-tool-choice",
        "--tool-call-parser=hermes",
        `--port=${PORT}`,
      ],
      environment: {
        HOME: "/data",
        HF_HOME: "/data/models",
        // Without a name of the user in the image, some caches know no folder.
        USER: "vllm",
        TORCHINDUCTOR_CACHE_DIR: "/data/compiled",
        VLLM_NO_USAGE_STATS: "1",
      },
      resources: props.resources,
      temporarySize: "2Gi",
      kept: { mountPath: "/data", sizeGib: props.storageGib },
      gpu: "own",
      port: PORT,
      healthPath: "/health",
      // The first time it downloads some gigabytes, and compiles.
      startSeconds: 1800,
    });
    this.pods = service.pods;
    this.url = `http://vllm.${namespace.name}:${PORT}/v1`;
    this.pods.allowToInternet("models", { port: 443 });
  }

  /** Lets others ask it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}
