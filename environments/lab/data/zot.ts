import { ZotRegistry } from "../../../constructs/delivery/zot-registry";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/** A registry in the cluster, to compare it with the one beside it. */
export function addZot(lab: LaterLayer): void {
  const { always, chosen } = lab.namespace("zot", NAMESPACES.zot, {
    quota: { cpuMillis: 250, memoryMib: 512, pods: 5 },
  });
  const gate = new BasicAuthGate(lab.layer, "zot_gate", {
    namespace: always,
    user: "lab",
    passwordRevision: lab.passwordRevision,
    what: "the registry zot",
  });
  const zot = new ZotRegistry(lab.layer, "zot", {
    namespace: chosen,
    delivery: lab.deliver(),
    host: lab.host("zot"),
    gate,
  });
  zot.allowFrom(lab.neighbour("traefik"));
  lab.monitors("zot").scrape({ pods: zot.pods, ...zot.metrics });
}
