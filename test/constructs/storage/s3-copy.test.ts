import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { type Layer } from "../../../constructs/core/layer";
import { type OutsideBucket } from "../../../constructs/storage/object-store";
import { type CopySource, S3Copy, type S3CopyProps } from "../../../constructs/storage/s3-copy";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../../support/minio";
import { describeWithProgram } from "../../support/programs";

const SCRIPT = "constructs/storage/s3-copy/copy.sh";

const TARGET = { endpoint: "https://s3.example.com", bucket: "outside", region: "eu" };

const keys = (secretName: string) => ({
  accessKey: { secretName, key: "access-key" },
  secretKey: { secretName, key: "secret-key" },
});

const STORE: CopySource = { endpoint: "http://minio.data:9000", parts: ["images", "documents"], keys: keys("root") };

function build(props: Partial<S3CopyProps> = {}, target: (layer: Layer) => OutsideBucket = () => TARGET) {
  return synthesizeLayer((layer) => {
    new S3Copy(layer, "object_copy", {
      namespace: testNamespace(testCluster(layer), "data"),
      source: STORE,
      target: target(layer),
      targetKeys: keys("backups"),
      schedule: "45 2 * * *",
      ...props,
    });
  });
}

interface PodSpec {
  readonly security_context: { run_as_user: string };
  readonly node_selector?: Record<string, string>;
  readonly toleration?: unknown[];
  readonly container: { env: { name: string; value?: string }[]; security_context: unknown }[];
  readonly volume: { name: string; host_path?: unknown }[];
}

const cronJobOf = ({ json }: ReturnType<typeof build>) =>
  only(json.resource?.["kubernetes_cron_job_v1"]) as unknown as {
    count?: string;
    spec: { schedule: string; job_template: { spec: { template: { spec: PodSpec } } } };
  };

const podOf = (built: ReturnType<typeof build>) => cronJobOf(built).spec.job_template.spec.template.spec;

/** Environment variables with a value of their own. */
const plainOf = (built: ReturnType<typeof build>) =>
  Object.fromEntries(
    (podOf(built).container[0]?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );

describe("S3Copy", () => {
  test("GIVEN buckets THEN they are copied below the prefix, with keys from Secrets", () => {
    const built = build({ prefix: "object-store" });
    expect(plainOf(built)).toEqual({
      HOME: "/tmp",
      TO_ENDPOINT: "https://s3.example.com",
      TO: "outside/object-store",
      FROM_ENDPOINT: "http://minio.data:9000",
      PARTS: "images documents",
    });
    expect(podOf(built).container[0]?.env.filter(({ value }) => value === undefined)).toEqual(
      [
        ["TO_ACCESS_KEY", "backups", "access-key"],
        ["TO_SECRET_KEY", "backups", "secret-key"],
        ["FROM_ACCESS_KEY", "root", "access-key"],
        ["FROM_SECRET_KEY", "root", "secret-key"],
      ].map(([name, secret, key]) => ({ name, value_from: { secret_key_ref: { name: secret, key } } })),
    );
    expect(podOf(built).security_context.run_as_user).toBe("10001");
    expect(cronJobOf(built).spec.schedule).toBe("45 2 * * *");
  });

  test("GIVEN a folder of the control planes THEN it runs there, as root without any capability, and only reads", () => {
    const built = build({ source: { controlPlaneFolder: "/var/backups/etcd" }, prefix: "etcd" });
    expect(plainOf(built)).toMatchObject({ FROM_FOLDER: "/source", TO: "outside/etcd" });
    const pod = podOf(built);
    expect(pod).toMatchObject({
      security_context: { run_as_user: "0" },
      node_selector: { "node-role.kubernetes.io/control-plane": "" },
      toleration: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
    });
    expect(pod.container[0]).toMatchObject({
      security_context: {
        allow_privilege_escalation: false,
        read_only_root_filesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      volume_mount: expect.arrayContaining([{ name: "source", mount_path: "/source", read_only: true }]) as unknown,
    });
    expect(pod.volume).toContainEqual({
      name: "source",
      host_path: { path: "/var/backups/etcd", type: "Directory" },
    });
  });

  test("GIVEN an optional target THEN there is a job only while its endpoint is given", () => {
    const optional = build({ optional: true }, (layer) => ({
      ...TARGET,
      endpoint: new TerraformVariable(layer, "copy", { type: "string", description: "Copy", default: "" }).stringValue,
    }));
    const count = "${(length(var.copy) >= 1) ? 1 : 0}";
    expect(cronJobOf(optional).count).toBe(count);
    expect(only(optional.json.resource?.["kubernetes_config_map_v1"])["count"]).toBe(count);
    expect(cronJobOf(build()).count).toBeUndefined();
  });

  test("THEN it reaches the internet by HTTPS; who lets it read says so itself", () => {
    const internet = "0.0.0.0/0 -10.0.0.0/8 -100.64.0.0/10 -127.0.0.0/8 -169.254.0.0/16 -172.16.0.0/12 -192.168.0.0/16";
    expect(flowsOf(build().json).filter(([, pods]) => pods !== "data/*")).toEqual([
      ["egress", "data/object-copy", internet, "443"],
    ]);
  });

  test("THEN it is counted where it runs on a worker", () => {
    const rows = (props: Partial<S3CopyProps>) =>
      build(props)
        .layer.capacity?.()
        .rows.map(({ name }) => name);
    expect(rows({})).toContain("object-copy");
    expect(rows({ source: { controlPlaneFolder: "/var/backups/etcd" } })).not.toContain("object-copy");
  });

  test("fails with a schedule, a source and a prefix that are none, naming each", () => {
    expect(() =>
      build({ schedule: "daily", source: { ...STORE, parts: [] } as CopySource, prefix: "/objects/" }),
    ).toThrow(
      [
        "test/object_copy: 3 problems",
        '  - schedule is "daily": it has five fields, such as "30 2 * * *"',
        "  - source.parts is empty: name a bucket",
        '  - prefix is "/objects/": use a path without "/" at its ends',
      ].join("\n"),
    );
  });
});

describeWithProgram("shellcheck", "the script of S3Copy", () => {
  test("THEN shellcheck has nothing to say", () => {
    const { stdout, status } = spawnSync("shellcheck", ["--shell=sh", SCRIPT], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});

describeWithMinio("S3Copy on a real MinIO", () => {
  let store: MinioServer;
  let outside: MinioServer;

  const run = (built: ReturnType<typeof build>, more: Readonly<Record<string, string>>) =>
    store.run(SCRIPT, {
      ...plainOf(built),
      TO_ENDPOINT: outside.endpoint,
      TO_ACCESS_KEY: ROOT.username,
      TO_SECRET_KEY: ROOT.password,
      ...more,
    });
  const copyObjects = (more: Readonly<Record<string, string>> = {}) =>
    run(build({ prefix: "object-store" }), {
      FROM_ENDPOINT: store.endpoint,
      FROM_ACCESS_KEY: ROOT.username,
      FROM_SECRET_KEY: ROOT.password,
      ...more,
    });
  const copied = (object: string) => outside.mc(["cat", `store/outside/${object}`]);

  beforeAll(async () => {
    [store, outside] = await Promise.all([MinioServer.start(), MinioServer.start()]);
    expect(outside.mc(["mb", "store/outside"]).ok).toBe(true);
    expect(store.mc(["mb", "store/images", "store/documents"]).ok).toBe(true);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([store.stop(), outside.stop()]);
  });

  test("GIVEN objects THEN they are copied, and again when they change; what is deleted stays in the copy", () => {
    store.mc(["pipe", "store/images/acme/a.txt"], ROOT, "one");
    store.mc(["pipe", "store/documents/acme/b.txt"], ROOT, "kept");
    expect(copyObjects()).toMatchObject({ ok: true });
    expect(copied("object-store/images/acme/a.txt").text).toBe("one");

    store.mc(["pipe", "store/images/acme/a.txt"], ROOT, "another");
    store.mc(["rm", "store/documents/acme/b.txt"]);
    expect(copyObjects()).toMatchObject({ ok: true });
    expect(copied("object-store/images/acme/a.txt").text).toBe("another");
    expect(copied("object-store/documents/acme/b.txt").text).toBe("kept");
  });

  test("GIVEN a folder THEN its files are copied", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "20260101T000000Z.db"), "snapshot");
    const built = build({ source: { controlPlaneFolder: "/var/backups/etcd" }, prefix: "etcd" });
    expect(run(built, { FROM_FOLDER: folder }).ok).toBe(true);
    expect(copied("etcd/20260101T000000Z.db").text).toBe("snapshot");
  });

  test("fails with a wrong key, so that the backup counts as missed", () => {
    const { ok, text } = copyObjects({ TO_SECRET_KEY: "wrong-password" });
    expect([ok, text]).toEqual([false, expect.stringContaining("signature we calculated does not match")]);
  });

  test("fails when a bucket is not there", () => {
    const { ok, text } = copyObjects({ PARTS: "images nothing" });
    expect([ok, text]).toEqual([false, expect.stringContaining("nothing")]);
  });
});
