import { MessagingWorkload } from "../../../constructs/cluster/workload-messaging";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Topology } from "../../../constructs/messaging/topology";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";

function build(use: (workload: MessagingWorkload) => void) {
  const topology = new Topology("shop");
  topology.exchange("orders");
  topology.exchange("mails");
  topology.exchange("other");
  const messaging = topology.addService("web").publishTo("orders").publishTo("mails").consume("mails", "mail.#");
  const problems: string[] = [];
  const built = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const workload = new MessagingWorkload(layer, "web", {
      namespace: testNamespace(cluster),
      image: "registry.example.com/web:1.0.0",
      port: 8000,
      resources: { cpuMillis: 100, memoryMib: 128 },
      minimumReplicas: 1,
      maximumReplicas: 1,
      healthPath: "/health",
      messaging,
      broker: {
        pods: new Pods(layer, "rabbitmq", { namespace: testNamespace(cluster, "data"), labels: { app: "rabbitmq" } }),
        port: 5672,
        environment: { RABBITMQ_HOST: "rabbitmq.data" },
      },
    });
    use(workload);
    problems.push(...workload.node.validate());
  });
  return { ...built, problems };
}

const variablesOf = ({ json }: ReturnType<typeof build>) => {
  const { spec } = only(json.resource?.["kubernetes_deployment_v1"]) as {
    spec: { template: { spec: { container: [{ env: { name: string; value: string }[] }] } } };
  };
  return Object.fromEntries(spec.template.spec.container[0].env.map(({ name, value }) => [name, value]));
};

describe("MessagingWorkload", () => {
  test("WHEN it publishes and consumes THEN it reaches the broker, once, and knows its exchanges and its queue", () => {
    const built = build((web) => {
      web.publishTo("orders");
      web.publishTo("mails");
      web.consume("mails");
    });
    expect(variablesOf(built)).toEqual({
      HOME: "/tmp",
      RABBITMQ_HOST: "rabbitmq.data",
      RABBITMQ_EXCHANGES: "orders,mails",
      RABBITMQ_QUEUE: "web",
    });
    expect(flowsOf(built.json).filter(([, pods]) => pods === "apps/web")).toEqual([
      ["egress", "apps/web", "data/rabbitmq", "5672"],
    ]);
    expect(built.problems).toEqual([]);
  });

  test("fails at synth for a right that is never used", () => {
    const { problems } = build((web) => web.publishTo("orders"));
    expect(problems).toEqual([
      'may publish to "mails" and never does: call publishTo, or take the right away',
      'has a queue that is bound to "mails" and never consumes it: call consume, or unbind it',
    ]);
  });

  test("fails to publish where the broker would refuse it, and to do so twice", async () => {
    expect(await messageOf(() => build((web) => web.publishTo("other")))).toBe(
      'test/web: publishes to "other", which the broker refuses: web may publish to orders, mails',
    );
    expect(
      await messageOf(() =>
        build((web) => {
          web.publishTo("orders");
          web.publishTo("orders");
        }),
      ),
    ).toBe('test/web: publishes to "orders" already');
  });

  test("fails to consume what its queue does not get, and to do so twice", async () => {
    expect(await messageOf(() => build((web) => web.consume("orders")))).toBe(
      'test/web: consumes "orders", of which its queue gets nothing: that of web is bound to mails',
    );
    expect(
      await messageOf(() =>
        build((web) => {
          web.consume("mails");
          web.consume("mails");
        }),
      ),
    ).toBe('test/web: consumes "mails" already');
  });
});
