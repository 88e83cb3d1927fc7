import { main } from "./constructs/core/synthesize";

void main({
  "kauri-aws": () => import("./environments/kauri-aws"),
});
