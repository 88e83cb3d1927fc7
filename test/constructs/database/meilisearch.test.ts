import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Meilisearch, type MeilisearchProps } from "../../../constructs/database/meilisearch";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { testStore } from "../../support/vault-store";

function build(props: Partial<MeilisearchProps> = {}, use: (index: Meilisearch, client: Pods) => void = () => {}) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "data");
    const apps = testNamespace(cluster, "apps");
    use(
      new Meilisearch(layer, "meilisearch", {
        namespace,
        masterKey: testStore(layer, namespace).secret("meilisearch", {
          entry: "meilisearch",
          keys: { MEILI_MASTER_KEY: "master-key" },
        }),
        resources: { cpuMillis: 100, memoryMib: 256, memoryLimitMib: 768 },
        storageGib: 10,
        prometheus: new Pods(layer, "prometheus", { namespace: apps, labels: { app: "prometheus" } }),
        ...props,
      }),
      new Pods(layer, "client", { namespace: apps, labels: { app: "client" } }),
    );
  });
}

const valuesOf = ({ json }: ReturnType<typeof build>) => {
  const release = json.resource?.["helm_release"]?.["meilisearch"] as { values: string[]; version: string };
  return parse(release.values[0] ?? "") as Record<string, unknown>;
};

const built = build({}, (index, client) => index.allowFrom(client));

describe("Meilisearch", () => {
  test("THEN it is in production mode, with a snapshot a day on its volume, and tells nobody how it is used", () => {
    expect(valuesOf(built)).toMatchObject({
      environment: {
        MEILI_ENV: "production",
        MEILI_NO_ANALYTICS: "true",
        MEILI_SCHEDULE_SNAPSHOT: "86400",
        MEILI_SNAPSHOT_DIR: "/meili_data/snapshots",
        MEILI_MAX_INDEXING_MEMORY: "384MiB",
      },
      persistence: { enabled: true, size: "10Gi", annotations: { "helm.sh/resource-policy": "keep" } },
      resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "768Mi" } },
    });
  });

  test("THEN its master key comes from a Secret, and another one restarts it; metrics are on", () => {
    expect(valuesOf(built)).toMatchObject({
      auth: { existingMasterKeySecret: "meilisearch" },
      podAnnotations: { "backup.velero.io/backup-volumes": "data", "socle/master-key": "3" },
      serviceMonitor: { enabled: true },
    });
  });

  test("GIVEN no limit THEN it indexes with half of what it requests", () => {
    expect(valuesOf(build({ resources: { cpuMillis: 100, memoryMib: 512 } }))).toMatchObject({
      environment: { MEILI_MAX_INDEXING_MEMORY: "256MiB" },
      resources: { limits: { memory: "512Mi" } },
    });
  });

  test("THEN it is reached by Prometheus and who is allowed, and reaches nothing", () => {
    expect(flowsOf(built.json).filter(([, pods]) => pods === "data/meilisearch")).toEqual([
      ["ingress", "data/meilisearch", "apps/client", "7700"],
      ["ingress", "data/meilisearch", "apps/prometheus", "7700"],
    ]);
  });

  test("fails with a volume that is smaller than there are", () => {
    expect(() => build({ storageGib: 5 })).toThrow(
      "test/meilisearch: storageGib is 5: use a whole number from 10 on, the smallest volume at Hetzner",
    );
  });
});
