import { PODS } from "../../../../environments/viridial-staging/names";
import { SETTINGS } from "../../../../environments/viridial-staging/settings";
import { flowsOf } from "../../../support/cluster";
import { synthesizeData } from "../../../support/viridial-data";

const { layer, json } = synthesizeData(SETTINGS);

describe("the other stores of viridial-staging-data", () => {
  test("THEN what staging requests of them stays within its part of the nodes", () => {
    const mine = /^(rabbitmq|valkey|meilisearch|minio|object-store-(setup|copy)|second-region-copy|velero\/.*)$/;
    const rows = (layer.capacity?.().rows ?? []).filter(({ name }) => mine.test(name));
    const sum = (key: "cpuMillis" | "memoryMib") => rows.reduce((total, row) => total + row[key], 0);
    expect(rows).toHaveLength(11);
    expect([sum("cpuMillis"), sum("memoryMib")]).toEqual([610, 2152]);
  });

  test("THEN each store has the pods that names.ts promises", () => {
    const flows = flowsOf(json).map(([, pods]) => pods);
    for (const name of ["rabbitMq", "valkey", "meilisearch", "objectStore"] as const) {
      expect(flows).toContain(`viridial-data/${Object.values(PODS[name].labels).join("+")}`);
    }
  });

  test("THEN the flows of these stores are exactly those that are needed, before the services come", () => {
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    const outside = "0.0.0.0/0 -10.244.0.0/16 -10.96.0.0/12 -169.254.0.0/16";
    const nodes = SETTINGS.networkCidrBlock;
    const data = (name: string) => `viridial-data/${name}`;
    const minio = data("minio+minio");
    const prometheus = `viridial-monitoring/${Object.values(PODS.prometheus.labels).join("+")}`;
    const operator = `rabbitmq-system/${Object.values(PODS.rabbitMqTopologyOperator.labels).join("+")}`;
    const mine =
      /\/(rabbitmq|valkey|meilisearch|minio\+minio|object-store-.*|second-region-copy|etcd-copy|velero)$|^velero\//;
    expect(flowsOf(json).filter(([, pods]) => mine.test(pods))).toEqual(
      [
        ["egress", data("rabbitmq"), nodes, "6443"],
        ["ingress", data("rabbitmq"), operator, "15672"],
        ["ingress", data("rabbitmq"), prometheus, "15692"],
        ["ingress", data("valkey"), prometheus, "9121"],
        ["ingress", data("meilisearch"), prometheus, "7700"],
        ["egress", minio, internet, "443"],
        ["ingress", minio, data("object-store-setup"), "9000"],
        ["ingress", minio, data("object-store-copy"), "9000"],
        ["ingress", minio, prometheus, "9000"],
        ["egress", data("object-store-setup"), minio, "9000"],
        ["egress", data("object-store-copy"), minio, "9000"],
        ["egress", data("object-store-copy"), internet, "443"],
        ["egress", data("second-region-copy"), internet, "443"],
        ["egress", "velero/etcd-copy", internet, "443"],
        ["egress", "velero/*", outside, "443"],
        ["egress", "velero/*", nodes, "6443"],
        ["egress", "velero/*", "kube-system/kube-dns", "53/UDP,53"],
        ["ingress", "velero/velero", prometheus, "8085"],
      ].sort((a, b) => (a.join() < b.join() ? -1 : 1)),
    );
  });
});
