import { parse } from "yaml";
import { Jaeger, type JaegerProps } from "../../../constructs/observability/jaeger";
import { testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";

const build = (props: Partial<JaegerProps> = {}, use: (jaeger: Jaeger) => void = () => {}) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "monitoring");
    use(new Jaeger(layer, "jaeger", { namespace, retentionDays: 3, volumeGib: 10, ...props }));
  });

interface Values {
  readonly userconfig: Record<string, Record<string, unknown>>;
  readonly jaeger: Record<string, unknown> & { readonly podLabels: Record<string, string> };
  readonly extraObjects: object[];
}

const valuesOf = ({ json }: ReturnType<typeof build>) => {
  const [document] = only(json.resource?.["helm_release"])["values"] as string[];
  return parse(document ?? "") as Values;
};

describe("Jaeger", () => {
  const values = valuesOf(build());

  test("THEN its traces are in Badger on a volume, not in memory as the chart has it, for as long as it is said", () => {
    expect(values.userconfig["extensions"]?.["jaeger_storage"]).toEqual({
      backends: {
        badger: {
          badger: {
            ephemeral: false,
            directories: { keys: "/badger/keys", values: "/badger/values" },
            ttl: { spans: "72h" },
          },
        },
      },
    });
    expect(values.jaeger["extraVolumes"]).toEqual([
      { name: "badger", persistentVolumeClaim: { claimName: "jaeger-badger" } },
    ]);
    expect(values.jaeger["extraVolumeMounts"]).toEqual([{ name: "badger", mountPath: "/badger" }]);
    expect(values.extraObjects).toEqual([
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "jaeger-badger", annotations: { "helm.sh/resource-policy": "keep" } },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
      },
    ]);
  });

  test("THEN every part of its configuration that is used is defined, and the other way round", () => {
    const { service, extensions, receivers, processors, exporters } = values.userconfig as unknown as {
      service: { extensions: string[]; pipelines: { traces: Record<string, string[]> } };
    } & Record<string, Record<string, unknown>>;
    const traces = service.pipelines.traces;
    expect(service.extensions.sort()).toEqual(Object.keys(extensions ?? {}).sort());
    expect(traces["receivers"]).toEqual(Object.keys(receivers ?? {}));
    expect(traces["processors"]).toEqual(Object.keys(processors ?? {}));
    expect(traces["exporters"]).toEqual(Object.keys(exporters ?? {}));
    expect(exporters?.["jaeger_storage_exporter"]).toEqual({ trace_storage: "badger" });
    expect((extensions?.["jaeger_query"] as { storage: object }).storage).toEqual({ traces: "badger" });
  });

  test("THEN it is restricted", () => {
    expect(values.jaeger["podSecurityContext"]).toMatchObject({
      runAsNonRoot: true,
      fsGroup: 10001,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(values.jaeger["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("GIVEN another configuration THEN its pods are others, and with the same one they are not", () => {
    const label = (props: Partial<JaegerProps>) => valuesOf(build(props)).jaeger.podLabels["socle/configuration"];
    expect(label({})).toMatch(/^[0-9a-f]{12}$/);
    expect(label({ volumeGib: 20 })).toBe(label({}));
    expect(label({ retentionDays: 4 })).not.toBe(label({}));
  });

  test("THEN who sends to it has its address", () => {
    build({}, ({ otlpAddress, otlpPort, queryPort }) => {
      expect([otlpAddress, otlpPort, queryPort]).toEqual(["jaeger.monitoring:4317", 4317, 16686]);
    });
  });

  test("fails for numbers that are none, with all of them", () => {
    expect(() => build({ retentionDays: 0.5, volumeGib: 0 })).toThrow(
      [
        "test/jaeger: 2 problems",
        "  - retentionDays is 0.5: use a whole number from 1 on",
        "  - volumeGib is 0: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});
