import { ClickHouse } from "../../../constructs/data-platform/clickhouse";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { type LaterLayer } from "../later-layer";
import { ADDRESSES, BUCKETS, NAMESPACES } from "../names";
import { minioEntry } from "../vault-entries";

/** ClickHouse, which reads what the pipelines have processed. */
export function addClickHouse(lab: LaterLayer): void {
  const { layer } = lab;
  const { always, chosen } = lab.namespace("clickhouse", NAMESPACES.clickHouse, {
    quota: { cpuMillis: 500, memoryMib: 2048, pods: 4 },
  });
  const store = lab.vaultStore(always, [minioEntry("clickhouse")]);
  const keys = store.secret("clickhouse-minio", {
    entry: minioEntry("clickhouse"),
    keys: { "access-key": "access-key", "secret-key": "secret-key" },
  });
  const user = new GeneratedSecret(layer, "clickhouse_user", {
    namespace: always,
    generate: { password: { length: 32 } },
    revision: lab.passwordRevision,
    afterRotation: "The apply restarts ClickHouse, whose user `lab` then has it.",
  });
  const { host, port } = ADDRESSES.minio;
  const clickHouse = new ClickHouse(layer, "clickhouse", {
    namespace: chosen,
    host: lab.host("clickhouse"),
    user,
    lake: { url: `http://${host}:${port}/${BUCKETS.data}/processed/`, keys },
  });
  clickHouse.allowFrom(lab.neighbour("traefik"));
  clickHouse.pods.allowTo(lab.neighbour("minio"), { port });
}
