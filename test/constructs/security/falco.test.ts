import { parse } from "yaml";
import { Falco } from "../../../constructs/security/falco";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const { json } = synthesizeLayer((layer) => {
  const namespace = testNamespace(testCluster(layer), "agents");
  const falco = new Falco(layer, "falco", { namespace, values: { falco: { priority: "warning" } } });
  expect(falco.metrics).toMatchObject({ portName: "web", port: 8765 });
  const row = namespace.cluster.capacity.entry.rows.find(({ name }) => name === "falco");
  expect(row).toMatchObject({ namespace: "agents", replicas: 1, memoryMib: 160 });
});

const release = only(json.resource?.["helm_release"]) as { values: string[]; chart: string; version: string };
const values = parse(release.values[0] ?? "") as Record<string, Record<string, unknown>>;

describe("Falco", () => {
  test("THEN its probe is part of it, and its container has four capabilities instead of being privileged", () => {
    expect([release.chart, release.version]).toEqual(["falco", "9.1.0"]);
    expect(values["driver"]).toMatchObject({
      kind: "modern_ebpf",
      loader: { enabled: false },
      modernEbpf: { leastPrivileged: true },
    });
  });

  test("THEN nothing is downloaded at a start, so it needs no way out", () => {
    expect(values["falcoctl"]).toEqual({ artifact: { install: { enabled: false }, follow: { enabled: false } } });
    expect(flowsOf(json).filter(([, pods]) => pods === "agents/falco")).toEqual([]);
  });

  test("THEN events are JSON on standard output and counted for Prometheus, on control planes too", () => {
    expect(values["falco"]).toMatchObject({ json_output: true, webserver: { prometheus_metrics_enabled: true } });
    expect(values["metrics"]).toEqual({ enabled: true });
    expect(values["tolerations"]).toEqual([{ operator: "Exists", effect: "NoSchedule" }]);
  });

  test("THEN of the container engines it asks containerd alone", () => {
    const { engines } = (values["collectors"] as { containerEngine: { engines: Record<string, object> } })
      .containerEngine;
    const { cri, ...others } = engines;
    expect(cri).toEqual({ sockets: ["/run/containerd/containerd.sock"] });
    expect(Object.values(others)).toEqual(Array.from({ length: 6 }, () => ({ enabled: false })));
  });

  test("THEN the image's own snippets are hidden: the plugin for containers, which the chart loads, would be loaded twice", () => {
    expect(values["mounts"]).toEqual({
      volumes: [{ name: "no-snippets", emptyDir: {} }],
      volumeMounts: [{ name: "no-snippets", mountPath: "/etc/falco/config.d", readOnly: true }],
    });
  });

  test("GIVEN values THEN they go over the files", () => {
    expect(values["falco"]?.["priority"]).toBe("warning");
  });
});
