import { parse } from "yaml";
import { Pods } from "../../constructs/cluster/network-policy";
import { type Layer, type TerraformJson } from "../../constructs/core/layer";
import { Monitors } from "../../constructs/observability/monitors";
import { flowsOf, testCluster, testNamespace } from "./cluster";
import { synthesizeLayer } from "./construct";

/** An object that monitors bring: a PodMonitor, a PrometheusRule or a dashboard's ConfigMap. */
export interface MonitorObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** What some pods in the namespace `apps` are watched by. */
export interface Watched {
  readonly json: TerraformJson;
  readonly objects: readonly MonitorObject[];
  /** The objects' kinds and names, such as `PodMonitor/airflow`. */
  readonly names: readonly string[];
  /** Flows from Prometheus, to `pods` and what else is watched. */
  readonly flows: readonly (readonly string[])[];
}

/** Watches pods called `pods`, or what a case makes in their namespace. */
export function watch(use: (monitors: Monitors, pods: (name: string) => Pods, layer: Layer) => void): Watched {
  const { json } = synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const monitoring = testNamespace(cluster, "monitoring");
    const apps = testNamespace(cluster, "apps");
    const prometheus = new Pods(layer, "prometheus", { namespace: monitoring, labels: { app: "prometheus" } });
    const monitors = new Monitors(layer, "watched", { prometheus, namespace: monitoring });
    use(monitors, (name) => new Pods(layer, name, { namespace: apps, labels: { app: name } }), layer);
  });
  const release = json.resource?.["helm_release"]?.["watched"] as { values: string[] };
  const { manifests } = parse(release.values[0] ?? "") as { manifests: Record<string, MonitorObject> };
  const objects = Object.values(manifests);
  return {
    json,
    objects,
    names: objects.map(({ kind, metadata: { name } }) => `${kind}/${name}`),
    flows: flowsOf(json).filter(
      ([direction, from, to]) =>
        direction === "egress" && from === "monitoring/prometheus" && to !== "kube-system/kube-dns",
    ),
  };
}
