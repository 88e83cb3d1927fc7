import { type ContainerResources } from "../../../constructs/cluster/workload";
import { type Layer } from "../../../constructs/core/layer";
import { Meilisearch } from "../../../constructs/database/meilisearch";
import { VAULT_ENTRIES } from "../names";
import { neighbour } from "../neighbours";
import { type Profile } from "../settings";
import { type DataProps } from "./props";

const SIZES: Record<Profile, { resources: ContainerResources; storageGib: number }> = {
  staging: { resources: { cpuMillis: 100, memoryMib: 320, memoryLimitMib: 768 }, storageGib: 10 },
  production: { resources: { cpuMillis: 300, memoryMib: 1024, memoryLimitMib: 2048 }, storageGib: 40 },
};

/** Meilisearch: the index that the search service asks. */
export function addSearch(layer: Layer, { cluster, namespace, settings, store }: DataProps): void {
  new Meilisearch(layer, "meilisearch", {
    namespace,
    masterKey: store.secret("meilisearch", {
      entry: VAULT_ENTRIES.meilisearch,
      keys: { MEILI_MASTER_KEY: "master-key" },
    }),
    prometheus: neighbour(layer, cluster, "prometheus"),
    ...SIZES[settings.profile],
  });
}
