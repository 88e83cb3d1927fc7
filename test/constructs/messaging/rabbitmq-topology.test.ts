import { type ITerraformDependable } from "cdktf";
import { parse } from "yaml";
import { type Values } from "../../../constructs/cluster/component";
import { RabbitMqTopology } from "../../../constructs/messaging/rabbitmq-topology";
import { Topology } from "../../../constructs/messaging/topology";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { describeWithProgram } from "../../support/programs";
import { definitionsOf, type Login, rabbitMqProgram, RabbitMqServer } from "../../support/rabbitmq";

/** A shop: one service says what was ordered, another one listens; a third only listens to nothing. */
function shop(): Topology {
  const topology = new Topology("shop");
  topology.exchange("order.events");
  topology.exchange("stock.events");
  topology.addService("orders").publishTo("order.events").consume("stock.events", "stock.#");
  topology.addService("stock").publishTo("stock.events").consume("order.events", "order.created", "order.*.cancelled");
  topology.addService("audit");
  return topology;
}

const SERVICES = ["orders", "stock", "audit"];

function build(topology = shop(), services = SERVICES) {
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "data");
    const [delivered] = namespace.present as [ITerraformDependable];
    new RabbitMqTopology(layer, "messaging", {
      namespace,
      cluster: "rabbitmq",
      topology,
      credentials: Object.fromEntries(services.map((name) => [name, { secretName: `rabbitmq-${name}`, delivered }])),
    });
  });
}

function manifestsIn({ json }: ReturnType<typeof build>): Values[] {
  const [values] = only(json.resource?.["helm_release"])["values"] as string[];
  return Object.values((parse(values ?? "") as { manifests: Record<string, Values> }).manifests);
}

const specs = (kind: string) =>
  manifestsIn(build())
    .filter((manifest) => manifest["kind"] === kind)
    .map((manifest) => ({ [(manifest["metadata"] as { name: string }).name]: manifest["spec"] }));

const CLUSTER = { rabbitmqClusterReference: { name: "rabbitmq" } };
const VHOST = { vhost: "shop", ...CLUSTER };

describe("RabbitMqTopology", () => {
  test("GIVEN exchanges THEN they are durable topic exchanges; dead letters have one a queue that gives all of them on", () => {
    const exchange = (name: string, type: string) => ({ name, type, durable: true, ...VHOST });
    expect(specs("Exchange")).toEqual([
      { "shop.order.events": exchange("order.events", "topic") },
      { "shop.stock.events": exchange("stock.events", "topic") },
      { "shop.orders.dead-letter": exchange("orders.dead-letter", "fanout") },
      { "shop.stock.dead-letter": exchange("stock.dead-letter", "fanout") },
    ]);
  });

  test("THEN each consumer has a quorum queue and one for its dead letters, which outlive their objects", () => {
    const queue = (name: string) => ({ name, type: "quorum", durable: true, deletionPolicy: "retain", ...VHOST });
    expect(specs("Queue")).toEqual([
      { "shop.orders": queue("orders") },
      { "shop.orders.dead-letter": queue("orders.dead-letter") },
      { "shop.stock": queue("stock") },
      { "shop.stock.dead-letter": queue("stock.dead-letter") },
    ]);
    expect(specs("Vhost")).toEqual([
      { "shop.vhost": { name: "shop", defaultQueueType: "quorum", deletionPolicy: "retain", ...CLUSTER } },
    ]);
  });

  test("THEN a binding is named after its routing key, since another key has to be another object", () => {
    const binding = (source: string, destination: string, routingKey: string) => ({
      source,
      destination,
      destinationType: "queue",
      routingKey,
      ...VHOST,
    });
    expect(specs("Binding")).toEqual([
      { "shop.orders.dead-letter": binding("orders.dead-letter", "orders.dead-letter", "") },
      { "shop.orders.from.stock.events.stock.all": binding("stock.events", "orders", "stock.#") },
      { "shop.stock.dead-letter": binding("stock.dead-letter", "stock.dead-letter", "") },
      { "shop.stock.from.order.events.order.created": binding("order.events", "stock", "order.created") },
      { "shop.stock.from.order.events.order.any.cancelled": binding("order.events", "stock", "order.*.cancelled") },
    ]);
  });

  test("THEN limits and the way of dead letters are policies, which can change", () => {
    expect(specs("Policy").slice(0, 2)).toEqual([
      {
        "shop.orders": {
          name: "orders",
          pattern: "^(orders)$",
          applyTo: "queues",
          definition: {
            "delivery-limit": 5,
            "dead-letter-exchange": "orders.dead-letter",
            "dead-letter-strategy": "at-least-once",
            overflow: "reject-publish",
            "max-length": 100_000,
          },
          ...VHOST,
        },
      },
      {
        "shop.orders.dead-letter": {
          name: "orders.dead-letter",
          pattern: "^(orders\\.dead-letter)$",
          applyTo: "queues",
          definition: { "message-ttl": 2_592_000_000, "max-length": 100_000 },
          ...VHOST,
        },
      },
    ]);
  });

  test("THEN a service declares nothing, writes to its exchanges and reads its queue; one without verbs does nothing", () => {
    const permission = (user: string, write: string, read: string) => ({
      [`shop.${user}`]: {
        userReference: { name: `shop.${user}` },
        permissions: { configure: "^$", write, read },
        ...VHOST,
      },
    });
    expect(specs("Permission")).toEqual([
      permission("orders", "^(order\\.events)$", "^(orders)$"),
      permission("stock", "^(stock\\.events)$", "^(stock)$"),
      permission("audit", "^$", "^$"),
    ]);
    expect(specs("User")).toEqual(
      SERVICES.map((name) => ({
        [`shop.${name}`]: { importCredentialsSecret: { name: `rabbitmq-${name}` }, ...CLUSTER },
      })),
    );
  });

  test("fails when credentials and services do not match, naming each", () => {
    expect(() => build(shop(), ["orders", "stock", "stcok"])).toThrow(
      [
        "test/messaging: 2 problems",
        '  - the service "audit" has no credentials: give its Secret',
        '  - there are credentials for "stcok", which is no service of shop',
      ].join("\n"),
    );
  });

  test("fails when two routing keys would have the same object", () => {
    const topology = shop();
    topology.service("audit").consume("order.events", "order.#", "order.all");
    expect(() => build(topology)).toThrow("Binding/shop.audit.from.order.events.order.all is there already");
  });
});

describeWithProgram(rabbitMqProgram("rabbitmq-server"), "RabbitMqTopology on a real RabbitMQ", () => {
  const login = (service: string): Login => [service, `password-of-${service}`];
  let server: RabbitMqServer;

  beforeAll(async () => {
    server = await RabbitMqServer.start();
    const credentials = Object.fromEntries(
      SERVICES.map((name) => [`rabbitmq-${name}`, { username: name, password: `password-of-${name}` }]),
    );
    expect(await server.load(definitionsOf(manifestsIn(build()), credentials))).toEqual({ status: 204, body: "" });
  }, 120_000);

  afterAll(() => server.stop());

  test("GIVEN the definitions THEN the broker has the queues, of the type quorum", async () => {
    const { body } = await server.request("GET", "queues/shop");
    expect((body as Values[]).map(({ name, type }) => [name, type])).toEqual(
      ["orders", "orders.dead-letter", "stock", "stock.dead-letter"].map((name) => [name, "quorum"]),
    );
  });

  test("GIVEN a message WHEN its consumer rejects it THEN it is in that service's queue of dead letters", async () => {
    expect(await server.publish("shop", "order.events", "order.created", "one", login("orders"))).toEqual({
      status: 200,
      body: { routed: true },
    });
    expect((await server.take("shop", "stock", "reject_requeue_false", login("stock"))).body).toMatchObject([
      { payload: "one", routing_key: "order.created" },
    ]);
    expect(await server.receive("shop", "stock.dead-letter")).toEqual({ text: "one", routingKey: "order.created" });
    expect((await server.take("shop", "orders.dead-letter", "ack_requeue_false")).body).toEqual([]);
  });

  test("GIVEN a message WHEN it was given out five times in vain THEN the next time it is a dead letter", async () => {
    await server.publish("shop", "order.events", "order.created", "two", login("orders"));
    for (let given = 0; given <= 5; given++) {
      const { body } = await server.take("shop", "stock", "reject_requeue_true", login("stock"));
      expect(body).toMatchObject([{ payload: "two" }]);
    }
    expect((await server.take("shop", "stock", "ack_requeue_false", login("stock"))).body).toEqual([]);
    expect(await server.receive("shop", "stock.dead-letter")).toEqual({ text: "two", routingKey: "order.created" });
  });

  test("GIVEN routing keys THEN a queue gets what matches, and nothing else", async () => {
    const routed = async (key: string) =>
      ((await server.publish("shop", "order.events", key, key, login("orders"))).body as { routed: boolean }).routed;
    expect(await routed("order.shoes.cancelled")).toBe(true);
    expect(await routed("order.cancelled")).toBe(false);
    expect((await server.receive("shop", "stock"))?.text).toBe("order.shoes.cancelled");
  });

  test.each([
    ["another's exchange", "stock.events"],
    ["the default exchange, which reaches every queue", "amq.default"],
    ["an exchange of dead letters", "stock.dead-letter"],
  ])("fails when a service publishes to %s", async (_, exchange) => {
    const { status, body } = await server.publish("shop", exchange, "stock", "forged", login("orders"));
    expect(status).not.toBe(200);
    expect(JSON.stringify(body)).toMatch(/access.refused|not_authori[sz]ed/i);
  });

  test.each(["stock", "stock.dead-letter", "orders.dead-letter"])(
    "fails when a service reads the queue %s, which is not its own",
    async (queue) => {
      const { status, body } = await server.take("shop", queue, "reject_requeue_true", login("orders"));
      expect(status).not.toBe(200);
      expect(JSON.stringify(body)).toMatch(/access.refused|not_authori[sz]ed/i);
    },
  );

  test("fails when a service declares a queue", async () => {
    const { status, body } = await server.request("PUT", "queues/shop/own", { durable: true }, login("orders"));
    expect(status).not.toBe(201);
    expect(JSON.stringify(body)).toMatch(/access.refused|not_authori[sz]ed/i);
  });
});
