import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { type ClusterSources, connectCluster } from "./cluster-access";
import { addFoundation } from "./platform/foundation";
import { addGateway } from "./platform/gateway";
import { addObservability } from "./platform/observability";
import { addOperators } from "./platform/operators";

/**
 * The second layer of viridial-staging: what makes the cluster one that services can run on. Its parts come in an order
 * without which nothing becomes ready: network and cloud controller, ready nodes, storage, then the rest.
 */
export function viridialPlatform(environment: Environment, sources: ClusterSources): Layer {
  const layer = new Layer(environment, `${environment.name}-platform`, {
    description: "Network, storage, gateway, monitoring, operators and Vault on the cluster.",
  });
  const { settings } = sources;
  const cluster = connectCluster(layer, sources);
  const earlier = layer.read(sources.clusterLayer);
  const namespaces = addFoundation(layer, { cluster, earlier, settings });
  const monitoring = addObservability(layer, { cluster, namespaces, settings });
  const certManager = addGateway(layer, { cluster, earlier, namespaces, settings, monitoring });
  addOperators(layer, { cluster, namespaces, settings, monitoring, certManager });
  return layer;
}
