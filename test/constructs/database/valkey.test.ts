import { parse } from "yaml";
import { Pods } from "../../../constructs/cluster/network-policy";
import { Valkey, type ValkeyProps } from "../../../constructs/database/valkey";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { synthesizeLayer } from "../../support/construct";
import { testStore } from "../../support/vault-store";

function build(props: Partial<ValkeyProps> = {}, use: (valkey: Valkey, client: Pods) => void = () => {}) {
  return synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "data");
    use(
      new Valkey(layer, "valkey", {
        namespace,
        password: testStore(layer, namespace).secret("valkey", { entry: "valkey", keys: { password: "password" } }),
        maximumMemoryMib: 192,
        cpuMillis: 60,
        storageGib: 10,
        ...props,
      }),
      new Pods(layer, "client", { namespace: testNamespace(cluster, "apps"), labels: { app: "client" } }),
    );
  });
}

const built = build({}, (valkey, client) => valkey.allowFrom(client));
const release = built.json.resource?.["helm_release"]?.["valkey"] as { values: string[]; version: string };
const values = parse(release.values[0] ?? "") as Record<string, unknown>;

describe("Valkey", () => {
  test("THEN what expires soonest goes first, and what was written is in a log on the volume", () => {
    expect(values["valkeyConfig"]).toBe(
      [
        "maxmemory 192mb",
        "maxmemory-policy volatile-ttl",
        "maxmemory-samples 10",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "",
      ].join("\n"),
    );
    expect(values).toMatchObject({
      dataStorage: { enabled: true, requestedSize: "10Gi", keepPvc: true },
      deploymentStrategy: "Recreate",
    });
  });

  test("THEN its limit leaves room for the pages that change while the log is rewritten", () => {
    expect(values["resources"]).toEqual({ requests: { cpu: "60m", memory: "240Mi" }, limits: { memory: "432Mi" } });
    expect(built.layer.capacity?.().rows.at(-1)).toMatchObject({ name: "valkey", cpuMillis: 70, memoryMib: 264 });
  });

  test("THEN its one user has the Secret's password, and neither administers nor empties the server", () => {
    expect(release.version).toBe("0.11.0");
    expect(values["auth"]).toEqual({
      enabled: true,
      usersExistingSecret: "valkey",
      aclUsers: {
        default: {
          passwordKey: "password",
          permissions:
            "~* &* +@all -@admin -@dangerous +info +config|get +client|list +slowlog|get +slowlog|len +latency|latest +latency|histogram",
        },
      },
    });
    expect(values["podAnnotations"]).toEqual({
      "backup.velero.io/backup-volumes": "valkey-data",
      "socle/password": "3",
    });
  });

  test("THEN it is reached by who is allowed, and reaches nothing", () => {
    expect(flowsOf(built.json).filter(([, pods]) => pods === "data/valkey")).toEqual([
      ["ingress", "data/valkey", "apps/client", "6379"],
    ]);
  });

  test("fails when memory and volume are too small, naming both", () => {
    expect(() => build({ maximumMemoryMib: 16, storageGib: 1 })).toThrow(
      [
        "test/valkey: 2 problems",
        "  - maximumMemoryMib is 16: use a whole number from 64 on",
        "  - storageGib is 1: use a whole number from 10 on, the smallest volume at Hetzner",
      ].join("\n"),
    );
  });
});
