import { helmRelease } from "../../../constructs/cluster/component";
import { Pods } from "../../../constructs/cluster/network-policy";
import { IcebergCatalog } from "../../../constructs/data-platform/iceberg-catalog";
import { LAKEHOUSE, Trino, type TrinoProps } from "../../../constructs/data-platform/trino";
import { BasicAuthGate } from "../../../constructs/gateway/basic-auth-gate";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { releaseOf } from "../../support/helm";
import { messageOf } from "../../support/layers";
import { testRevision } from "../../support/single-sign-on";
import { testStore } from "../../support/vault-store";

const build = (groups: TrinoProps["groups"]) =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "trino_namespace", { name: "trino" });
    const store = testStore(layer, namespace);
    const credentials = store.secret("database", { entry: "database", keys: { user: "user", password: "password" } });
    const trino = new Trino(layer, "trino", {
      namespace,
      delivery: helmRelease,
      host: "trino.test",
      gate: new BasicAuthGate(layer, "gate", {
        namespace,
        user: "lab",
        passwordRevision: testRevision(layer),
        what: "Trino",
      }),
      lakehouse: {
        catalog: new IcebergCatalog(layer, "catalog", {
          namespace,
          image: "postgres:17.7-bookworm",
          host: "postgres.test",
          port: 5432,
          database: "iceberg",
          credentials,
        }),
        credentials,
        warehouse: "s3://data/lakehouse",
        storeEndpoint: "http://minio.minio:9000",
        storeKeys: store.secret("store", { entry: "store", keys: { "access-key": "id", "secret-key": "key" } }),
      },
      groups,
      decisions: "http://opa.opa:8181/v1/data/trino",
    });
    trino.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  });
const { json } = build({ admins: ["ada"], analysts: ["grace", "superset"] });
const { known, version, dependsOn } = releaseOf(json, "trino");
const catalogs = known["catalogs"] as Record<string, string | null>;

describe("Trino", () => {
  test("THEN one server plans and works, within what it requests", () => {
    expect(version).toBe("1.42.2");
    expect(known).toMatchObject({
      server: { workers: 0, config: { query: { maxMemory: "1GB" } } },
      coordinator: {
        config: { nodeScheduler: { includeCoordinator: true }, query: { maxMemoryPerNode: "1GB" } },
        jvm: { maxHeapSize: "2G" },
        resources: { requests: { memory: "3072Mi" } },
        deployment: { strategy: { type: "Recreate" } },
      },
    });
  });

  test("THEN Iceberg's tables are in the object store, and which there are in PostgreSQL, by secrets of the environment", () => {
    expect(LAKEHOUSE).toBe("lakehouse");
    expect(catalogs["lakehouse"]?.split("\n")).toEqual(
      expect.arrayContaining([
        "connector.name=iceberg",
        "iceberg.catalog.type=jdbc",
        "iceberg.jdbc-catalog.connection-url=jdbc:postgresql://postgres.test:5432/iceberg",
        "iceberg.jdbc-catalog.connection-password=${ENV:CATALOG_PASSWORD}",
        "iceberg.jdbc-catalog.default-warehouse-dir=s3://data/lakehouse",
        "fs.native-s3.enabled=true",
        "s3.endpoint=http://minio.minio:9000",
        "s3.aws-secret-key=${ENV:STORE_SECRET_KEY}",
      ]),
    );
    expect(Object.keys(catalogs)).toEqual(["tpch", "tpcds", "lakehouse", "postgresql"]);
    expect(catalogs["tpcds"]).toBeNull();
    expect(known["env"]).toContainEqual({
      name: "STORE_SECRET_KEY",
      valueFrom: { secretKeyRef: { name: "store", key: "secret-key" } },
    });
    expect(dependsOn.some((each) => each.startsWith("kubernetes_job_v1.catalog"))).toBe(true);
  });

  test("THEN the Open Policy Agent decides on tables, rows and columns", () => {
    expect(known["accessControl"]).toEqual({
      type: "properties",
      properties: [
        "access-control.name=opa",
        "opa.policy.uri=http://opa.opa:8181/v1/data/trino/allow",
        "opa.policy.batched-uri=http://opa.opa:8181/v1/data/trino/batch",
        "opa.policy.row-filters-uri=http://opa.opa:8181/v1/data/trino/row_filters",
        "opa.policy.batch-column-masking-uri=http://opa.opa:8181/v1/data/trino/batch_column_masks",
        "",
      ].join("\n"),
    });
  });

  test("THEN it tells who is in which group, by the file that it reads", () => {
    expect(known["auth"]).toEqual({ groups: "admins:ada\nanalysts:grace,superset\n", refreshPeriod: "1m" });
  });

  test("fails for a group without users, and for names that would be more than one in the file", async () => {
    expect(await messageOf(() => build({ admins: [], "a:b": ["ada,grace"] }))).toBe(
      [
        "test/trino: 3 problems",
        "  - groups.admins has no user: leave it out",
        '  - groups has the name "a:b": it has letters, digits and . _ @ - only',
        '  - groups has the name "ada,grace": it has letters, digits and . _ @ - only',
      ].join("\n"),
    );
  });

  test("THEN people come through the gate, and only who is allowed reaches it", () => {
    expect(known["additionalConfigProperties"]).toEqual(["http-server.process-forwarded=true"]);
    expect((known["ingress"] as { annotations: Record<string, string> }).annotations).toMatchObject({
      "traefik.ingress.kubernetes.io/router.middlewares": "trino-gate@kubernetescrd",
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "trino/trino")).toEqual([
      ["ingress", "trino/trino", "apps/client", "8080"],
    ]);
  });
});
