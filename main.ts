import { main } from "./constructs/core/synthesize";

void main({
  "kauri-aws": () => import("./environments/kauri-aws"),
  "oci-v2": () => import("./environments/oci-v2"),
  "viridial-staging": () => import("./environments/viridial-staging"),
});
