/** Most memory that each container of the lab may take where its user does not say otherwise, in MiB. */
export const CONTAINER_MEMORY_MIB = {
  postgres: 1024,
  vault: 256,
  registry: 256,
  gitlab: 4608,
} as const;
