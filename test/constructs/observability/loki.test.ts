import { parse } from "yaml";
import { TerraformData } from "../../../constructs/core/terraform-data";
import { Loki, type LokiProps } from "../../../constructs/observability/loki";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<LokiProps> = {}, use: (loki: Loki) => void = () => {}) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "monitoring");
    use(new Loki(layer, "loki", { namespace, retentionDays: 30, volumeGib: 20, ...props }));
  });

describe("Loki", () => {
  const { json } = build();
  const release = only(json.resource?.["helm_release"]) as { values: string[]; chart: string; version: string };
  const values = parse(release.values[0] ?? "") as Record<string, Record<string, Record<string, unknown>>>;

  test("THEN it is one process with its files on a volume, and keeps them for as long as it is said", () => {
    expect([release.chart, release.version]).toEqual(["loki", "18.11.0"]);
    expect(values["deploymentMode"]).toBe("Monolithic");
    expect(values["singleBinary"]).toMatchObject({ replicas: 1, persistence: { size: "20Gi" } });
    expect(values["loki"]).toMatchObject({
      auth_enabled: false,
      storage: { type: "filesystem" },
      commonConfig: { replication_factor: 1 },
      compactor: { retention_enabled: true, delete_request_store: "filesystem" },
      limits_config: { retention_period: "720h", allow_structured_metadata: true },
    });
  });

  test("THEN nothing of the chart's that is on by default and not needed runs", () => {
    for (const part of ["gateway", "chunksCache", "resultsCache", "lokiCanary", "test"]) {
      expect([part, values[part]?.["enabled"]]).toEqual([part, false]);
    }
    for (const part of ["read", "write", "backend"]) {
      expect([part, values[part]?.["replicas"]]).toEqual([part, 0]);
    }
    expect(values["sidecar"]?.["rules"]).toEqual({ enabled: false });
  });

  test("THEN it reaches itself, and nobody else reaches it yet; who wants to has its address", () => {
    const loki = "monitoring/loki";
    expect(flowsOf(json).filter(([, pods]) => pods === loki)).toEqual([
      ["egress", loki, loki, "9095,7946"],
      ["ingress", loki, loki, "9095,7946"],
    ]);
    build({}, ({ url, port, metrics }) => {
      expect([url, port]).toEqual(["http://loki.monitoring:3100", 3100]);
      expect(metrics).toMatchObject({ portName: "http-metrics", port: 3100 });
    });
  });

  test("GIVEN values THEN they go over the files, and the sizes over them", () => {
    const other = build({ values: { singleBinary: { persistence: { size: "1Gi", storageClass: "fast" } } } });
    const [document] = only(other.json.resource?.["helm_release"])["values"] as string[];
    expect(parse(document ?? "")).toMatchObject({
      singleBinary: { persistence: { size: "20Gi", storageClass: "fast" } },
    });
  });

  test("fails for numbers that are none, with all of them", () => {
    expect(() => build({ retentionDays: 0, volumeGib: 1.5 })).toThrow(
      [
        "test/loki: 2 problems",
        "  - retentionDays is 0: use a whole number from 1 on",
        "  - volumeGib is 1.5: use a whole number from 1 on",
      ].join("\n"),
    );
  });

  test("GIVEN another delivery THEN the chart goes that way", () => {
    const names: string[] = [];
    const { json: other } = build({
      delivery: (scope, { name }) => {
        names.push(name);
        return new TerraformData(scope, "delivered", {});
      },
    });
    expect(names).toEqual(["loki"]);
    expect(other.resource?.["helm_release"]).toBeUndefined();
  });
});
