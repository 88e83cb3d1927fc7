import { Op, Token } from "cdktf";
import { ConditionalNamespace, countPods, Namespace } from "../../../constructs/cluster/namespace";
import { SingleService } from "../../../constructs/cluster/single-service";
import { Apisix } from "../../../constructs/gateway/apisix";
import { DeclarativeKong } from "../../../constructs/gateway/declarative-kong";
import { type GatewayRoute } from "../../../constructs/gateway/gateway-route";
import { HTTPS_ROUTE } from "../../../constructs/gateway/https-route";
import { type LaterLayer } from "../later-layer";
import { NAMESPACES } from "../names";

/** Answers any path with what it was asked; no shell and no disk. */
const IMAGE = "traefik/whoami:v1.11.0";
const PORT = 8080;
const REQUESTS = { cpuMillis: 50, memoryMib: 32, memoryLimitMib: 64 };

const GATEWAYS = ["apisix", "kong"] as const;

/**
 * Apache APISIX and Kong, each chosen by itself, with one service behind them that Traefik leads to directly, too:
 * workloads/comparisons/gateways.sh measures what each adds. Traefik is in front of both, since it alone is reached from
 * outside the cluster.
 */
export function addGateways(lab: LaterLayer): void {
  const bench = addBench(lab);
  const route: GatewayRoute = {
    name: "bench",
    path: "/bench",
    host: `${bench.name}.${NAMESPACES.bench}.svc.cluster.local`,
    port: bench.port,
  };
  const namespaceOf = (gateway: (typeof GATEWAYS)[number], memoryMib: number) =>
    lab.namespace(gateway, NAMESPACES[gateway], { quota: { cpuMillis: 250, memoryMib, pods: 5 } }).chosen;
  const common = { delivery: lab.deliver(), routes: [route] };
  const apisix = new Apisix(lab.layer, "apisix", {
    ...common,
    namespace: namespaceOf("apisix", 512),
    host: lab.host("bench-apisix"),
  });
  const kong = new DeclarativeKong(lab.layer, "kong", {
    ...common,
    namespace: namespaceOf("kong", 768),
    host: lab.host("bench-kong"),
  });
  for (const [name, gateway] of Object.entries({ apisix, kong })) {
    gateway.allowFrom(lab.neighbour("traefik"));
    bench.allowFrom(gateway);
    lab.monitors(name as (typeof GATEWAYS)[number]).scrape({ pods: gateway.pods, ...gateway.metrics });
  }
}

/** The service that is asked: there while one of the gateways is. */
function addBench(lab: LaterLayer): SingleService {
  const [apisix, kong] = GATEWAYS.map((gateway) => lab.when(gateway)) as [
    ReturnType<LaterLayer["when"]>,
    ReturnType<LaterLayer["when"]>,
  ];
  const always = new Namespace(lab.layer, "bench_namespace", {
    cluster: lab.cluster,
    name: NAMESPACES.bench,
    quota: { cpuMillis: 250, memoryMib: 256, pods: 5 },
  });
  const either = { booleanValue: Token.asAny(Op.or(apisix.booleanValue, kong.booleanValue)) };
  const bench = new SingleService(lab.layer, "bench", {
    namespace: new ConditionalNamespace(always, either),
    image: IMAGE,
    port: PORT,
    healthPath: "/health",
    environment: { WHOAMI_PORT_NUMBER: String(PORT) },
    resources: REQUESTS,
    route: { host: lab.host("bench"), annotations: HTTPS_ROUTE },
  });
  bench.allowFrom(lab.neighbour("traefik"));
  // The budget goes by components: it is counted with each of the two.
  for (const when of [apisix, kong]) {
    countPods(new ConditionalNamespace(always, when), { name: bench.name, ...REQUESTS, replicas: 1 });
  }
  return bench;
}
