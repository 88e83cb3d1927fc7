import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { Flink, type FlinkProps } from "../../../constructs/data-platform/flink";
import { CopiedSecret } from "../../../constructs/secrets/copied-secret";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";
import { testStore } from "../../support/vault-store";

const JOB = { name: "revenue", image: "registry.lab.local:5001/lab/flink:1", script: "/opt/lab/sql/revenue.sql" };

function build(given: Partial<FlinkProps> = {}) {
  let requested: unknown;
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "streams");
    const revision = new TerraformVariable(layer, "revision", { type: "number", description: "A revision." });
    new Flink(layer, "flink", {
      namespace,
      webhookKeystore: new GeneratedSecret(layer, "keystore", {
        namespace,
        generate: { password: { length: 32 } },
        revision,
        afterRotation: "Restart the operator.",
      }),
      job: JOB,
      jobManager: { cpuMillis: 150, memoryMib: 896 },
      taskManager: { cpuMillis: 150, memoryMib: 1152 },
      storeEndpoint: "http://minio.minio:9000",
      storeKeys: testStore(layer, namespace).secret("flink-minio", {
        entry: "minio/flink",
        keys: { AWS_ACCESS_KEY_ID: "access-key", AWS_SECRET_ACCESS_KEY: "secret-key" },
      }),
      stateBucket: "states",
      kafkaLogin: new CopiedSecret(layer, "kafka_login", {
        namespace,
        from: testNamespace(cluster, "kafka"),
        secretName: "flink",
        keys: { password: "password" },
        data: { "jaas.conf": "{{ .password }}" },
      }),
      kubernetesRelease: "1.36.3",
      ...given,
    });
    requested = cluster.capacity.requestedIn("streams");
  });
  return { json, requested };
}

const { json, requested } = build();
const releases = json.resource?.["helm_release"] as Record<string, { values: string[]; depends_on: string[] }>;
const { manifests } = parse(releases["flink_job"]?.values[0] ?? "") as {
  manifests: Record<string, { spec: Record<string, unknown> & { flinkConfiguration: Record<string, string> } }>;
};
const spec = manifests["FlinkDeployment/revenue"]?.spec;

describe("Flink", () => {
  test("THEN the operator watches its own namespace, and the password of its key store is ours", () => {
    expect(releases["flink_operator"]).toMatchObject({
      repository: "https://downloads.apache.org/flink/flink-kubernetes-operator-1.15.0/",
      version: "1.15.0",
    });
    expect(parse(releases["flink_operator"]?.values[0] ?? "")).toMatchObject({
      watchNamespaces: ["streams"],
      image: { tag: "1.15.0" },
      webhook: { keystore: { useDefaultPassword: false, passwordSecretRef: { name: "keystore", key: "password" } } },
    });
    expect(releases["flink_job"]?.depends_on).toContain("helm_release.flink_operator");
  });

  test("THEN the job is a script that Flink's own driver runs, and goes on from its last checkpoint", () => {
    expect(spec).toMatchObject({
      mode: "standalone",
      image: JOB.image,
      flinkVersion: "v2_2",
      job: {
        entryClass: "org.apache.flink.table.runtime.application.SqlDriver",
        args: ["--scriptUri", "file:///opt/lab/sql/revenue.sql"],
        upgradeMode: "last-state",
      },
      jobManager: { replicas: 1, resource: { cpu: 0.15, memory: "896m" } },
      taskManager: { replicas: 1, resource: { cpu: 0.15, memory: "1152m" } },
    });
    expect(spec?.["job"]).not.toHaveProperty("jarURI");
    expect(spec?.flinkConfiguration).toMatchObject({
      "execution.checkpointing.interval": "60s",
      "execution.checkpointing.dir": "s3://states/revenue/checkpoints",
      "execution.checkpointing.savepoint-dir": "s3://states/revenue/savepoints",
      "high-availability.type": "kubernetes",
      "high-availability.storageDir": "s3://states/revenue/ha",
      "restart-strategy.type": "exponential-delay",
      "s3.endpoint": "http://minio.minio:9000",
      "metrics.reporter.prom.port": "9249",
      "kubernetes.jobmanager.cpu.limit-factor": "10",
    });
  });

  test("THEN keys come from Secrets: another key of the store has it started again, and Kafka's is a file", () => {
    const { podTemplate } = spec as unknown as {
      podTemplate: { spec: { containers: Record<string, unknown>[]; volumes: unknown[] } };
    };
    expect(podTemplate.spec.containers[0]).toMatchObject({
      envFrom: [{ secretRef: { name: "flink-minio" } }],
      env: [{ name: "STORE_KEYS_VERSION", value: "3" }],
      ports: [{ name: "metrics", containerPort: 9249 }],
      volumeMounts: [{ name: "kafka-login", mountPath: "/opt/lab/kafka", readOnly: true }],
    });
    expect(podTemplate.spec.volumes).toEqual([{ name: "kafka-login", secret: { secretName: "kafka-login" } }]);
    expect(spec?.flinkConfiguration["env.java.opts.all"]).toBe(
      "-Djava.security.auth.login.config=/opt/lab/kafka/jaas.conf",
    );
  });

  test("THEN every port between its managers has a number, and the operator asks the job manager", () => {
    const pods = "streams/revenue+flink-standalone-kubernetes";
    expect(flowsOf(json).filter(([direction, to]) => direction === "ingress" && to === pods)).toEqual([
      ["ingress", pods, "streams/flink-kubernetes-operator", "8081"],
      ["ingress", pods, pods, "6123,6124,6122,6121,6120,8081"],
    ]);
    expect(spec?.flinkConfiguration).toMatchObject({
      "taskmanager.rpc.port": "6122",
      "taskmanager.data.port": "6121",
      // Otherwise another one at each start, which no policy could name.
      "metrics.internal.query-service.port": "6120",
    });
  });

  test("THEN operator, managers and the Job that waits are counted", () => {
    expect(requested).toEqual({ cpuMillis: 60 + 300 + 10, memoryMib: 576 + 896 + 1152 + 64, pods: 4 });
  });

  test("fails with all problems at once", async () => {
    expect(
      await messageOf(() =>
        build({ job: { ...JOB, name: "Revenue" }, taskManager: { cpuMillis: 0, memoryMib: 1152 } }),
      ),
    ).toBe(
      [
        "test/flink: 2 problems",
        "  - taskManager.cpuMillis is 0: use a whole number from 1 on",
        '  - the job "Revenue" is not named by at most 45 lower-case letters, digits and "-"',
      ].join("\n"),
    );
  });
});
