import { type Layer } from "../../../constructs/core/layer";
import { Valkey } from "../../../constructs/database/valkey";
import { VAULT_ENTRIES } from "../names";
import { type Profile } from "../settings";
import { type DataProps } from "./props";

const SIZES: Record<Profile, { maximumMemoryMib: number; cpuMillis: number; storageGib: number }> = {
  staging: { maximumMemoryMib: 192, cpuMillis: 60, storageGib: 10 },
  production: { maximumMemoryMib: 1024, cpuMillis: 200, storageGib: 10 },
};

/** Valkey: sessions, what is cached, and the counters of rate limits. */
export function addCache(layer: Layer, { namespace, settings, monitors, store }: DataProps): void {
  const valkey = new Valkey(layer, "valkey", {
    namespace,
    password: store.secret("valkey", { entry: VAULT_ENTRIES.valkey, keys: { password: "password" } }),
    ...SIZES[settings.profile],
  });
  monitors.scrape({ pods: valkey.pods, ...valkey.metrics });
}
