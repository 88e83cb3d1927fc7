import { PostgresqlExporter } from "../../../constructs/observability/postgresql-exporter";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { testNamespace } from "../../support/cluster";
import { only } from "../../support/construct";
import { watch } from "../../support/monitors";
import { testStore } from "../../support/vault-store";

type Props = Partial<ConstructorParameters<typeof PostgresqlExporter>[2]>;

const build = (props: Props = {}) =>
  watch((monitors, _, layer) => {
    const namespace = testNamespace(layer.node.findChild("cluster") as KubernetesCluster, "exporters");
    const credentials = testStore(layer, namespace).secret("postgresql-monitoring", {
      entry: "postgresql/monitoring",
      keys: { user: "user", password: "password" },
    });
    new PostgresqlExporter(layer, "exporter", {
      namespace,
      host: "postgres.example.com",
      credentials,
      ...props,
    }).monitor(monitors);
  });

describe("PostgresqlExporter", () => {
  test("THEN it logs in with files of the Secret, over TLS, and follows the Secret", () => {
    const { json } = build();
    const { spec } = only(json.resource?.["kubernetes_deployment_v1"]) as {
      spec: {
        template: {
          metadata: { annotations: Record<string, string> };
          spec: { container: { image: string; env: unknown[] }[]; volume: unknown[] };
        };
      };
    };
    const [container] = spec.template.spec.container;
    expect(container?.image).toBe("quay.io/prometheuscommunity/postgres-exporter:v0.20.1");
    expect(container?.env).toEqual([
      { name: "HOME", value: "/tmp" },
      { name: "DATA_SOURCE_URI", value: "postgres.example.com:5432/postgres?sslmode=require" },
      { name: "DATA_SOURCE_USER_FILE", value: "/secrets/postgresql/user" },
      { name: "DATA_SOURCE_PASS_FILE", value: "/secrets/postgresql/password" },
    ]);
    expect(JSON.stringify(spec.template.spec.volume)).toContain('"name":"postgresql-monitoring"');
    expect(Object.keys(spec.template.metadata.annotations)).toEqual(["socle/credentials"]);
  });

  test("GIVEN another port, database and no TLS THEN it connects so", () => {
    const { json } = build({ port: 6432, database: "template1", sslMode: "disable" });
    expect(JSON.stringify(json.resource?.["kubernetes_deployment_v1"])).toContain(
      "postgres.example.com:6432/template1?sslmode=disable",
    );
  });

  test("THEN it is read, with rules and a dashboard", () => {
    const { names, flows } = build();
    expect(names).toEqual(["PodMonitor/postgresql", "PrometheusRule/postgresql", "ConfigMap/dashboard-postgresql"]);
    expect(flows).toEqual([["egress", "monitoring/prometheus", "exporters/postgresql-exporter", "9187"]]);
  });

  test("fails for a host and a database that are none, both at once", () => {
    expect(() => build({ host: "postgres://x", database: "a b" })).toThrow(
      /host is "postgres:\/\/x": use a name or an address[^]*database is "a b": use letters, digits and "_"/,
    );
  });
});
