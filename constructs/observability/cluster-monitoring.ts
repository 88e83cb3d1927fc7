import { type Pods } from "../cluster/network-policy";
import { readDashboard } from "./dashboards";
import { type Monitors } from "./monitors";
import { addRules } from "./rules";

/** Watches nodes and pods, by what the Prometheus stack reads of itself. */
export function monitorCluster(monitors: Monitors): void {
  addRules(monitors, "cluster");
  monitors.dashboard(readDashboard("cluster"));
}

/** Where flows and names are counted. */
export interface NetworkPods {
  /** Cilium's agents, which are on the nodes' own network and have Hubble's metrics. @default - there is no Hubble */
  readonly cilium?: Pods;
  /** CoreDNS. Hubble would count names only where Cilium is a proxy for DNS. */
  readonly coreDns: Pods;
}

/**
 * Watches flows between pods, and names.
 *
 * @see https://docs.cilium.io/en/stable/observability/metrics/#hubble-metrics
 */
export function monitorNetworkFlows(monitors: Monitors, { cilium, coreDns }: NetworkPods): void {
  if (cilium) {
    monitors.scrape({ pods: cilium, portName: "hubble-metrics", port: 9965, name: "hubble", guardedBy: "node" });
  }
  monitors.scrape({ pods: coreDns, portName: "metrics", port: 9153, name: "coredns", guardedBy: "nothing" });
  addRules(monitors, "network-flows");
  monitors.dashboard(readDashboard("network-flows"));
}

/** Watches the certificates of cert-manager. */
export function monitorCertificates(monitors: Monitors, controller: Pods): void {
  monitors.scrape({ pods: controller, portName: "http-metrics", port: 9402, name: "cert-manager" });
  addRules(monitors, "certificates");
}

/** Watches what Argo CD delivers. */
export function monitorArgoCd(monitors: Monitors, controller: Pods): void {
  monitors.scrape({ pods: controller, portName: "metrics", port: 8082, name: "argocd" });
  addRules(monitors, "argocd");
}
