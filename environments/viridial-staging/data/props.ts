import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { type INamespace } from "../../../constructs/cluster/namespace";
import { type Monitors } from "../../../constructs/observability/monitors";
import { type VaultStore } from "../../../constructs/secrets/vault-store";
import { type OutsideBucket } from "../../../constructs/storage/object-store";
import { type ViridialSettings } from "../settings";

/** What each part of the layer gets. */
export interface DataProps {
  readonly cluster: KubernetesCluster;
  /** The namespace `viridial-data`, which the platform layer made. */
  readonly namespace: INamespace;
  readonly settings: ViridialSettings;
  /** Where backups go, outside the cluster. */
  readonly backup: OutsideBucket;
  /** A second region that backups are copied to, with the same keys; its endpoint and bucket are empty where there is none. */
  readonly copy: OutsideBucket;
  /** Metrics and alerts of this layer. */
  readonly monitors: Monitors;
  /** Brings entries of Vault into that namespace: there is one in each. */
  readonly store: VaultStore;
}
