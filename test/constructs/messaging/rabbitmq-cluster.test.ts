import { parse } from "yaml";
import { type Values } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { RabbitMqCluster, type RabbitMqClusterProps } from "../../../constructs/messaging/rabbitmq-cluster";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

function build(
  props: Partial<RabbitMqClusterProps> = {},
  use: (cluster: RabbitMqCluster, client: Pods) => void = () => {},
) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "data");
    const pods = (name: string) =>
      new Pods(layer, name, { namespace: testNamespace(cluster, `${name}_ns`), labels: { app: name } });
    use(
      new RabbitMqCluster(layer, "broker", {
        namespace,
        replicas: 1,
        resources: { cpuMillis: 150, memoryMib: 640 },
        storageGib: 5,
        topologyOperator: pods("operator"),
        ...props,
      }),
      pods("client"),
    );
  });
}

function objectIn({ json }: ReturnType<typeof build>): Values {
  const [values] = only(json.resource?.["helm_release"])["values"] as string[];
  return (parse(values ?? "") as { manifests: Record<string, Values> }).manifests["RabbitmqCluster/broker"] as Values;
}

describe("RabbitMqCluster", () => {
  test("GIVEN one replica THEN it has a volume, one limit of memory, and a minute to leave; its object outlives the release", () => {
    expect(objectIn(build())).toEqual({
      apiVersion: "rabbitmq.com/v1beta1",
      kind: "RabbitmqCluster",
      metadata: { name: "broker", annotations: { "helm.sh/resource-policy": "keep" } },
      spec: {
        image: "docker.io/library/rabbitmq:4.3.4-management",
        replicas: 1,
        resources: { requests: { cpu: "150m", memory: "640Mi" }, limits: { memory: "640Mi" } },
        persistence: { storage: "5Gi" },
        terminationGracePeriodSeconds: 60,
        rabbitmq: { additionalConfig: "default_queue_type = quorum\nvm_memory_high_watermark.relative = 0.6\n" },
      },
    });
  });

  test("GIVEN three replicas THEN each is on a node of its own, and has ten minutes to leave its queues to the others", () => {
    expect(objectIn(build({ replicas: 3 }))["spec"]).toMatchObject({
      replicas: 3,
      terminationGracePeriodSeconds: 600,
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: { matchLabels: { "app.kubernetes.io/name": "broker" } },
              topologyKey: "kubernetes.io/hostname",
            },
          ],
        },
      },
    });
  });

  test("THEN a drain takes one replica at a time", () => {
    expect(only(build({ replicas: 3 }).json.resource?.["kubernetes_pod_disruption_budget_v1"])).toMatchObject({
      metadata: { name: "broker", namespace: "data" },
      spec: { max_unavailable: "1", selector: { match_labels: { "app.kubernetes.io/name": "broker" } } },
    });
  });

  test("THEN it is reached by the operator and by who is allowed, and its replicas by one another", () => {
    const flows = (replicas: 1 | 3) =>
      flowsOf(build({ replicas }, (cluster, client) => cluster.allowFrom(client)).json).filter(
        ([direction, pods]) => direction === "ingress" || pods === "data/broker",
      );
    const single = [
      ["egress", "data/broker", "10.0.0.0/16", "6443"],
      ["ingress", "data/broker", "client-ns/client", "5672"],
      ["ingress", "data/broker", "operator-ns/operator", "15672"],
    ];
    expect(flows(1)).toEqual(single);
    expect(flows(3)).toEqual(
      [
        ...single,
        ["egress", "data/broker", "data/broker", "4369,25672"],
        ["ingress", "data/broker", "data/broker", "4369,25672"],
      ].sort((a, b) => (a.join() < b.join() ? -1 : 1)),
    );
  });

  test("THEN every replica is counted, with what its first container asks for at least", () => {
    const counted = (props: Partial<RabbitMqClusterProps>) => build(props).layer.capacity?.().rows.at(-1);
    expect(counted({ replicas: 3 })).toMatchObject({ name: "broker", replicas: 3, cpuMillis: 450, memoryMib: 1920 });
    expect(counted({ resources: { cpuMillis: 20, memoryMib: 512 } })).toMatchObject({ cpuMillis: 100, memoryMib: 512 });
  });

  test("fails when memory and volume are too small, naming both", () => {
    expect(() => build({ resources: { cpuMillis: 100, memoryMib: 256 }, storageGib: 2 })).toThrow(
      [
        "test/broker: 2 problems",
        "  - resources.memoryMib is 256: use 500 or more, which the pod's first container requests anyway",
        "  - storageGib is 2: use a whole number from 4 on, since publishers are stopped below 2 GiB",
      ].join("\n"),
    );
  });
});
