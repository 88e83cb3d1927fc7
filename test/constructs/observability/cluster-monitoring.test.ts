import {
  monitorArgoCd,
  monitorCertificates,
  monitorCluster,
  monitorNetworkFlows,
} from "../../../constructs/observability/cluster-monitoring";
import { flowsOf } from "../../support/cluster";
import { watch } from "../../support/monitors";

test("GIVEN a cluster THEN nodes, pods and targets have rules, and a dashboard", () => {
  const { names, flows } = watch((monitors) => monitorCluster(monitors));
  expect(names).toEqual([
    "PrometheusRule/nodes",
    "PrometheusRule/pods",
    "PrometheusRule/monitoring",
    "ConfigMap/dashboard-cluster",
  ]);
  expect(flows).toEqual([]);
});

test("GIVEN Cilium and CoreDNS THEN both are read, and no policy shuts them in", () => {
  const watched = watch((monitors, pods) =>
    monitorNetworkFlows(monitors, { cilium: pods("cilium"), coreDns: pods("coredns") }),
  );
  expect(watched.names).toEqual([
    "PodMonitor/hubble",
    "PodMonitor/coredns",
    "PrometheusRule/network-flows",
    "ConfigMap/dashboard-network-flows",
  ]);
  expect(watched.flows).toEqual([
    ["egress", "monitoring/prometheus", "10.0.0.0/16", "9965"],
    ["egress", "monitoring/prometheus", "apps/coredns", "9153"],
  ]);
  expect(flowsOf(watched.json).filter(([direction]) => direction === "ingress")).toEqual([]);
});

test("GIVEN no Cilium THEN only names are counted", () => {
  const { names } = watch((monitors, pods) => monitorNetworkFlows(monitors, { coreDns: pods("coredns") }));
  expect(names).toEqual(["PodMonitor/coredns", "PrometheusRule/network-flows", "ConfigMap/dashboard-network-flows"]);
});

test("GIVEN cert-manager and Argo CD THEN both are read, with rules", () => {
  const { names, flows } = watch((monitors, pods) => {
    monitorCertificates(monitors, pods("cert-manager"));
    monitorArgoCd(monitors, pods("argocd"));
  });
  expect(names).toEqual([
    "PodMonitor/cert-manager",
    "PrometheusRule/certificates",
    "PodMonitor/argocd",
    "PrometheusRule/argocd",
  ]);
  expect(flows).toEqual([
    ["egress", "monitoring/prometheus", "apps/argocd", "8082"],
    ["egress", "monitoring/prometheus", "apps/cert-manager", "9402"],
  ]);
});
