import * as fs from "node:fs";
import * as path from "node:path";
import { spawnSync } from "node:child_process";
import { type Layer } from "../../../constructs/core/layer";
import { Minio } from "../../../constructs/storage/minio";
import { bucketsPolicy, tenantPolicy } from "../../../constructs/storage/object-store";
import { ObjectStoreSetup, type ObjectStoreSetupProps } from "../../../constructs/storage/object-store-setup";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithMinio, MinioServer, ROOT } from "../../support/minio";
import { describeWithProgram } from "../../support/programs";
import { testStore } from "../../support/vault-store";

type Props = Partial<Pick<ObjectStoreSetupProps, "buckets" | "policies" | "coldTier">> & {
  readonly userPolicies?: Readonly<Record<string, readonly string[]>>;
  readonly hasColdTier?: boolean;
};

const SCRIPT = "constructs/storage/object-store-setup/setup.sh";

const PLAN: Props = {
  buckets: { images: { coldAfterDays: 90 }, exports: { noncurrentDays: 7 } },
  policies: { shop: bucketsPolicy(["images"]), acme: tenantPolicy("acme", ["images"]) },
  userPolicies: { shop: ["shop"], acme: ["acme"] },
  hasColdTier: true,
};

function build(
  { userPolicies, hasColdTier, ...props }: Props = PLAN,
  use: (setup: ObjectStoreSetup) => void = () => {},
) {
  return synthesizeLayer((layer: Layer) => {
    const namespace = testNamespace(testCluster(layer), "data");
    const secrets = testStore(layer, namespace);
    const keys = (name: string) =>
      secrets.secret(name, { entry: name, keys: { "access-key": "access-key", "secret-key": "secret-key" } });
    const root = secrets.secret("root", { entry: "root", keys: { rootUser: "username", rootPassword: "password" } });
    const store = new Minio(layer, "minio", {
      namespace,
      root,
      resources: { cpuMillis: 100, memoryMib: 256 },
      storageGib: 10,
      storageClass: "kept",
    });
    use(
      new ObjectStoreSetup(layer, "store_setup", {
        namespace,
        store,
        root,
        ...props,
        ...(userPolicies
          ? {
              users: Object.fromEntries(
                Object.entries(userPolicies).map(([name, policies]) => [name, { credentials: keys(name), policies }]),
              ),
            }
          : {}),
        ...(hasColdTier
          ? {
              coldTier: {
                endpoint: "https://s3.example.com",
                bucket: "outside",
                region: "eu",
                credentials: keys("backups"),
              },
            }
          : {}),
      }),
    );
  });
}

type Built = ReturnType<typeof build>;

const planOf = ({ json }: Built) => only(json.resource?.["kubernetes_config_map_v1"])["data"] as Record<string, string>;

const jobOf = ({ json }: Built) =>
  only(json.resource?.["kubernetes_job_v1"]) as unknown as {
    metadata: { name: string };
    wait_for_completion: boolean;
    depends_on: string[];
    spec: { template: { spec: { container: { env: { name: string; value?: string }[] }[]; volume: unknown[] } } };
  };

describe("ObjectStoreSetup", () => {
  test("GIVEN buckets, policies and users THEN the plan has a file for each", () => {
    const plan = planOf(build());
    expect(Object.keys(plan)).toEqual([
      "setup.sh",
      "bucket.images.json",
      "bucket.exports.json",
      "policy.shop.json",
      "policy.acme.json",
      "user.shop",
      "user.acme",
    ]);
    expect(JSON.parse(plan["policy.acme.json"] ?? "")).toEqual(tenantPolicy("acme", ["images"]));
    expect(plan["user.shop"]).toBe("shop");
  });

  test("GIVEN folders THEN the plan names those of each bucket that has some", () => {
    const plan = planOf(build({ buckets: { data: { folders: ["raw", "processed"] }, images: {} } }));
    expect(Object.keys(plan)).toEqual(["setup.sh", "bucket.data.json", "bucket.images.json", "folders.data"]);
    expect(plan["folders.data"]).toBe("raw processed");
  });

  test("THEN secrets reach the Job by Secrets only, and it waits for them and the store", () => {
    const job = jobOf(build());
    const [container] = job.spec.template.spec.container;
    expect(container?.env).toEqual([
      ...Object.entries({
        HOME: "/tmp",
        PLAN: "/plan",
        USERS: "/users",
        STORE_ENDPOINT: "http://minio.data:9000",
        COLD_TIER: "COLD",
        COLD_ENDPOINT: "https://s3.example.com",
        COLD_BUCKET: "outside",
        COLD_REGION: "eu",
        COLD_PREFIX: "cold/",
      }).map(([name, value]) => ({ name, value })),
      ...[
        ["ROOT_USERNAME", "root", "rootUser"],
        ["ROOT_PASSWORD", "root", "rootPassword"],
        ["COLD_ACCESS_KEY", "backups", "access-key"],
        ["COLD_SECRET_KEY", "backups", "secret-key"],
      ].map(([name, secret, key]) => ({ name, value_from: { secret_key_ref: { name: secret, key } } })),
    ]);
    expect(job.spec.template.spec.volume).toContainEqual({ name: "user-acme", secret: { secret_name: "acme" } });
    expect(job.wait_for_completion).toBe(true);
    expect(job.depends_on).toEqual(expect.arrayContaining(["helm_release.minio", "helm_release.vault"]));
  });

  test("GIVEN another plan THEN it is another Job; GIVEN another key, too", () => {
    const nameOf = (props: Props) => jobOf(build(props)).metadata.name;
    const name = /^store-setup-([0-9a-f]{8})-\$\{substr\(sha256\(join\(" ", \["3"(, .*)?\]\)\), 0, 8\)\}$/;
    const buckets = { images: {} };
    expect(nameOf({ buckets })).toMatch(name);
    expect(name.exec(nameOf({ buckets }))?.[1]).not.toBe(name.exec(nameOf({ buckets: { documents: {} } }))?.[1]);
    expect(nameOf(PLAN)).toContain('"3", "3", "3", "3", "https://s3.example.com", "outside", "eu"');
  });

  test("THEN it reaches the store and nothing else", () => {
    const flows = flowsOf(build({ buckets: { images: {} } }).json).filter(([, pods]) => pods === "data/store-setup");
    expect(flows).toEqual([["egress", "data/store-setup", "data/minio+minio", "9000"]]);
  });

  test("THEN it is counted", () => {
    expect(build().layer.capacity?.().rows.at(-1)).toMatchObject({ name: "store-setup", cpuMillis: 10, memoryMib: 64 });
  });

  test("fails with nothing to do", () => {
    expect(() => build({})).toThrow("test/store_setup: buckets, policies and users are all empty: leave it out");
  });

  test("fails with a folder that is none", () => {
    expect(() => build({ buckets: { data: { folders: ["raw/", "../up"] } } })).toThrow(
      [
        "test/store_setup: 2 problems",
        '  - the folder "raw/" of the bucket "data" is not made of lower-case letters, digits and "-"',
        '  - the folder "../up" of the bucket "data" is not made of lower-case letters, digits and "-"',
      ].join("\n"),
    );
  });

  test("fails with every name and number that is not accepted", () => {
    expect(() =>
      build({
        buckets: { "My.Bucket": { noncurrentDays: 0 }, images: { coldAfterDays: 90 } },
        policies: { "a*": bucketsPolicy(["images"]) },
        userPolicies: { acme: [] },
      }),
    ).toThrow(
      [
        "test/store_setup: 5 problems",
        '  - the bucket "My.Bucket" is not made of 3 to 63 lower-case letters, digits and "-"',
        '  - the policy "a*" is not made of lower-case letters, digits and "-"',
        '  - the bucket "images" moves objects after 90 days, but there is no coldTier',
        '  - noncurrentDays of the bucket "My.Bucket" is 0: use a whole number from 1 on',
        '  - the user "acme" has no policy, so it could do nothing: name one',
      ].join("\n"),
    );
  });
});

describeWithProgram("shellcheck", "the set-up script", () => {
  test("THEN shellcheck has nothing to say", () => {
    const { stdout, status } = spawnSync("shellcheck", ["--shell=sh", SCRIPT], { encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});

describeWithMinio("ObjectStoreSetup on a real MinIO", () => {
  const [shop, acme] = ["shop", "acme"].map((username) => ({ username, password: `secret-of-${username}` })) as [
    typeof ROOT,
    typeof ROOT,
  ];
  let store: MinioServer;
  let outside: MinioServer;

  /** Writes what the Job mounts, and runs its script. */
  function setUp(props: Props, root = ROOT, endpoint = store.endpoint) {
    const folder = temporaryFolder();
    const write = (file: string, text: string) => {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text);
    };
    for (const [file, text] of Object.entries(planOf(build(props)))) {
      write(`plan/${file}`, text);
    }
    for (const { username, password } of [shop, acme]) {
      write(`users/${username}/access-key`, username);
      write(`users/${username}/secret-key`, password);
    }
    return store.run(SCRIPT, {
      PLAN: path.join(folder, "plan"),
      USERS: path.join(folder, "users"),
      STORE_ENDPOINT: endpoint,
      ROOT_USERNAME: root.username,
      ROOT_PASSWORD: root.password,
      COLD_TIER: "COLD",
      COLD_ENDPOINT: outside.endpoint,
      COLD_BUCKET: "outside",
      COLD_REGION: "us-east-1",
      COLD_PREFIX: "cold/",
      COLD_ACCESS_KEY: ROOT.username,
      COLD_SECRET_KEY: ROOT.password,
      TRIES: "1",
    });
  }

  beforeAll(async () => {
    [store, outside] = await Promise.all([MinioServer.start(), MinioServer.start()]);
    expect(outside.mc(["mb", "store/outside"]).ok).toBe(true);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([store.stop(), outside.stop()]);
  });

  test("GIVEN an empty store THEN it gets everything, and the same a second time", () => {
    expect([setUp(PLAN).ok, setUp(PLAN).ok]).toEqual([true, true]);
    const rules = JSON.parse(store.mc(["ilm", "rule", "export", "store/images"]).text) as { Rules: unknown[] };
    expect(rules.Rules).toEqual([
      {
        ID: "old-versions",
        Status: "Enabled",
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        Expiration: { ExpiredObjectDeleteMarker: true },
      },
      { ID: "cold", Status: "Enabled", Transition: { Days: 90, StorageClass: "COLD" } },
    ]);
    expect(store.mc(["version", "info", "--json", "store/images"]).text).toContain('"status":"Enabled"');
    expect(store.mc(["anonymous", "get", "--json", "store/images"]).text).toContain('"permission":"private"');
    expect(store.mc(["ilm", "tier", "ls", "--json", "store"]).text).toContain('"Prefix":"cold/"');
  });

  test("GIVEN folders THEN each has one version of its file, however often the set-up runs", () => {
    const props: Props = { buckets: { data: { folders: ["raw", "processed"] } } };
    expect([setUp(props).ok, setUp(props).ok]).toEqual([true, true]);
    for (const folder of ["raw", "processed"]) {
      const { text } = store.mc(["ls", "--versions", "--json", `store/data/${folder}/`]);
      expect(text.trim().split("\n")).toEqual([expect.stringContaining('"key":".keep"')]);
    }
  });

  test("GIVEN a tenant's key THEN it reads and writes below its prefix", () => {
    expect(store.mc(["pipe", "store/images/acme/a.txt"], acme, "mine").ok).toBe(true);
    expect(store.mc(["cat", "store/images/acme/a.txt"], acme)).toEqual({ ok: true, text: "mine" });
    expect(store.mc(["ls", "store/images/acme/"], acme).ok).toBe(true);
  });

  test("fails when a tenant's key reads, writes or lists what is another's", () => {
    expect(store.mc(["pipe", "store/images/other/b.txt"], shop, "theirs").ok).toBe(true);
    for (const [command, target] of [
      ["cat", "store/images/other/b.txt"],
      ["pipe", "store/images/other/c.txt"],
      ["ls", "store/images/other/"],
      ["ls", "store/images/"],
      ["cat", "store/exports/x"],
    ] as const) {
      const { ok, text } = store.mc([command, target], acme, "forged");
      expect([command, target, ok, /access denied|insufficient permissions/i.test(text)]).toEqual([
        command,
        target,
        false,
        true,
      ]);
    }
  });

  test("GIVEN a user that has another policy THEN the one before is taken away", () => {
    expect(setUp({ ...PLAN, userPolicies: { acme: ["shop"] } }).ok).toBe(true);
    expect(store.mc(["admin", "user", "info", "--json", "store", "acme"]).text).toContain('"policyName":"shop"');
    expect(setUp(PLAN).ok).toBe(true);
    expect(store.mc(["admin", "user", "info", "--json", "store", "acme"]).text).toContain('"policyName":"acme"');
  });

  test("fails with a sentence when the store does not answer", () => {
    const { ok, text } = setUp(PLAN, ROOT, "http://127.0.0.1:1");
    expect([ok, text]).toEqual([false, "the object store does not answer at http://127.0.0.1:1\n"]);
  });

  test("fails when a user's policy is none of the store", () => {
    expect(setUp({ ...PLAN, userPolicies: { acme: ["nobody-knows"] } }).ok).toBe(false);
  });
});
