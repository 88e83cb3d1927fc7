import { labData } from "../../../../environments/lab/data";
import { flowsOf } from "../../../support/cluster";
import { laterLab } from "../../../support/lab";

const { json } = laterLab(labData);

describe("ClickHouse in the lab", () => {
  test("THEN it reads what was processed, with a key that may do no more", () => {
    expect(JSON.stringify(json.resource?.["kubernetes_deployment_v1"]?.["clickhouse"])).toContain(
      '"value":"http://minio.minio:9000/data/processed/"',
    );
    const plan = Object.values(json.resource?.["kubernetes_config_map_v1"] ?? {}).find(
      ({ metadata }) => (metadata as { name: string }).name === "object-store-setup",
    )?.["data"] as Record<string, string>;
    expect(plan["user.clickhouse"]).toBe("processed-read");
    expect(plan["policy.processed-read.json"]).not.toContain("s3:PutObject");
  });

  test("THEN its volume stays when it is not chosen", () => {
    expect(json.resource?.["kubernetes_persistent_volume_claim_v1"]?.["clickhouse_volume"]).not.toHaveProperty("count");
    expect(json.resource?.["kubernetes_deployment_v1"]?.["clickhouse"]).toHaveProperty("count");
  });

  test("THEN people reach it, and it reaches the object store", () => {
    expect(flowsOf(json).filter(([, pods]) => pods === "clickhouse/clickhouse")).toEqual([
      ["egress", "clickhouse/clickhouse", "minio/minio+minio", "9000"],
      ["ingress", "clickhouse/clickhouse", "traefik/traefik", "8123"],
    ]);
  });
});
