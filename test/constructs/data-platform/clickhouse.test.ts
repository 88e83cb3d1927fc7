import { Pods } from "../../../constructs/cluster/network-policy";
import { ClickHouse } from "../../../constructs/data-platform/clickhouse";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { messageOf } from "../../support/layers";
import { testRevision } from "../../support/single-sign-on";
import { testStore } from "../../support/vault-store";

const build = (url = "http://store.test/data/processed/") =>
  synthesizeLayer((layer) => {
    const cluster = testCluster(layer);
    const namespace = testNamespace(cluster, "analytics");
    const clickHouse = new ClickHouse(layer, "clickhouse", {
      namespace,
      host: "clickhouse.test",
      user: new GeneratedSecret(layer, "user", {
        namespace,
        generate: { password: { length: 32 } },
        revision: testRevision(layer),
        afterRotation: "It restarts.",
      }),
      lake: {
        url,
        keys: testStore(layer, namespace).secret("keys", {
          entry: "keys",
          keys: { "access-key": "access-key", "secret-key": "secret-key" },
        }),
      },
    });
    clickHouse.allowFrom(new Pods(layer, "client", { namespace: testNamespace(cluster), labels: { app: "client" } }));
  });

const { json } = build();
const deployment = only(json.resource?.["kubernetes_deployment_v1"]) as {
  spec: {
    template: {
      metadata: { annotations: Record<string, string> };
      spec: {
        security_context: Record<string, unknown>;
        container: [
          {
            image: string;
            command: string[];
            env: { name: string; value?: string; value_from?: { secret_key_ref: { name: string; key: string } } }[];
            security_context: Record<string, unknown>;
            volume_mount: { mount_path: string }[];
          },
        ];
      };
    };
  };
};
const { metadata, spec } = deployment.spec.template;
const [container] = spec.container;
const files = (only(json.resource?.["kubernetes_config_map_v1"]) as { data: Record<string, string> }).data;

describe("ClickHouse", () => {
  test("THEN it is one restricted pod of the image's own user, with a volume", () => {
    expect(container.image).toMatch(/^docker\.io\/clickhouse\/clickhouse-server:25\.8\.\d+\.\d+$/);
    expect(container.command).toEqual(["clickhouse-server", "--config-file=/etc/clickhouse-server/config.xml"]);
    expect(spec.security_context).toMatchObject({ run_as_non_root: true, run_as_user: "101" });
    expect(container.security_context).toMatchObject({ read_only_root_filesystem: true });
    expect(container.volume_mount.map((mount) => mount.mount_path)).toEqual([
      "/tmp",
      "/etc/clickhouse-server/config.d",
      "/etc/clickhouse-server/users.d",
      "/var/lib/clickhouse",
    ]);
    expect(only(json.resource?.["kubernetes_persistent_volume_claim_v1"])).toMatchObject({
      spec: { resources: { requests: { storage: "10Gi" } } },
    });
  });

  test("THEN its one user has a password, and nobody comes in as the image's", () => {
    expect(files["users.xml"]).toContain('<default remove="remove"/>');
    expect(files["users.xml"]).toContain('<password from_env="USER_PASSWORD"/>');
    expect(container.env.find(({ name }) => name === "USER_PASSWORD")?.value_from?.secret_key_ref).toEqual({
      name: "user",
      key: "password",
    });
  });

  test("THEN the named collection is the folder of the object store, with the key of a Secret", () => {
    const wanted = [...(files["server.xml"] ?? "").matchAll(/from_env="(\w+)"/g)].map(([, name]) => name);
    expect(wanted).toEqual(["LAKE_URL", "LAKE_ACCESS_KEY", "LAKE_SECRET_KEY"]);
    const given = Object.fromEntries(
      container.env.map(({ name, value, value_from: from }) => [name, value ?? from?.secret_key_ref.key]),
    );
    expect(given).toEqual({
      HOME: "/tmp",
      LAKE_URL: "http://store.test/data/processed/",
      USER_PASSWORD: "password",
      LAKE_ACCESS_KEY: "access-key",
      LAKE_SECRET_KEY: "secret-key",
    });
  });

  test("THEN another configuration, password or key restarts it", () => {
    expect(Object.keys(metadata.annotations)).toEqual(["socle/configuration", "socle/user", "socle/lake-keys"]);
  });

  test("THEN people reach it by its name, and only who is allowed", () => {
    expect(only(json.resource?.["kubernetes_ingress_v1"])).toMatchObject({
      spec: { ingress_class_name: "traefik", rule: [{ host: "clickhouse.test" }] },
    });
    expect(flowsOf(json).filter(([, pods]) => pods === "analytics/clickhouse")).toEqual([
      ["ingress", "analytics/clickhouse", "apps/client", "8123"],
    ]);
  });

  test.each(["store.test/data/", "http://store.test/data"])("fails for the folder %s", async (url) => {
    expect(await messageOf(() => build(url))).toMatch(
      new RegExp(`clickhouse: lake\\.url is "${url}": use the address of a folder, with a slash at its end$`),
    );
  });
});
