import { Topology } from "../../../constructs/messaging/topology";

/** A topology with two exchanges and a service. */
function shop(): Topology {
  const topology = new Topology("shop");
  topology.exchange("order.events");
  topology.exchange("stock.events");
  topology.addService("stock");
  return topology;
}

describe("Topology", () => {
  test("GIVEN verbs THEN a service knows what it publishes to and consumes, and has a queue of its own name", () => {
    const service = shop().service("stock").publishTo("stock.events").consume("order.events", "order.#", "*.created");
    expect(service.publishes).toEqual(["stock.events"]);
    expect(service.consumes).toEqual([
      { exchange: "order.events", routingKey: "order.#" },
      { exchange: "order.events", routingKey: "*.created" },
    ]);
    expect(service.queue).toBe("stock");
  });

  test("GIVEN a service that consumes nothing THEN it has no queue", () => {
    expect(shop().service("stock").publishTo("order.events").queue).toBeUndefined();
  });

  test("GIVEN exchanges and services THEN they are listed in their order", () => {
    const topology = shop();
    topology.addService("orders");
    expect(topology.exchanges).toEqual(["order.events", "stock.events"]);
    expect(topology.services.map(({ name }) => name)).toEqual(["stock", "orders"]);
  });

  test.each([
    [
      "a vhost with a slash",
      () => new Topology("/shop"),
      'messaging: the vhost "/shop" is not made of lower-case words joined by "-"',
    ],
    [
      "an exchange in capitals",
      () => shop().exchange("Order.Events"),
      'messaging of shop: the exchange "Order.Events" is not made of lower-case words joined by "." or "-"',
    ],
    [
      "an exchange that is there",
      () => shop().exchange("order.events"),
      'messaging of shop: the exchange "order.events" is there already',
    ],
    [
      "the name of dead letters",
      () => shop().addService("stock.dead-letter"),
      'messaging of shop: the service "stock.dead-letter" ends with ".dead-letter", which dead letters do',
    ],
    [
      "a service that is there",
      () => shop().addService("stock"),
      'messaging of shop: the service "stock" is there already',
    ],
    [
      "a service that nobody added",
      () => shop().service("stcok"),
      'messaging of shop: has no service "stcok": use one of stock',
    ],
    [
      "an exchange that nobody added",
      () => shop().service("stock").publishTo("orders"),
      'messaging of shop, service stock: there is no exchange "orders": use one of order.events, stock.events',
    ],
    [
      "an exchange before there is one",
      () => new Topology("shop").addService("stock").publishTo("orders"),
      'messaging of shop, service stock: there is no exchange "orders": use one of none, add one first',
    ],
    [
      "publishing twice",
      () => shop().service("stock").publishTo("stock.events").publishTo("stock.events"),
      'messaging of shop, service stock: publishes to "stock.events" already',
    ],
    [
      "consuming without a routing key",
      () => shop().service("stock").consume("order.events"),
      'messaging of shop, service stock: consumes "order.events" without a routing key: give at least one, "#" for all messages',
    ],
  ])("fails with %s", (_, act, message) => {
    expect(act).toThrow(new Error(message));
  });

  test("fails with every routing key that is none or there already", () => {
    const service = shop().service("stock").consume("order.events", "order.#");
    expect(() => service.consume("order.events", "Order.*", "order.#", "a..b", "a", "a")).toThrow(
      [
        "messaging of shop, service stock: 4 problems",
        '  - the routing key "Order.*" is not made of lower-case words, "*" or "#", joined by "."',
        '  - the routing key "a..b" is not made of lower-case words, "*" or "#", joined by "."',
        '  - consumes "order.#" of "order.events" already',
        '  - consumes "a" of "order.events" already',
      ].join("\n"),
    );
    expect(service.consumes).toEqual([{ exchange: "order.events", routingKey: "order.#" }]);
  });
});
