import { type LaterLayer } from "../later-layer";

/** Why there is no Apache Ranger, though it can be asked for. */
export const WHY_NO_RANGER =
  "Apache Ranger has no maintained Helm chart, and needs a database and a search engine of its own for its audits: more " +
  "memory than the rest of the security layer. Trino's access control by the Open Policy Agent (component opa, policies in " +
  "policies/trino) has the row filters and column masks that it would be there for. Take ranger out of extra_components.";

/** Refuses the component `ranger` at plan, with the reason. */
export function refuseRanger(lab: LaterLayer): void {
  lab.refuse("ranger", WHY_NO_RANGER);
}
