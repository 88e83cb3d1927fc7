import { SocleError } from "../core/error";

/** A queue's tie to an exchange: messages whose routing key matches are put into it. */
export interface Subscription {
  readonly exchange: string;
  /** Words joined by `.`; `*` is any one word, `#` any number of them. */
  readonly routingKey: string;
}

const NAME = /^[a-z0-9]+([.-][a-z0-9]+)*$/;

const ROUTING_KEY = /^([a-z0-9-]+|\*|#)(\.([a-z0-9-]+|\*|#))*$/;

/**
 * Who says what to whom by messages: exchanges, and the services that publish to them and consume from them. Plain data,
 * so that the layer that makes it on a broker and the layers whose services use it go by the same words.
 *
 * Every exchange is a durable topic exchange. A service that consumes has one queue, of its own name.
 */
export class Topology {
  private readonly known = new Set<string>();
  private readonly users = new Map<string, MessagingService>();

  /**
   * @param vhost lower-case words joined by `-`: the virtual host that all of it is in
   * @throws SocleError when the name is malformed
   */
  constructor(readonly vhost: string) {
    SocleError.throwIfAny(
      "messaging",
      /^[a-z0-9]+(-[a-z0-9]+)*$/.test(vhost)
        ? []
        : [`the vhost "${vhost}" is not made of lower-case words joined by "-"`],
    );
  }

  /** Names of the exchanges. */
  get exchanges(): readonly string[] {
    return [...this.known];
  }

  get services(): readonly MessagingService[] {
    return [...this.users.values()];
  }

  /**
   * Adds an exchange.
   *
   * @param name lower-case words joined by `.` or `-`, such as `property.events`
   * @throws SocleError when the name is malformed or there already
   */
  exchange(name: string): void {
    SocleError.throwIfAny(`messaging of ${this.vhost}`, [
      ...nameProblems("exchange", name),
      ...(this.known.has(name) ? [`the exchange "${name}" is there already`] : []),
    ]);
    this.known.add(name);
  }

  /**
   * Adds a service, which may do nothing until its verbs say so.
   *
   * @throws SocleError when the name is malformed or there already
   */
  addService(name: string): MessagingService {
    SocleError.throwIfAny(`messaging of ${this.vhost}`, [
      ...nameProblems("service", name),
      ...(this.users.has(name) ? [`the service "${name}" is there already`] : []),
    ]);
    const service = new MessagingService(this, name);
    this.users.set(name, service);
    return service;
  }

  /**
   * A service that was added before.
   *
   * @throws SocleError when there is none of that name
   */
  service(name: string): MessagingService {
    const service = this.users.get(name);
    if (!service) {
      throw new SocleError(`messaging of ${this.vhost}`, [
        `has no service "${name}": use one of ${[...this.users.keys()].join(", ")}`,
      ]);
    }
    return service;
  }
}

/** A service as the broker sees it: a user, and a queue when it consumes. */
export class MessagingService {
  private readonly targets: string[] = [];
  private readonly sources: Subscription[] = [];

  /** Made by {@link Topology.addService}. */
  constructor(
    private readonly topology: Topology,
    readonly name: string,
  ) {}

  /** Its queue; undefined while it consumes nothing. */
  get queue(): string | undefined {
    return this.sources.length > 0 ? this.name : undefined;
  }

  /** The exchanges that it may publish to. */
  get publishes(): readonly string[] {
    return this.targets;
  }

  /** What its queue is bound to. */
  get consumes(): readonly Subscription[] {
    return this.sources;
  }

  /**
   * Lets it publish to an exchange, with any routing key.
   *
   * @throws SocleError when there is no such exchange, or it may already
   */
  publishTo(exchange: string): this {
    SocleError.throwIfAny(this.where, [
      ...this.exchangeProblems(exchange),
      ...(this.targets.includes(exchange) ? [`publishes to "${exchange}" already`] : []),
    ]);
    this.targets.push(exchange);
    return this;
  }

  /**
   * Puts messages of an exchange into its queue.
   *
   * @param routingKeys one or more; `#` for all messages
   * @throws SocleError when there is no such exchange, a routing key is none, or is there already
   */
  consume(exchange: string, ...routingKeys: readonly string[]): this {
    const isKnown = (routingKey: string) =>
      this.sources.some((each) => each.exchange === exchange && each.routingKey === routingKey);
    SocleError.throwIfAny(this.where, [
      ...this.exchangeProblems(exchange),
      ...(routingKeys.length > 0
        ? []
        : [`consumes "${exchange}" without a routing key: give at least one, "#" for all messages`]),
      ...routingKeys
        .filter((key) => !ROUTING_KEY.test(key))
        .map((key) => `the routing key "${key}" is not made of lower-case words, "*" or "#", joined by "."`),
      ...routingKeys
        .filter((key, index) => isKnown(key) || routingKeys.indexOf(key) < index)
        .map((key) => `consumes "${key}" of "${exchange}" already`),
    ]);
    this.sources.push(...routingKeys.map((routingKey) => ({ exchange, routingKey })));
    return this;
  }

  private get where(): string {
    return `messaging of ${this.topology.vhost}, service ${this.name}`;
  }

  private exchangeProblems(exchange: string): string[] {
    const { exchanges } = this.topology;
    return exchanges.includes(exchange)
      ? []
      : [`there is no exchange "${exchange}": use one of ${exchanges.join(", ") || "none, add one first"}`];
  }
}

function nameProblems(what: string, name: string): string[] {
  return [
    ...(NAME.test(name) ? [] : [`the ${what} "${name}" is not made of lower-case words joined by "." or "-"`]),
    // A queue or exchange of that name would be another one's.
    ...(name.endsWith(".dead-letter") ? [`the ${what} "${name}" ends with ".dead-letter", which dead letters do`] : []),
  ];
}
