import { type Environment } from "../../constructs/core/environment";
import { type Layer } from "../../constructs/core/layer";
import { type ClusterSources } from "./cluster-access";
import { LaterLayer } from "./later-layer";
import { type LabPlatform } from "./platform";
import { STREAMING_README } from "./streaming-readme";
import { addFlink } from "./streaming/flink";
import { addKafka } from "./streaming/kafka";
import { addSpark } from "./streaming/spark";

/** The last layer of the lab: events as they come, and data in parts. */
export function labStreaming(environment: Environment, sources: ClusterSources, platform: LabPlatform): Layer {
  const lab = new LaterLayer(
    environment,
    {
      name: "streaming",
      description: "Kafka, Spark and Flink, as far as they are chosen.",
      readme: STREAMING_README,
    },
    sources,
    platform,
  );
  const kafka = addKafka(lab);
  addFlink(lab, kafka);
  addSpark(lab);
  return lab.layer;
}
