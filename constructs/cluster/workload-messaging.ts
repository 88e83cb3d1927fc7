import { type Construct } from "constructs";
import { SocleError } from "../core/error";
import { type MessagingService } from "../messaging/topology";
import { type Backend, Workload, type WorkloadProps } from "./workload";

export interface MessagingWorkloadProps extends WorkloadProps {
  /** What the broker lets it do: the layer that made the broker goes by the same. */
  readonly messaging: MessagingService;
  /** The broker, with its user's credentials. */
  readonly broker: Backend;
}

/**
 * A {@link Workload} that publishes and consumes. Its verbs say what it does; what the broker lets its user do is said by
 * the {@link MessagingService}. The two have to be the same: nothing is called that would be refused, and no right is
 * there that nobody uses.
 */
export class MessagingWorkload extends Workload {
  private readonly publishes: string[] = [];
  private readonly consumes: string[] = [];
  private readonly messaging: MessagingService;
  private readonly broker: Backend;

  /** @throws SocleError with every prop that is not accepted */
  constructor(scope: Construct, id: string, props: MessagingWorkloadProps) {
    super(scope, id, props);
    this.messaging = props.messaging;
    this.broker = props.broker;
    this.node.addValidation({ validate: () => this.unusedRights() });
  }

  /**
   * Publishes to an exchange: connects it to the broker, and names the exchange in `RABBITMQ_EXCHANGES`.
   *
   * @throws SocleError when the broker would refuse that, or it does so already
   */
  publishTo(exchange: string): void {
    const { publishes } = this.messaging;
    SocleError.throwIfAny(this.node.path, [
      ...(publishes.includes(exchange)
        ? []
        : [
            `publishes to "${exchange}", which the broker refuses: ${this.messaging.name} may publish to ${list(publishes)}`,
          ]),
      ...(this.publishes.includes(exchange) ? [`publishes to "${exchange}" already`] : []),
    ]);
    this.connect();
    this.publishes.push(exchange);
    this.setVariable("RABBITMQ_EXCHANGES", this.publishes.join(","));
  }

  /**
   * Consumes what its queue gets of an exchange: connects it to the broker, and names the queue in `RABBITMQ_QUEUE`.
   *
   * @throws SocleError when its queue gets nothing of it, or it does so already
   */
  consume(exchange: string): void {
    const bound = this.boundExchanges();
    const { queue } = this.messaging;
    SocleError.throwIfAny(this.node.path, [
      ...(bound.includes(exchange)
        ? []
        : [
            `consumes "${exchange}", of which its queue gets nothing: that of ${this.messaging.name} is bound to ${list(bound)}`,
          ]),
      ...(this.consumes.includes(exchange) ? [`consumes "${exchange}" already`] : []),
    ]);
    this.connect();
    this.consumes.push(exchange);
    this.setVariable("RABBITMQ_QUEUE", queue as string);
  }

  private connect(): void {
    if (this.publishes.length + this.consumes.length === 0) {
      this.uses(this.broker);
    }
  }

  private boundExchanges(): string[] {
    return [...new Set(this.messaging.consumes.map(({ exchange }) => exchange))];
  }

  private unusedRights(): string[] {
    const unused = (rights: readonly string[], used: readonly string[]) =>
      rights.filter((each) => !used.includes(each));
    return [
      ...unused(this.messaging.publishes, this.publishes).map(
        (exchange) => `may publish to "${exchange}" and never does: call publishTo, or take the right away`,
      ),
      ...unused(this.boundExchanges(), this.consumes).map(
        (exchange) => `has a queue that is bound to "${exchange}" and never consumes it: call consume, or unbind it`,
      ),
    ];
  }
}

const list = (names: readonly string[]) => names.join(", ") || "none";
