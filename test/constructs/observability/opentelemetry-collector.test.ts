import { parse } from "yaml";
import { Jaeger } from "../../../constructs/observability/jaeger";
import {
  OpenTelemetryCollector,
  type OpenTelemetryCollectorProps,
} from "../../../constructs/observability/opentelemetry-collector";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";

const build = (
  props: Partial<OpenTelemetryCollectorProps> = {},
  use: (made: OpenTelemetryCollector) => void = () => {},
) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "monitoring");
    const jaeger = new Jaeger(layer, "jaeger", { namespace, retentionDays: 1, volumeGib: 1 });
    use(new OpenTelemetryCollector(layer, "collector", { namespace, jaeger, sampledPercent: 10, ...props }));
  });

interface Config {
  readonly receivers: object;
  readonly processors: Record<string, unknown>;
  readonly exporters: Record<string, unknown>;
  readonly extensions: object;
  readonly service: { extensions: string[]; pipelines: Record<string, Record<string, string[]>> };
}

const releaseOf = ({ json }: ReturnType<typeof build>) =>
  json.resource?.["helm_release"]?.["collector"] as { values: string[]; name: string; depends_on: string[] };
const valuesOf = (built: ReturnType<typeof build>) =>
  parse(releaseOf(built).values[0] ?? "") as Record<string, unknown> & { alternateConfig: Config };

describe("OpenTelemetryCollector", () => {
  const built = build();
  const values = valuesOf(built);
  const config = values.alternateConfig;

  test("THEN it takes OTLP, samples whole traces before it makes batches, and hands them on to Jaeger", () => {
    expect(config.service.pipelines).toEqual({
      traces: {
        receivers: ["otlp"],
        processors: ["memory_limiter", "probabilistic_sampler", "batch"],
        exporters: ["otlp_grpc/jaeger"],
      },
    });
    expect(config.processors["probabilistic_sampler"]).toEqual({ sampling_percentage: 10 });
    expect(config.exporters).toEqual({
      "otlp_grpc/jaeger": { endpoint: "jaeger.monitoring:4317", tls: { insecure: true } },
    });
    expect(releaseOf(built).depends_on).toContain("helm_release.jaeger");
  });

  test("THEN every part that is used is defined, and the other way round", () => {
    const traces = config.service.pipelines["traces"] ?? {};
    expect(traces["receivers"]).toEqual(Object.keys(config.receivers));
    expect([...(traces["processors"] ?? [])].sort()).toEqual(Object.keys(config.processors).sort());
    expect(traces["exporters"]).toEqual(Object.keys(config.exporters));
    expect(config.service.extensions).toEqual(Object.keys(config.extensions));
  });

  test("THEN it has no token, is restricted, and is reached by no more ports than it needs", () => {
    expect(values["serviceAccount"]).toEqual({ automountServiceAccountToken: false });
    expect(values["securityContext"]).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const ports = values["ports"] as Record<string, { enabled: boolean }>;
    const off = Object.entries(ports).flatMap(([name, { enabled }]) => (enabled ? [] : [name]));
    expect(off).toEqual(["jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin"]);
    const collector = "monitoring/opentelemetry-collector";
    expect(flowsOf(built.json).filter(([, pods]) => pods === collector)).toEqual([
      ["egress", collector, "monitoring/jaeger", "4317"],
    ]);
  });

  test("GIVEN replicas THEN each is counted, and its metrics can be read", () => {
    build({ replicas: 2 }, ({ metrics, pods }) => {
      expect(metrics).toMatchObject({ portName: "metrics", port: 8888 });
      const row = pods.namespace.cluster.capacity.entry.rows.find(({ name }) => name === "opentelemetry-collector");
      expect(row).toMatchObject({ replicas: 2, cpuMillis: 100, memoryMib: 320 });
    });
    expect(valuesOf(build({ replicas: 2 }))["replicaCount"]).toBe(2);
  });

  test.each([0, 101, Number.NaN])("fails for a share of %s percent", (sampledPercent) => {
    expect(() => build({ sampledPercent, replicas: 0 })).toThrow(
      [
        "test/collector: 2 problems",
        `  - sampledPercent is ${sampledPercent}: use more than 0 and at most 100`,
        "  - replicas is 0: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});
