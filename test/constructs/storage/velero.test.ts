import { parse } from "yaml";
import { Velero, VELERO_CREDENTIALS, type VeleroProps } from "../../../constructs/storage/velero";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { testStore } from "../../support/vault-store";

function build(props: Partial<VeleroProps> = {}, passwordName = "velero-repo-credentials") {
  return synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer, { nodeCount: 2 }), "backups", { name: "velero" });
    const store = testStore(layer, namespace);
    new Velero(layer, "velero", {
      namespace,
      repositoryPassword: store.secret(passwordName, {
        entry: "velero",
        keys: { "repository-password": "repository-password" },
      }),
      credentials: store.secret("velero-credentials", {
        entry: "backups",
        keys: { accessKey: "access-key", secretKey: "secret-key" },
        template: { data: VELERO_CREDENTIALS },
      }),
      target: { endpoint: "https://s3.example.com", bucket: "outside", region: "eu" },
      schedule: "30 3 * * *",
      retentionDays: 30,
      ...props,
    });
  });
}

const built = build();
const release = built.json.resource?.["helm_release"]?.["velero"] as { values: string[]; depends_on: string[] };
const values = parse(release.values[0] ?? "") as Record<string, unknown>;

describe("Velero", () => {
  test("THEN backups go to the bucket outside, below velero/, by path and without checksums in trailers", () => {
    expect(values).toMatchObject({
      credentials: { existingSecret: "velero-credentials" },
      configuration: {
        backupStorageLocation: [
          {
            name: "default",
            provider: "aws",
            default: true,
            bucket: "outside",
            prefix: "velero",
            config: {
              region: "eu",
              s3Url: "https://s3.example.com",
              s3ForcePathStyle: "true",
              checksumAlgorithm: "",
            },
          },
        ],
      },
    });
  });

  test("THEN every day all objects but Secrets are kept for 30 days, and volumes that ask for it", () => {
    expect(values["schedules"]).toEqual({
      daily: {
        schedule: "30 3 * * *",
        template: {
          ttl: "720h0m0s",
          storageLocation: "default",
          includedNamespaces: ["*"],
          includeClusterResources: true,
          excludedResources: ["secrets", "events", "events.events.k8s.io"],
          snapshotVolumes: false,
          defaultVolumesToFsBackup: false,
        },
      },
    });
    expect(values).toMatchObject({ snapshotsEnabled: false, deployNodeAgent: true });
  });

  test("THEN the agents read the ConfigMap under the name that the chart gives it", () => {
    expect(values).toMatchObject({
      nodeAgent: { extraArgs: ["--node-agent-configmap=velero-node-agent-config"] },
      configMaps: { "node-agent-config": expect.anything() as unknown },
    });
  });

  test("THEN all pods of its namespace use the API and the bucket, before the chart's first Job runs", () => {
    const out = "0.0.0.0/0 -10.42.0.0/16 -10.43.0.0/16 -169.254.0.0/16";
    expect(flowsOf(built.json)).toEqual([
      ["egress", "velero/*", out, "443"],
      ["egress", "velero/*", "10.0.0.0/16", "6443"],
      ["egress", "velero/*", "kube-system/kube-dns", "53/UDP,53"],
    ]);
    expect(release.depends_on).toEqual(
      expect.arrayContaining(["kubernetes_network_policy_v1.velero_to_outside", "helm_release.vault"]),
    );
  });

  test("THEN agents and their workers are counted on every node", () => {
    expect(built.layer.capacity?.().rows.slice(1)).toEqual(
      [
        ["velero/velero", 1, 50, 128],
        ["velero/node-agent", 2, 40, 96],
        ["velero/upgrade-crds", 1, 10, 32],
        ["velero/workers", 2, 40, 128],
      ].map(([name, replicas, cpuMillis, memoryMib]) => ({
        name,
        namespace: "velero",
        replicas,
        cpuMillis,
        memoryMib,
      })),
    );
  });

  test("fails with a Secret of another name, a schedule and a retention that are none, naming all", () => {
    expect(() => build({ schedule: "@daily", retentionDays: 0.5 }, "password")).toThrow(
      [
        "test/velero: 3 problems",
        '  - the Secret repositoryPassword is "password": Velero reads "velero-repo-credentials"',
        '  - schedule is "@daily": it has five fields, such as "30 2 * * *"',
        "  - retentionDays is 0.5: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});
