import { Topology } from "../../constructs/messaging/topology";

/** Who says what to whom: the layer -data makes it on the broker, and the services' layer connects them by it. */
export function viridialMessaging(): Topology {
  const topology = new Topology("viridial");
  topology.exchange("property.events");
  topology.exchange("lead.events");
  topology.exchange("notification.events");
  topology
    .addService("property")
    .publishTo("property.events")
    .publishTo("lead.events")
    .publishTo("notification.events")
    .consume("lead.events", "lead.#");
  topology.addService("search").consume("property.events", "property.#");
  // It knows people's addresses, so it is the one that writes to them.
  topology.addService("identity").publishTo("notification.events").consume("notification.events", "notification.#");
  return topology;
}
