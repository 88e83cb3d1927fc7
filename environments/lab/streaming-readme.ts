import { type ReadmeSection } from "../../constructs/core/layer";

/** What the README of the layer lab-streaming says besides its generated parts. */
export const STREAMING_README: readonly ReadmeSection[] = [
  {
    title: "Orders to try it with",
    body: `The CronJob \`orders-producer\` is suspended: a Job made from it writes 600 orders in about a minute. Flink adds them up by minute and region, to the topic \`revenue\` and to \`s3://data/processed/streaming/revenue\`.

\`\`\`sh
kubectl --namespace kafka create job --from=cronjob/orders-producer orders-1
kubectl --namespace flink get flinkdeployments
\`\`\``,
  },
  {
    title: "A SparkApplication to begin with",
    body: `The ConfigMap \`spark-application\` has one with the ports, the store and the metrics as they have to be.

\`\`\`sh
kubectl --namespace spark get configmap spark-application --output jsonpath='{.data.spark-application\\.yaml}' \\
  | kubectl --namespace spark apply --filename -
\`\`\``,
  },
  {
    title: "What goes with a component",
    body: "Kafka's volume goes when the component is no longer chosen, with its topics and offsets; states of Flink's job stay in the bucket `flink`, and belong to topics that are gone. Applications of Spark that ended stay in the bucket `spark-events`.",
  },
];
