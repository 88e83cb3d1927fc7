import { type ClusterCapacity } from "../../constructs/cluster/capacity";
import { KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { kubeadmNetwork } from "../../constructs/cluster/network-policy";
import { type Layer } from "../../constructs/core/layer";
import { type ViridialSettings } from "./settings";

/** What every layer above the cluster is given. */
export interface ClusterSources {
  /** The layer that made the cluster. */
  readonly clusterLayer: Layer;
  /** Shared by all layers that deliver to it. */
  readonly capacity: ClusterCapacity;
  readonly settings: ViridialSettings;
}

/** Connects a layer to the cluster of an earlier one, as its admin. */
export function connectCluster(layer: Layer, { clusterLayer, capacity, settings }: ClusterSources): KubernetesCluster {
  const earlier = layer.read(clusterLayer);
  layer.addStateSecret({
    what: `\`data.terraform_remote_state.${clusterLayer.node.id.replaceAll("-", "_")}\`: \`kubernetes_client_key\`, \`kubeconfig\`, \`bootstrap_token\``,
    why: "A state keeps all outputs of an earlier one that it reads. Who reads it opens the cluster: protect it like that one.",
  });
  return new KubernetesCluster(layer, "cluster", {
    host: earlier.getString("kubernetes_host"),
    caCertificate: earlier.getString("kubernetes_ca_certificate"),
    clientCertificate: earlier.getString("kubernetes_client_certificate"),
    clientKey: earlier.getString("kubernetes_client_key"),
    network: kubeadmNetwork([settings.networkCidrBlock]),
    capacity,
  });
}
