import { type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { type Manifest, Manifests } from "../cluster/manifests";
import { type INamespace } from "../cluster/namespace";
import { SocleError } from "../core/error";
import { type MessagingService, type Topology } from "./topology";

/** A Secret with the keys `username` and `password`, as external-secrets makes it. */
export interface CredentialsSecret {
  readonly secretName: string;
  readonly delivered: ITerraformDependable;
}

/** The label without which the topology operator reads no Secret. */
export const CREDENTIALS_LABELS = { "rabbitmq.com/topology-operator": "true" };

export interface RabbitMqTopologyProps {
  /** Where the `RabbitmqCluster` is: the operator lets nobody reach it from other namespaces. */
  readonly namespace: INamespace;
  /** Name of the `RabbitmqCluster`. */
  readonly cluster: string;
  readonly topology: Topology;
  /**
   * Each service's credentials, by its name: a Secret in the namespace, with {@link CREDENTIALS_LABELS}. The operator
   * tells the broker of a changed password by itself.
   */
  readonly credentials: Readonly<Record<string, CredentialsSecret>>;
  /** What has to be there before, such as the cluster. @default - only the credentials */
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** How often a message is given out again when its consumer fails, before it is a dead letter. */
const DELIVERY_LIMIT = 5;

/** Messages that a queue holds at most: above it, publishers are told so, and nothing is dropped. */
const MAXIMUM_LENGTH = 100_000;

/** How long a dead letter is kept for a person to look at: 30 days, in milliseconds. */
const DEAD_LETTER_TTL = 30 * 24 * 60 * 60 * 1000;

const API_VERSION = "rabbitmq.com/v1beta1";

/** The pattern of a permission that matches nothing. */
const NOTHING = "^$";

/**
 * A {@link Topology} on a RabbitMQ cluster, as objects of the messaging topology operator: exchanges, a quorum queue for
 * each service that consumes, with a queue for its dead letters, and for each service a user that may publish to its
 * exchanges, read its queue, and nothing else. Only the operator declares anything.
 *
 * What can change later (limits, where dead letters go) is in policies, since a queue's own arguments cannot. A queue
 * stays, with its messages, when its object is deleted. A later layer can make a further topology on the same cluster.
 */
export class RabbitMqTopology extends Construct {
  /** What depends on the objects being there. The broker has them moments later. */
  readonly delivered: ITerraformDependable & IDependable;

  /** @throws SocleError when a service has no credentials, or credentials have no service */
  constructor(scope: Construct, id: string, props: RabbitMqTopologyProps) {
    super(scope, id);
    const { topology, credentials } = props;
    const names = topology.services.map(({ name }) => name);
    SocleError.throwIfAny(this.node.path, [
      ...names
        .filter((name) => !(name in credentials))
        .map((name) => `the service "${name}" has no credentials: give its Secret`),
      ...Object.keys(credentials)
        .filter((name) => !names.includes(name))
        .map((name) => `there are credentials for "${name}", which is no service of ${topology.vhost}`),
    ]);
    this.delivered = new Manifests(this, "Default", {
      namespace: props.namespace,
      name: `rabbitmq-${topology.vhost}`,
      manifests: manifestsOf(props),
      dependsOn: [...(props.dependsOn ?? []), ...Object.values(credentials).map(({ delivered }) => delivered)],
    }).delivered;
  }
}

function manifestsOf({ topology, cluster, credentials }: RabbitMqTopologyProps): Manifest[] {
  const { vhost } = topology;
  const object = (kind: string, name: string, spec: Record<string, unknown>): Manifest => ({
    apiVersion: API_VERSION,
    kind,
    // Several topologies share a namespace.
    metadata: { name: `${vhost}.${name}` },
    spec: { ...spec, rabbitmqClusterReference: { name: cluster } },
  });
  const exchange = (name: string, type: string) => object("Exchange", name, { name, vhost, type, durable: true });
  const queue = (name: string) =>
    object("Queue", name, { name, vhost, type: "quorum", durable: true, deletionPolicy: "retain" });
  const binding = (name: string, source: string, destination: string, routingKey: string) =>
    object("Binding", name, { vhost, source, destination, destinationType: "queue", routingKey });
  const policy = (name: string, pattern: string, definition: Record<string, unknown>) =>
    object("Policy", name, { name, vhost, pattern, applyTo: "queues", definition });

  const ofService = (service: MessagingService): Manifest[] => [
    object("User", service.name, {
      importCredentialsSecret: { name: (credentials[service.name] as CredentialsSecret).secretName },
    }),
    object("Permission", service.name, {
      vhost,
      userReference: { name: `${vhost}.${service.name}` },
      permissions: {
        configure: NOTHING,
        write: oneOf(service.publishes),
        read: oneOf(service.queue === undefined ? [] : [service.queue]),
      },
    }),
    ...(service.queue === undefined ? [] : ofQueue(service, service.queue)),
  ];
  const ofQueue = ({ consumes }: MessagingService, name: string): Manifest[] => {
    const deadLetter = `${name}.dead-letter`;
    return [
      queue(name),
      policy(name, oneOf([name]), {
        "delivery-limit": DELIVERY_LIMIT,
        "dead-letter-exchange": deadLetter,
        // A dead letter leaves the queue only once the other has it, which needs publishers to be refused, not messages dropped.
        "dead-letter-strategy": "at-least-once",
        overflow: "reject-publish",
        "max-length": MAXIMUM_LENGTH,
      }),
      exchange(deadLetter, "fanout"),
      queue(deadLetter),
      policy(deadLetter, oneOf([deadLetter]), { "message-ttl": DEAD_LETTER_TTL, "max-length": MAXIMUM_LENGTH }),
      binding(deadLetter, deadLetter, deadLetter, ""),
      ...consumes.map(({ exchange: source, routingKey }) =>
        binding(`${name}.from.${source}.${bindingWord(routingKey)}`, source, name, routingKey),
      ),
    ];
  };
  return [
    object("Vhost", "vhost", { name: vhost, defaultQueueType: "quorum", deletionPolicy: "retain" }),
    ...topology.exchanges.map((name) => exchange(name, "topic")),
    ...topology.services.flatMap(ofService),
  ];
}

/** A regular expression that matches exactly these names. */
function oneOf(names: readonly string[]): string {
  return names.length === 0 ? NOTHING : `^(${names.map((name) => name.replaceAll(".", "\\.")).join("|")})$`;
}

/** A routing key as part of an object's name: a binding cannot be changed, so another key has to be another object. */
function bindingWord(routingKey: string): string {
  return routingKey.replaceAll("*", "any").replaceAll("#", "all");
}
