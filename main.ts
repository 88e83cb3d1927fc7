import { main } from "./constructs/core/synthesize";

void main({
  "kauri-aws": () => import("./environments/kauri-aws"),
  lab: () => import("./environments/lab"),
  "oci-v2": () => import("./environments/oci-v2"),
  "viridial-staging": () => import("./environments/viridial-staging"),
});
