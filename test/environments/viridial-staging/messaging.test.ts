import { viridialMessaging } from "../../../environments/viridial-staging/messaging";

describe("viridialMessaging", () => {
  const topology = viridialMessaging();

  test("THEN there are the exchanges of properties, leads and notifications", () => {
    expect([topology.vhost, topology.exchanges]).toEqual([
      "viridial",
      ["property.events", "lead.events", "notification.events"],
    ]);
  });

  test("THEN each service has a queue, and publishes what it knows of", () => {
    expect(
      topology.services.map(({ name, queue, publishes, consumes }) => [
        name,
        queue,
        publishes,
        consumes.map(({ exchange, routingKey }) => `${exchange} ${routingKey}`),
      ]),
    ).toEqual([
      ["property", "property", ["property.events", "lead.events", "notification.events"], ["lead.events lead.#"]],
      ["search", "search", [], ["property.events property.#"]],
      ["identity", "identity", ["notification.events"], ["notification.events notification.#"]],
    ]);
  });
});
