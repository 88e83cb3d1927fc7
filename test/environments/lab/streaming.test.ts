import { parse } from "yaml";
import { type TerraformJson } from "../../../constructs/core/layer";
import { readProjectFile } from "../../../constructs/core/files";
import { SPARK_CONFIGURATION } from "../../../constructs/data-platform/spark";
import { ADDRESSES, BUCKETS, TOPICS } from "../../../environments/lab/names";
import { labStreaming } from "../../../environments/lab/streaming";
import { FLINK_PREFIX } from "../../../environments/lab/streaming/kafka";
import { labImage } from "../../../environments/lab/images";
import { flowsOf } from "../../support/cluster";
import { laterLab } from "../../support/lab";

const { json, environment } = laterLab(labStreaming);
const chosen = (component: string) =>
  `\${contains(data.terraform_remote_state.lab_platform.outputs.component_names, "${component}") ? 1 : 0}`;
const countsOf = (from: TerraformJson, type: string) =>
  Object.fromEntries(
    Object.entries(from.resource?.[type] ?? {}).map(([name, { count }]) => [name, count as string | undefined]),
  );

describe("lab-streaming", () => {
  test("THEN Kafka and Flink are there by Helm, Spark's operator through git, each while it is chosen", () => {
    expect(countsOf(json, "helm_release")).toMatchObject({
      kafka_operator: chosen("kafka"),
      kafka_cluster: chosen("kafka"),
      flink_operator: chosen("flink"),
      flink_job: chosen("flink"),
      kafka_monitors: chosen("kafka"),
      flink_monitors: chosen("flink"),
      spark_monitors: chosen("spark"),
    });
    expect(countsOf(json, "helm_release")).not.toHaveProperty("spark_operator");
    expect([...environment.repository("spark-operator-helm").files.keys()]).toContain("values.yaml");
    expect(countsOf(json, "kubernetes_deployment_v1")).toEqual({ spark_history: chosen("spark") });
    expect(countsOf(json, "kubernetes_cron_job_v1")).toEqual({ orders_producer: chosen("kafka") });
  });

  test("THEN the producer runs the script of this repository, as Terraform leaves it", () => {
    const { data } = json.resource?.["kubernetes_config_map_v1"]?.["orders_producer_script"] as {
      data: Record<string, string>;
    };
    expect(data["orders-producer.sh"]?.replaceAll("$${", "${")).toBe(
      readProjectFile("environments/lab/streaming/orders-producer.sh"),
    );
    expect(data["orders-producer.sh"]).not.toMatch(/(?<!\$)\$\{/);
  });

  test("THEN an apply ends when Kafka is ready and the job runs, where they are chosen", () => {
    expect(countsOf(json, "kubernetes_job_v1")).toMatchObject({
      kafka_ready: chosen("kafka"),
      flink_running: chosen("flink"),
    });
  });

  test("THEN namespaces stay", () => {
    expect(countsOf(json, "kubernetes_namespace_v1")).toEqual({
      kafka_namespace: undefined,
      flink_namespace: undefined,
      spark_namespace: undefined,
    });
  });

  test("THEN brokers are reached by Flink's job and the producer, and the object store by Flink and Spark", () => {
    const into = (pods: string, port: string) =>
      flowsOf(json).flatMap(([direction, to, from, ports]) =>
        direction === "ingress" && to === pods && ports === port ? [from] : [],
      );
    expect(into("kafka/kafka-kafka", "9092")).toEqual([
      "flink/revenue+flink-standalone-kubernetes",
      "kafka/orders-producer",
    ]);
    expect(into("minio/minio+minio", "9000")).toEqual([
      "flink/revenue+flink-standalone-kubernetes",
      "spark/spark-history",
      "spark/true",
    ]);
  });

  test("THEN the application that Airflow submits keeps to the ports that policies allow, and to what is counted", () => {
    const { spec } = parse(readProjectFile("workloads/airflow-dags/dags/templates/sales-report.yaml")) as {
      spec: Record<string, Record<string, string>>;
    };
    expect(spec["sparkConf"]).toMatchObject({
      "spark.blockManager.port": SPARK_CONFIGURATION["spark.blockManager.port"],
    });
    const mebibytes = ["driver", "executor"].map((part) =>
      [spec[part]?.["memory"], spec[part]?.["memoryOverhead"]].reduce((sum, each) => sum + parseInt(each ?? "", 10), 0),
    );
    expect(mebibytes).toEqual([1024, 1024]);
  });

  test("THEN no pod of Kafka or Spark reaches anything outside the cluster but the API server", () => {
    const outside = flowsOf(json).filter(
      ([direction, , peer]) => direction === "egress" && /^\d/.test(peer) && !/^172\.30\.0\.2[01]\/32$/.test(peer),
    );
    expect(outside).toEqual([]);
  });

  test("THEN the script of SQL names the topics, the broker, the prefix and the bucket that there are", () => {
    const sql = readProjectFile("images/flink/sql/revenue.sql");
    const values = (name: string) =>
      [...sql.matchAll(new RegExp(`'${name}' = '([^']*)'`, "g"))].map(([, value]) => value);

    expect(values("topic")).toEqual([TOPICS.orders, TOPICS.revenue]);
    expect(new Set(values("properties.bootstrap.servers"))).toEqual(
      new Set([`${ADDRESSES.kafka.host}:${ADDRESSES.kafka.port}`]),
    );
    for (const name of [...values("properties.group.id"), ...values("sink.transactional-id-prefix")]) {
      expect(name?.startsWith(FLINK_PREFIX)).toBe(true);
    }
    expect(values("path")).toEqual([`s3://${BUCKETS.data}/processed/streaming/revenue`]);
    expect(sql).not.toMatch(/password|jaas/i);
  });

  test("THEN images are those of this repository, by their tags", () => {
    const text = JSON.stringify(json);
    for (const name of ["flink", "spark"] as const) {
      expect(text).toContain(labImage({ domain: "lab.local" }, name));
    }
  });
});
