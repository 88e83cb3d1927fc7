import { type Environment } from "../../constructs/core/environment";
import { type Layer } from "../../constructs/core/layer";
import { type ClusterSources } from "./cluster-access";
import { LaterLayer } from "./later-layer";
import { type LabPlatform } from "./platform";
import { SECURITY_README } from "./security-readme";
import { addKeycloak } from "./security/keycloak";
import { addOpa } from "./security/opa";
import { refuseRanger } from "./security/ranger";
import { addVault } from "./security/vault";

/** The sixth layer of the lab: who people are, and who may do what. It comes before what logs in through it. */
export function labSecurity(environment: Environment, sources: ClusterSources, platform: LabPlatform): Layer {
  const lab = new LaterLayer(
    environment,
    {
      name: "security",
      description: "Keycloak, the Open Policy Agent and a Vault in the cluster, as far as they are chosen.",
      readme: SECURITY_README,
    },
    sources,
    platform,
  );
  addKeycloak(lab);
  addOpa(lab);
  addVault(lab);
  refuseRanger(lab);
  return lab.layer;
}
