import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { PostgresqlDump, type PostgresqlDumpProps } from "../../../constructs/database/postgresql-dump";
import { flowsOf, testCluster, testNamespace } from "../../support/cluster";
import { only, synthesizeLayer } from "../../support/construct";
import { describeWithProgram } from "../../support/programs";

type Props = Omit<PostgresqlDumpProps, "namespace">;

const secret = (secretName: string, key: string) => ({ secretName, key });
const PROPS: Props = {
  image: "postgres:18.6",
  host: "postgresql-rw.data",
  database: "app",
  username: secret("login", "username"),
  password: secret("login", "password"),
  caCertificate: secret("postgresql-ca", "ca.crt"),
  target: { endpoint: "https://s3.example.com", bucket: "backups", region: "eu" },
  copy: { endpoint: "https://s3.example.org", bucket: "copies", region: "us" },
  accessKey: secret("keys", "access"),
  secretKey: secret("keys", "secret"),
  schedule: "15 2 * * *",
  retentionDays: 30,
  maximumGib: 5,
};

const build = (more: Partial<Props> = {}) =>
  synthesizeLayer((layer) => {
    const namespace = testNamespace(testCluster(layer), "data");
    new PostgresqlDump(layer, "dump", { namespace, ...PROPS, ...more });
  });

interface Container {
  name: string;
  image: string;
  command: string[];
  env: { name: string; value?: string; value_from?: { secret_key_ref: { name: string; key: string } } }[];
  volume_mount: { name: string }[];
}
interface CronJob {
  spec: {
    schedule: string;
    timezone: string;
    concurrency_policy: string;
    job_template: {
      spec: { template: { spec: { init_container: Container[]; container: Container[]; volume: unknown[] } } };
    };
  };
}
const cronJobOf = (built: ReturnType<typeof build>) =>
  only(built.json.resource?.["kubernetes_cron_job_v1"]) as unknown as CronJob;
const environmentOf = ({ env }: Container) =>
  Object.fromEntries(
    env.map(({ name, value, value_from: from }) => [
      name,
      from ? `${from.secret_key_ref.name}/${from.secret_key_ref.key}` : value,
    ]),
  );

describe("PostgresqlDump", () => {
  test("GIVEN a schedule THEN one dump at a time is made, then uploaded, each with its own secrets only", () => {
    const { spec } = cronJobOf(build());
    expect([spec.schedule, spec.timezone, spec.concurrency_policy]).toEqual(["15 2 * * *", "Etc/UTC", "Forbid"]);
    const { init_container, container, volume } = spec.job_template.spec.template.spec;
    const [dump, upload] = [...init_container, ...container] as [Container, Container];
    expect([dump.image, dump.command]).toEqual(["postgres:18.6", ["/bin/sh", "/scripts/dump.sh"]]);
    expect(environmentOf(dump)).toEqual({
      PGHOST: "postgresql-rw.data",
      PGPORT: "5432",
      PGDATABASE: "app",
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: "/ca/ca.crt",
      PGUSER: "login/username",
      PGPASSWORD: "login/password",
      FILE: "/file/made.dump",
      HOME: "/tmp",
    });
    expect([dump.volume_mount, upload.volume_mount].map((all) => all.some(({ name }) => name === "ca"))).toEqual([
      true,
      false,
    ]);
    expect(environmentOf(upload)).toMatchObject({ PREFIX: "dumps/app", EXTENSION: "dump", RETENTION_DAYS: "30" });
    expect(environmentOf(upload)).not.toHaveProperty("PGPASSWORD");
    expect(volume).toContainEqual({ name: "file", empty_dir: { size_limit: "5Gi" } });
    expect(volume).toContainEqual({
      name: "ca",
      secret: { secret_name: "postgresql-ca", items: [{ key: "ca.crt", path: "ca.crt" }] },
    });
  });

  test("THEN its way out is the bucket's; the database lets it in by itself", () => {
    const flows = flowsOf(build().json).filter(([, pods]) => pods === "data/dump");
    expect(flows.map(([direction, , , ports]) => [direction, ports])).toEqual([["egress", "443"]]);
  });

  test("fails for a size that is not whole", () => {
    expect(() => build({ maximumGib: 1.5 })).toThrow("test/dump: maximumGib is 1.5: use a whole number from 1 on");
  });
});

const SCRIPTS = "constructs/database/postgresql-dump";

describeWithProgram("shellcheck", "the scripts", () => {
  test.each(fs.readdirSync(SCRIPTS))("%s passes shellcheck", (script) => {
    const { status, stdout } = spawnSync("shellcheck", [path.join(SCRIPTS, script)], { encoding: "utf8" });
    expect([status, stdout]).toEqual([0, ""]);
  });
});
