import { GROUPS } from "../names";

/**
 * Who is in which group, as Trino knows it: it reads a file, since nobody logs in to it through Keycloak. The first of each are
 * what the lab runs; the last two are there to try the policies' rows and columns with, such as `trino --user nora`.
 */
export const TRINO_GROUPS: Readonly<Record<(typeof GROUPS)[keyof typeof GROUPS], readonly string[]>> = {
  [GROUPS.admins]: ["admin"],
  [GROUPS.dataEngineers]: ["pipeline", "spark"],
  [GROUPS.analysts]: ["superset"],
  [GROUPS.analystsNorth]: ["nora"],
  [GROUPS.customerCare]: ["carla"],
};
