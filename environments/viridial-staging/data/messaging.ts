import { type Layer } from "../../../constructs/core/layer";
import { RabbitMqCluster } from "../../../constructs/messaging/rabbitmq-cluster";
import { CREDENTIALS_LABELS, RabbitMqTopology } from "../../../constructs/messaging/rabbitmq-topology";
import { viridialMessaging } from "../messaging";
import { VAULT_ENTRIES } from "../names";
import { neighbour } from "../neighbours";
import { type Profile } from "../settings";
import { type DataProps } from "./props";

const SIZES: Record<Profile, { replicas: 1 | 3; cpuMillis: number; memoryMib: number; storageGib: number }> = {
  // The least that Hetzner makes is a volume of 10 GB.
  staging: { replicas: 1, cpuMillis: 150, memoryMib: 640, storageGib: 10 },
  production: { replicas: 3, cpuMillis: 300, memoryMib: 1024, storageGib: 20 },
};

/** Vault's entry with the user of each service. */
const CREDENTIALS: Readonly<Record<string, string>> = {
  property: VAULT_ENTRIES.rabbitMqProperty,
  search: VAULT_ENTRIES.rabbitMqSearch,
  identity: VAULT_ENTRIES.rabbitMqIdentity,
};

/** RabbitMQ, with what the services say to each other. */
export function addMessaging(layer: Layer, { cluster, namespace, settings, monitors, store }: DataProps): void {
  const { replicas, storageGib, ...resources } = SIZES[settings.profile];
  const broker = new RabbitMqCluster(layer, "rabbitmq", {
    namespace,
    replicas,
    resources,
    storageGib,
    topologyOperator: neighbour(layer, cluster, "rabbitMqTopologyOperator"),
  });
  new RabbitMqTopology(layer, "messaging", {
    namespace,
    cluster: broker.name,
    topology: viridialMessaging(),
    credentials: Object.fromEntries(
      Object.entries(CREDENTIALS).map(([service, entry]) => [
        service,
        store.secret(`rabbitmq-${service}`, {
          entry,
          keys: { username: "username", password: "password" },
          template: { labels: CREDENTIALS_LABELS },
        }),
      ]),
    ),
    dependsOn: [broker.delivered],
  });
  // By queue: alerts tell a service's own from its dead letters.
  monitors.scrape({ pods: broker.pods, ...broker.metrics, path: "/metrics/per-object" });
}
