import { type Environment } from "../../constructs/core/environment";
import { type Layer } from "../../constructs/core/layer";
import { type ClusterSources } from "./cluster-access";
import { dataInputs } from "./data-inputs";
import { GENAI_README } from "./genai-readme";
import { addAgents } from "./genai/agents";
import { addModels } from "./genai/models";
import { addTools } from "./genai/mcp-servers";
import { addTraining } from "./genai/training";
import { addVectorStore } from "./genai/vector-store";
import { LaterLayer } from "./later-layer";
import { type LabPlatform } from "./platform";

/** The eighth layer of the lab: language models on the workstation, and what is built on them. */
export function labGenai(environment: Environment, sources: ClusterSources, platform: LabPlatform): Layer {
  const lab = new LaterLayer(
    environment,
    {
      name: "genai",
      description:
        "A language model, a vector store, tools for the model, an agent with users' feedback, and training, as far as they are chosen.",
      readme: GENAI_README,
    },
    sources,
    platform,
  );
  const { gitLogin } = dataInputs(lab.layer);
  const models = addModels(lab);
  const vectors = addVectorStore(lab);
  const tools = addTools(lab, { models, vectors });
  addAgents(lab, { models, tools, gitLogin });
  addTraining(lab, models);
  return lab.layer;
}
