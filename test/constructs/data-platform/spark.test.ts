import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { helmRelease } from "../../../constructs/cluster/component";
import { Spark, SPARK_CONFIGURATION, type SparkProps } from "../../../constructs/data-platform/spark";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";
import { testStore } from "../../support/vault-store";

function build(given: Partial<SparkProps> = {}) {
  let requested: unknown;
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "jobs");
    new Spark(layer, "spark", {
      namespace,
      delivery: helmRelease,
      image: "registry.lab.local:5001/lab/spark:1",
      version: "4.0.4",
      storeEndpoint: "http://minio.minio:9000",
      storeKeys: testStore(layer, namespace).secret("spark-minio", {
        entry: "minio/spark",
        keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
      }),
      eventsBucket: "events",
      history: {
        host: "spark.lab.local",
        gate: new BasicAuthGate(layer, "gate", {
          namespace,
          user: "lab",
          passwordRevision: new TerraformVariable(layer, "revision", { type: "number", description: "A revision." }),
          what: "the History Server",
        }),
      },
      applications: { cpuMillis: 500, memoryMib: 2048 },
      submitters: { airflow: { namespace: "airflow", serviceAccount: "airflow-worker" } },
      ...given,
    });
    requested = cluster.capacity.requestedIn("jobs");
  });
  return { json, requested };
}

const { json, requested } = build();

describe("Spark", () => {
  test("THEN the operator runs applications of its own namespace", () => {
    const release = json.resource?.["helm_release"]?.["spark_operator"] as { values: string[] };
    expect(release).toMatchObject({ chart: "spark-operator", version: "2.5.2" });
    expect(parse(release.values[0] ?? "")).toMatchObject({
      spark: { jobNamespaces: ["jobs"], serviceAccount: { name: "spark" } },
      webhook: { enable: true },
    });
  });

  test("THEN the History Server reads what applications left, behind the gate", () => {
    const { spec } = only(json.resource?.["kubernetes_deployment_v1"]) as {
      spec: { template: { metadata: unknown; spec: { container: { env: { name: string; value?: string }[] }[] } } };
    };
    const [container] = spec.template.spec.container;
    expect(container).toMatchObject({
      command: ["/opt/spark/bin/spark-class", "org.apache.spark.deploy.history.HistoryServer"],
    });
    const options = container?.env.find(({ name }) => name === "SPARK_HISTORY_OPTS")?.value?.split(" ");
    expect(options).toEqual(
      expect.arrayContaining([
        "-Dspark.history.fs.logDirectory=s3a://events/",
        "-Dspark.history.ui.port=18080",
        "-Dspark.hadoop.fs.s3a.endpoint=http://minio.minio:9000",
      ]),
    );
    expect(spec.template.metadata).toMatchObject({ annotations: { "socle/store-keys": "3" } });
    expect(only(json.resource?.["kubernetes_ingress_v1"])).toMatchObject({
      metadata: { annotations: { "traefik.ingress.kubernetes.io/router.middlewares": "jobs-gate@kubernetescrd" } },
      spec: { rule: [{ host: "spark.lab.local" }] },
    });
  });

  test("THEN the template of an application names every port that policies name", () => {
    const { data } = only(json.resource?.["kubernetes_config_map_v1"]) as { data: Record<string, string> };
    const { spec } = parse(data["spark-application.yaml"] ?? "") as {
      spec: { sparkConf: Record<string, string>; driver: object; executor: object };
    };
    expect(spec.sparkConf).toEqual({
      "spark.eventLog.enabled": "true",
      "spark.eventLog.dir": "s3a://events/",
      "spark.hadoop.fs.s3a.endpoint": "http://minio.minio:9000",
      "spark.hadoop.fs.s3a.path.style.access": "true",
      "spark.hadoop.fs.s3a.aws.credentials.provider":
        "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider",
      ...SPARK_CONFIGURATION,
    });
    expect(spec).toMatchObject({
      sparkVersion: "4.0.4",
      monitoring: { prometheus: { jmxExporterJar: "/opt/lab/jmx_prometheus_javaagent.jar", port: 8090 } },
      driver: { serviceAccount: "spark", envFrom: [{ secretRef: { name: "spark-minio" } }] },
      executor: { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
    });
    const applications = "jobs/true";
    expect(flowsOf(json)).toContainEqual(["ingress", applications, applications, "7078,7079"]);
    expect(SPARK_CONFIGURATION["spark.blockManager.port"]).toBe("7079");
  });

  test("THEN those who submit may handle applications and read pods' logs, and nothing else", () => {
    expect(json.resource?.["kubernetes_role_v1"]?.["spark_submit"]).toMatchObject({
      metadata: { namespace: "jobs" },
      rule: [
        {
          api_groups: ["sparkoperator.k8s.io"],
          resources: ["sparkapplications"],
          verbs: ["create", "get", "list", "watch", "patch", "delete"],
        },
        // Airflow's operator waits until an application's status says that it runs.
        { api_groups: ["sparkoperator.k8s.io"], resources: ["sparkapplications/status"], verbs: ["get"] },
        { api_groups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "patch"] },
        { api_groups: [""], resources: ["pods/log"], verbs: ["get"] },
        { api_groups: [""], resources: ["events"], verbs: ["list"] },
      ],
    });
    expect(json.resource?.["kubernetes_role_binding_v1"]?.["spark_submit_airflow"]).toMatchObject({
      role_ref: { kind: "Role", name: "spark-submit" },
      subject: [{ kind: "ServiceAccount", name: "airflow-worker", namespace: "airflow" }],
    });
  });

  test("THEN operator, webhook, History Server and applications are counted", () => {
    expect(requested).toEqual({ cpuMillis: 60 + 50 + 500, memoryMib: 256 + 512 + 2048, pods: 4 });
  });

  test("fails when applications request nothing", async () => {
    expect(await messageOf(() => build({ applications: { cpuMillis: 0, memoryMib: 2048 } }))).toBe(
      "test/spark: applications.cpuMillis is 0: use a whole number from 1 on",
    );
  });
});
