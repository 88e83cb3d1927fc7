import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ScheduledUpload, type ScheduledUploadProps } from "../../../constructs/storage/scheduled-upload";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const SCRIPT = path.resolve("constructs/storage/scheduled-upload/upload.sh");

const build = (more: Partial<ScheduledUploadProps> = {}) =>
  synthesizeLayer((layer) => {
    new ScheduledUpload(layer, "daily_file", {
      namespace: testNamespace(testCluster(layer), "data"),
      make: {
        image: "maker:1.0.0",
        script: "constructs/database/postgresql-dump/dump.sh",
        environment: { FROM: "somewhere" },
        secretEnvironment: { PASSWORD: { secretName: "login", key: "password" } },
        volumes: [{ name: "own", mountPath: "/own", source: { secret: { secretName: "own" } } }],
      },
      object: { prefix: "files/one", extension: "txt" },
      target: { endpoint: "https://s3.example.com", bucket: "backups", region: "eu" },
      copy: { endpoint: "https://s3.example.org", bucket: "copies", region: "us" },
      accessKey: { secretName: "keys", key: "access" },
      secretKey: { secretName: "keys", key: "secret" },
      schedule: "15 2 * * *",
      retentionDays: 7,
      resources: { cpuMillis: 20, memoryMib: 64, memoryLimitMib: 128 },
      maximumGib: 2,
      deadlineMinutes: 30,
      ...more,
    });
  });

interface Container {
  env: { name: string; value?: string; value_from?: { secret_key_ref: { name: string; key: string } } }[];
  volume_mount: { name: string }[];
}
interface PodSpec {
  service_account_name?: string;
  init_container: Container[];
  container: Container[];
  volume: unknown[];
}
const podOf = ({ json }: ReturnType<typeof build>) =>
  (
    only(json.resource?.["kubernetes_cron_job_v1"]) as unknown as {
      spec: { job_template: { spec: { template: { metadata: unknown; spec: PodSpec } } } };
    }
  ).spec.job_template.spec.template;

describe("ScheduledUpload", () => {
  test("GIVEN a script THEN its container makes the file, and another uploads it after that", () => {
    const { spec } = podOf(build());
    expect([spec.init_container, spec.container]).toMatchObject([
      [{ name: "dump", image: "maker:1.0.0", command: ["/bin/sh", "/scripts/dump.sh"] }],
      [{ name: "upload", image: "docker.io/amazon/aws-cli:2.37.5", command: ["/bin/sh", "/scripts/upload.sh"] }],
    ]);
    const [make, upload] = [...spec.init_container, ...spec.container].map(({ env }) =>
      Object.fromEntries(
        env.map(({ name, value, value_from: from }) => [
          name,
          from ? `${from.secret_key_ref.name}/${from.secret_key_ref.key}` : value,
        ]),
      ),
    );
    expect(make).toEqual({ FROM: "somewhere", PASSWORD: "login/password", FILE: "/file/made.txt", HOME: "/tmp" });
    expect(upload).toEqual({
      FILE: "/file/made.txt",
      PREFIX: "files/one",
      EXTENSION: "txt",
      RETENTION_DAYS: "7",
      ENDPOINT: "https://s3.example.com",
      BUCKET: "backups",
      REGION: "eu",
      COPY_ENDPOINT: "https://s3.example.org",
      COPY_BUCKET: "copies",
      COPY_REGION: "us",
      AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
      AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
      AWS_ACCESS_KEY_ID: "keys/access",
      AWS_SECRET_ACCESS_KEY: "keys/secret",
      HOME: "/tmp",
    });
    expect(
      [...spec.init_container, ...spec.container].map((each) => each.volume_mount.map(({ name }) => name)),
    ).toEqual([
      ["scripts", "file", "tmp", "own"],
      ["scripts", "file", "tmp"],
    ]);
    expect(spec.volume).toContainEqual({ name: "file", empty_dir: { size_limit: "2Gi" } });
    expect(spec.volume).toContainEqual({ name: "own", secret: { secret_name: "own" } });
  });

  test("THEN its pods carry a digest of both scripts, which the ConfigMap holds", () => {
    const built = build();
    expect(Object.keys(only(built.json.resource?.["kubernetes_config_map_v1"])["data"] as object)).toEqual([
      "dump.sh",
      "upload.sh",
    ]);
    const other = build();
    const another = build({
      make: { image: "m:1", script: "constructs/secrets/vault-snapshot/take.sh", environment: {}, volumes: [] },
    });
    expect(podOf(other).metadata).toEqual(podOf(built).metadata);
    expect(podOf(another).metadata).not.toEqual(podOf(built).metadata);
  });

  test("GIVEN an account of its own THEN it is called like the CronJob; otherwise there is none", () => {
    expect(build().json.resource?.["kubernetes_service_account_v1"]).toBeUndefined();
    const built = build({ ownAccount: true, name: "taker" });
    expect(only(built.json.resource?.["kubernetes_service_account_v1"])).toMatchObject({
      metadata: { name: "taker", namespace: "data" },
      automount_service_account_token: false,
    });
    expect(podOf(built).spec.service_account_name).toBe(
      "${kubernetes_service_account_v1.daily_file_account.metadata[0].name}",
    );
  });

  test("THEN its way out is the bucket's, and one pod is counted", () => {
    const { json, layer } = build();
    const flows = flowsOf(json).filter(([, pods]) => pods === "data/daily-file");
    expect(flows.map(([direction, , , ports]) => [direction, ports])).toEqual([["egress", "443"]]);
    expect(layer.capacity?.().rows.filter(({ namespace }) => namespace === "data")).toEqual([
      { name: "daily-file", namespace: "data", replicas: 1, cpuMillis: 20, memoryMib: 64 },
    ]);
  });

  test("fails for a schedule with other than five fields, and for numbers that are not positive", () => {
    expect(() => build({ schedule: "0 15 2 * * *", retentionDays: 0, maximumGib: 1.5 })).toThrow(
      [
        "test/daily_file: 3 problems",
        '  - schedule is "0 15 2 * * *": it has five fields, such as "30 2 * * *"',
        "  - retentionDays is 0: use a whole number from 1 on",
        "  - maximumGib is 1.5: use a whole number from 1 on",
      ].join("\n"),
    );
  });
});

describeWithProgram("shellcheck", "the script of ScheduledUpload", () => {
  test("passes shellcheck", () => {
    const { status, stdout } = spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" });
    expect([status, stdout]).toEqual([0, ""]);
  });
});

describe("upload.sh", () => {
  /** Runs the script with an `aws` that writes down what it is asked, and answers with what the case says. */
  function upload(answers: { readonly size?: string; readonly old?: string }, more: Record<string, string> = {}) {
    const folder = temporaryFolder();
    const log = path.join(folder, "log");
    const script = [
      "#!/bin/sh",
      `echo "$AWS_DEFAULT_REGION $*" >>${log}`,
      'case "$*" in',
      `*head-object*) echo "${answers.size ?? "5"}" ;;`,
      `*list-objects-v2*) printf '${answers.old ?? "None"}\\n' ;;`,
      "esac",
    ].join("\n");
    fs.writeFileSync(path.join(folder, "aws"), `${script}\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, "made"), "12345");
    const { status, stderr } = spawnSync("sh", [SCRIPT], {
      encoding: "utf8",
      env: {
        PATH: `${folder}:${process.env["PATH"]}`,
        FILE: path.join(folder, "made"),
        PREFIX: "dumps/app",
        EXTENSION: "dump",
        RETENTION_DAYS: "30",
        ENDPOINT: "https://one",
        BUCKET: "first",
        REGION: "eu",
        COPY_ENDPOINT: "",
        COPY_BUCKET: "",
        COPY_REGION: "",
        ...more,
      },
    });
    const calls = fs
      .readFileSync(log, "utf8")
      .replaceAll(folder, "")
      .replaceAll(/\d{8}T\d{6}Z/g, "TIME")
      .trim()
      .split("\n");
    return { status, stderr, calls };
  }

  test("GIVEN one bucket THEN the file goes there, and what is older than its days is deleted", () => {
    const { status, calls } = upload({ old: "dumps/app-1.dump\\tdumps/app-2.dump" });
    expect(status).toBe(0);
    expect(calls).toEqual([
      "eu --endpoint-url https://one s3 cp --no-progress /made s3://first/dumps/app-TIME.dump",
      "eu --endpoint-url https://one s3api head-object --bucket first --key dumps/app-TIME.dump --query ContentLength --output text",
      expect.stringMatching(
        /^eu --endpoint-url https:\/\/one s3api list-objects-v2 --bucket first --prefix dumps\/app- --query Contents\[\?LastModified<'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'\]\.Key --output text$/,
      ),
      "eu --endpoint-url https://one s3 rm s3://first/dumps/app-1.dump",
      "eu --endpoint-url https://one s3 rm s3://first/dumps/app-2.dump",
    ]);
  });

  test("GIVEN nothing that is old THEN nothing is deleted", () => {
    const { status, calls } = upload({});
    expect([status, calls.length]).toEqual([0, 3]);
  });

  test("GIVEN a second region THEN the file goes to both, each with its region, and both lose the old ones", () => {
    const copy = { COPY_ENDPOINT: "https://two", COPY_BUCKET: "second", COPY_REGION: "us" };
    const { status, calls } = upload({ old: "dumps/app-1.dump" }, copy);
    expect(status).toBe(0);
    expect(calls.filter((call) => call.includes(" s3 "))).toEqual([
      "eu --endpoint-url https://one s3 cp --no-progress /made s3://first/dumps/app-TIME.dump",
      "eu --endpoint-url https://one s3 rm s3://first/dumps/app-1.dump",
      "us --endpoint-url https://two s3 cp --no-progress /made s3://second/dumps/app-TIME.dump",
      "us --endpoint-url https://two s3 rm s3://second/dumps/app-1.dump",
    ]);
  });

  test("fails when less arrived than was sent, before anything old is deleted", () => {
    const { status, stderr, calls } = upload({ size: "4", old: "dumps/app-1.dump" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^s3:\/\/first\/dumps\/app-\w+\.dump has 4 bytes, the file has 5\n$/);
    expect(calls).toHaveLength(2);
  });
});
