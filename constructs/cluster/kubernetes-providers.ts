import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { type Layer } from "../core/layer";
import { type ClusterCapacity } from "./capacity";
import { type ClusterNetwork } from "./network-policy";

export interface KubernetesClusterProps {
  /** Address of the API server, such as `https://203.0.113.7:6443`. */
  readonly host: string;
  /** PEM, as the three others that follow. */
  readonly caCertificate: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
  readonly network: ClusterNetwork;
  /** Shared by all layers that deliver to the same cluster. */
  readonly capacity: ClusterCapacity;
}

/** Capacities that a cluster watches already. */
const COUNTED = new WeakSet<ClusterCapacity>();

/**
 * The cluster that a layer delivers to: made by an earlier layer, since a provider cannot be configured from what the
 * same apply creates. Configures the layer's Kubernetes and Helm providers; what is delivered is counted against its
 * nodes, and synth fails when it does not fit.
 */
export class KubernetesCluster extends Construct {
  readonly network: ClusterNetwork;
  readonly capacity: ClusterCapacity;
  private first: readonly ITerraformDependable[] = [];

  constructor(scope: Layer, id: string, props: KubernetesClusterProps) {
    super(scope, id);
    this.network = props.network;
    this.capacity = props.capacity;
    const access = {
      host: props.host,
      clusterCaCertificate: props.caCertificate,
      clientCertificate: props.clientCertificate,
      clientKey: props.clientKey,
    };
    new KubernetesProvider(scope, "kubernetes", access);
    new HelmProvider(scope, "helm", { kubernetes: access });
    scope.capacity = () => props.capacity.entry;
    // Once, though several layers deliver to the same cluster.
    if (!COUNTED.has(props.capacity)) {
      COUNTED.add(props.capacity);
      this.node.addValidation({ validate: () => props.capacity.problems() });
    }
  }

  /** What a namespace that is made now waits for: nothing, until {@link requireFirst} says so. */
  get prerequisites(): readonly ITerraformDependable[] {
    return this.first;
  }

  /**
   * Lets every namespace that is made from now on, and so all that is in it, wait for something: that the nodes are ready,
   * for instance.
   */
  requireFirst(dependable: ITerraformDependable): void {
    this.first = [...this.first, dependable];
  }
}
