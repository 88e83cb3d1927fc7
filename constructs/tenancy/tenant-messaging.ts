import { type Manifest } from "../cluster/manifests";

/** Kinds of RabbitMQ's messaging topology operator. @see https://github.com/rabbitmq/messaging-topology-operator */
const API_VERSION = "rabbitmq.com/v1beta1";

/** What one tenant's integrations may hold of the broker: as much as a few Jobs need. */
const LIMITS = { connections: 10, queues: 20 };

export interface TenantVhostProps {
  /** Id of the tenant. */
  readonly id: string;
  /** RabbitmqCluster, in the namespace that the objects are put into. */
  readonly rabbitMqCluster: string;
  /** Secret there with `username` (`tenant-<id>`) and `password`, and with the label that the operator wants. */
  readonly credentials: string;
}

/**
 * A virtual host `tenant-<id>`, and a user who may do everything in it and nothing elsewhere: not even the names of the
 * services' queues are seen. With the virtual host everything in it goes.
 */
export function tenantVhost({ id, rabbitMqCluster, credentials }: TenantVhostProps): readonly Manifest[] {
  const name = `tenant-${id}`;
  const rabbitmqClusterReference = { name: rabbitMqCluster };
  const object = (kind: string, spec: Readonly<Record<string, unknown>>): Manifest => ({
    apiVersion: API_VERSION,
    kind,
    metadata: { name },
    spec: { ...spec, rabbitmqClusterReference },
  });
  return [
    object("Vhost", { name, defaultQueueType: "quorum", limits: LIMITS }),
    object("User", { importCredentialsSecret: { name: credentials } }),
    // By name, not by reference: it then outlives a user that is made anew with another password.
    object("Permission", { vhost: name, user: name, permissions: { configure: ".*", write: ".*", read: ".*" } }),
  ];
}
