import { createHash } from "node:crypto";

/**
 * Which of several Terraform states a tenant is in: by a hash of its id, so that the others stay where they are when one
 * comes or goes. With another number of shards most tenants move.
 *
 * @param shards how many there are, 1 and more
 * @returns 0 to `shards` - 1
 */
export function shardOf(id: string, shards: number): number {
  return createHash("sha256").update(id).digest().readUInt32BE(0) % shards;
}

/** The number of a shard as it is part of names: two digits. */
export function shardName(shard: number): string {
  return String(shard).padStart(2, "0");
}
