import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { ExistingNamespace } from "../../constructs/cluster/namespace";
import { Pods } from "../../constructs/cluster/network-policy";
import { type Layer } from "../../constructs/core/layer";
import { PODS } from "./names";

/**
 * Pods that an earlier layer delivered, to allow flows from and to them. Both sides' policies belong to the layer that
 * asks.
 *
 * @param name a key of {@link PODS}, such as `prometheus`
 */
export function neighbour(layer: Layer, cluster: KubernetesCluster, name: keyof typeof PODS): Pods {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const { namespace, labels } = PODS[name];
  return (
    (layer.node.tryFindChild(`${words}_pods`) as Pods | undefined) ??
    new Pods(layer, `${words}_pods`, {
      namespace: new ExistingNamespace(cluster, namespace),
      labels,
      name: words.replaceAll("_", "-"),
    })
  );
}
