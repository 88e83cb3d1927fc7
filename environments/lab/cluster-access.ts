import { type ClusterCapacity } from "../../constructs/cluster/capacity";
import { KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { type ClusterNetwork } from "../../constructs/cluster/network-policy";
import { type Layer } from "../../constructs/core/layer";
import { type LabSettings } from "./settings";

/** What every layer above the cluster is given. */
export interface ClusterSources {
  readonly servicesLayer: Layer;
  readonly bootstrapLayer: Layer;
  /** The layer that made the cluster. */
  readonly clusterLayer: Layer;
  /** Shared by all layers that deliver to it. */
  readonly capacity: ClusterCapacity;
  readonly network: ClusterNetwork;
  readonly settings: LabSettings;
}

/** Connects a layer to the cluster of an earlier one, as its admin. */
export function connectLabCluster(
  layer: Layer,
  { clusterLayer, capacity, network }: ClusterSources,
): KubernetesCluster {
  const earlier = layer.read(clusterLayer);
  layer.addStateSecret({
    what: `\`data.terraform_remote_state.${clusterLayer.node.id.replaceAll("-", "_")}\`: \`kubernetes_client_key\``,
    why: "A state keeps all outputs of an earlier one that it reads. Who reads it opens the cluster: protect it like that one.",
  });
  return new KubernetesCluster(layer, "cluster", {
    host: earlier.getString("kubernetes_host"),
    caCertificate: earlier.getString("kubernetes_ca_certificate"),
    clientCertificate: earlier.getString("kubernetes_client_certificate"),
    clientKey: earlier.getString("kubernetes_client_key"),
    network,
    capacity,
  });
}
