import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { type CloudConfig, knownBytes } from "../../../constructs/compute/cloud-config";
import { composeHostUserData, type ComposeHostProps } from "../../../constructs/compute/compose-host";
import { describeWithProgram } from "../../support/programs";

const PROPS: ComposeHostProps = {
  name: "app",
  region: "eu-west-1",
  dataVolumeId: "vol-0123456789abcdef0",
  bindMounts: [
    { directory: "postgres", target: "/data/postgres" },
    { directory: "models", target: "/opt/models" },
  ],
  bucket: "app-bucket",
  dumpsPrefix: "dumps/",
  parameterPrefix: "/app/",
  timezone: "Europe/Paris",
  dumpTime: "20:30",
  metricsNamespace: "app",
  logGroup: "/app/server",
};

const SCRIPTS = path.resolve("constructs/compute/compose-host");

/** What cloud-init reads, once Terraform has unescaped it and filled in its one expression. */
const text = composeHostUserData(PROPS)
  .replace(/([$%])\1\{/g, "$1{")
  .replace(/\$\{TfToken\[[^\]]*\]\}/g, "vol0123456789abcdef0");
const config = parse(text) as Required<CloudConfig>;
const file = (name: string) => config.write_files.find((each) => each.path === name)?.content ?? "";

describe("composeHostUserData", () => {
  test("GIVEN a server THEN Docker, Compose and the CLI come from Ubuntu itself", () => {
    expect(config.packages).toEqual(["docker.io", "docker-compose-v2", "amazon-ecr-credential-helper", "awscli", "jq"]);
    expect(config.timezone).toBe("Europe/Paris");
  });

  test("GIVEN a volume that is attached later THEN nothing in the first boot waits for it", () => {
    expect(config.runcmd).toEqual([
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "app-data", "app", "app-monitoring", "app-dump.timer"],
      ["systemctl", "start", "--no-block", "app-data", "app-monitoring", "app-dump.timer"],
    ]);
    expect(file("/etc/systemd/system/app-data.service")).toContain("Restart=on-failure");
  });

  test("THEN the application starts at every boot, after its disk and its secrets", () => {
    const unit = file("/etc/systemd/system/app.service");
    expect(unit).toContain("Requires=docker.service app-data.service\n");
    expect(unit).toContain("After=docker.service app-data.service network-online.target\n");
    expect(unit).toContain("ConditionPathExists=/opt/app/compose.yaml\n");
    expect(unit).toContain("ExecStartPre=/usr/local/sbin/app-parameters\n");
    expect(unit).toContain("WantedBy=multi-user.target\n");
    expect(file("/etc/systemd/system/docker.service.d/app.conf")).toContain(
      "Requires=app-data.service\nAfter=app-data.service\n",
    );
  });

  test("THEN the dump runs every night and a missed one at the next boot", () => {
    expect(file("/etc/systemd/system/app-dump.timer")).toContain("OnCalendar=*-*-* 20:30:00\nPersistent=true\n");
  });

  test("THEN the scripts find the volume by its id without the dash, and the bind mounts", () => {
    const environment = file("/etc/app/environment");
    expect(environment).toContain("DATA_DISK='/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0'\n");
    expect(environment).toContain("BIND_MOUNTS='postgres:/data/postgres models:/opt/models'\n");
    expect(environment).toContain("PARAMETER_PREFIX='/app/'\n");
  });

  test("THEN the agent measures memory and disks and sends the two logs to the group", () => {
    const agent = JSON.parse(file("/etc/app/cloudwatch-agent.json")) as {
      metrics: { namespace: string; metrics_collected: { disk: { resources: string[] } } };
      logs: { logs_collected: { files: { collect_list: { file_path: string; log_group_name: string }[] } } };
    };
    expect(agent.metrics.namespace).toBe("app");
    expect(agent.metrics.metrics_collected.disk.resources).toEqual(["/", "/srv/app"]);
    expect(agent.logs.logs_collected.files.collect_list.map((each) => [each.file_path, each.log_group_name])).toEqual([
      ["/var/log/syslog", "/app/server"],
      ["/var/log/cloud-init-output.log", "/app/server"],
    ]);
  });

  test("THEN its known part is far below AWS's 16 KiB", () => {
    expect(knownBytes(composeHostUserData(PROPS))).toBeLessThan(12 * 1024);
  });

  test("fails with every malformed prop at once", () => {
    expect(() =>
      composeHostUserData({
        ...PROPS,
        name: "App 1",
        dumpTime: "24:00",
        dumpsPrefix: "/dumps",
        parameterPrefix: "app",
        bindMounts: [
          { directory: "a/b", target: "/x" },
          { directory: "c", target: "x" },
          { directory: "d", target: "/x" },
        ],
      }),
    ).toThrow(
      [
        'user data of "App 1": 7 problems',
        '  - name is "App 1"; lower-case words joined by "-" are accepted',
        '  - dumpTime is "24:00"; HH:MM from 00:00 to 23:59 is accepted',
        '  - dumpsPrefix is "/dumps"; names that each end with "/" are accepted',
        '  - parameterPrefix is "app"; a path with "/" at both ends is accepted',
        '  - bindMounts[0].directory is "a/b"; one name without a path is accepted',
        '  - bindMounts[1].target is "x"; an absolute path is accepted',
        '  - bindMounts[2].target is "/x", as in bindMounts[0]',
      ].join("\n"),
    );
  });
});

describeWithProgram("cloud-init", "the user data through the real cloud-init schema", () => {
  test("GIVEN what a server gets THEN it is valid", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-user-data-"));
    try {
      fs.writeFileSync(path.join(folder, "user-data"), text);
      const { stdout, stderr } = spawnSync("cloud-init", ["schema", "--config-file", path.join(folder, "user-data")], {
        encoding: "utf8",
      });
      expect(`${stdout}${stderr}`).toMatch(/Valid/);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describeWithProgram("shellcheck", "the scripts through shellcheck", () => {
  test.each(fs.readdirSync(SCRIPTS))("%s", (script) => {
    const { stdout, status } = spawnSync("shellcheck", ["--severity=style", path.join(SCRIPTS, script)], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});

describeWithProgram("systemd-analyze", "the units through systemd-analyze verify", () => {
  test("GIVEN the units THEN systemd reads every line of them", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-units-"));
    try {
      const units = config.write_files.filter((each) => /\.(service|timer)$/.test(each.path));
      for (const unit of units) {
        fs.writeFileSync(
          path.join(folder, path.basename(unit.path)),
          // The programs are not on this machine.
          unit.content.replace(/^(Exec\w+)=.*$/gm, "$1=/bin/true"),
        );
      }
      fs.writeFileSync(path.join(folder, "docker.service"), "[Service]\nExecStart=/bin/true\n");
      const { stderr } = spawnSync(
        "systemd-analyze",
        ["verify", "--man=no", ...units.map((unit) => path.join(folder, path.basename(unit.path)))],
        { encoding: "utf8", env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } },
      );
      expect(stderr.split("\n").filter((line) => line.includes(folder) || /Unknown|Invalid|Failed/.test(line))).toEqual(
        [],
      );
      expect(units).toHaveLength(5);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

/** Runs a script with an environment file, and with stubs in place of programs; gives what the stubs were called with. */
class Machine {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-machine-"));
  readonly disk = path.join(this.folder, "disk");
  private readonly log = path.join(this.folder, "calls");

  constructor() {
    fs.mkdirSync(path.join(this.folder, "bin"));
    fs.writeFileSync(this.log, "");
  }

  /** A program whose calls are recorded; `body` is shell, with `$FOLDER` for this machine's folder. */
  stub(name: string, body = ""): void {
    const program = `#!/bin/bash\nFOLDER=${this.folder}\necho "${name} $*" >> ${this.log}\n${body}\n`;
    fs.writeFileSync(path.join(this.folder, "bin", name), program, { mode: 0o755 });
  }

  run(script: string, values: Readonly<Record<string, string>>) {
    fs.writeFileSync(this.log, "");
    const environment = path.join(this.folder, "environment");
    fs.writeFileSync(
      environment,
      Object.entries(values)
        .map(([key, value]) => `${key}='${value}'\n`)
        .join(""),
    );
    const { status, stdout, stderr } = spawnSync("bash", [path.join(SCRIPTS, script), environment], {
      encoding: "utf8",
      env: {
        PATH: `${path.join(this.folder, "bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        LC_ALL: "C",
      },
    });
    return { status, output: stdout + stderr, calls: fs.readFileSync(this.log, "utf8").trim().split("\n") };
  }

  dispose(): void {
    fs.rmSync(this.folder, { recursive: true });
  }
}

describeWithProgram("mkfs.ext4", "the data volume, on real file systems in image files", () => {
  let machine: Machine;
  const values = () => ({
    DATA_DISK: machine.disk,
    DATA_MOUNT: path.join(machine.folder, "srv"),
    DATA_WAIT: "0",
    BIND_MOUNTS: `postgres:${machine.folder}/data/postgres`,
  });
  const run = () => machine.run("data.sh", values());
  const formatted = ({ calls }: { calls: string[] }) => calls.filter((call) => call.startsWith("mkfs.ext4"));

  beforeEach(() => {
    machine = new Machine();
    // Mounting needs root: the stubs keep a list of what is mounted.
    machine.stub("mountpoint", 'grep -qx "${@: -1}" "$FOLDER/mounted" 2>/dev/null');
    machine.stub("mount", 'echo "${@: -1}" >> "$FOLDER/mounted"');
    machine.stub("umount", 'sed -i "\\|^$1$|d" "$FOLDER/mounted"');
    machine.stub("findmnt", 'cat "$FOLDER/source"');
    machine.stub("mkfs.ext4", 'exec /usr/sbin/mkfs.ext4 "$@"');
    fs.writeFileSync(path.join(machine.folder, "source"), machine.disk);
    fs.writeFileSync(machine.disk, Buffer.alloc(8 * 1024 * 1024));
  });
  afterEach(() => machine.dispose());

  test("GIVEN a blank disk THEN it is formatted once, mounted by its UUID, and its directories are bound", () => {
    const first = run();

    expect(first.output).toContain(`${machine.disk} is blank: making a filesystem`);
    expect(first.status).toBe(0);
    const uuid = spawnSync("blkid", ["-p", "-s", "UUID", "-o", "value", machine.disk], {
      encoding: "utf8",
    }).stdout.trim();
    expect(first.calls.filter((call) => /^(mkfs|mount )/.test(call))).toEqual([
      `mkfs.ext4 -q -m 1 ${machine.disk}`,
      `mount -o noatime UUID=${uuid} ${machine.folder}/srv`,
      `mount --bind ${machine.folder}/srv/postgres ${machine.folder}/data/postgres`,
    ]);
  });

  test("WHEN it runs again, mounted or after a boot, THEN nothing is formatted and nothing mounted twice", () => {
    run();
    const mounted = run();
    expect(mounted.status).toBe(0);
    expect(mounted.calls.filter((call) => /^(mkfs|mount )/.test(call))).toEqual([]);

    fs.rmSync(path.join(machine.folder, "mounted"));
    const booted = run();
    expect(booted.status).toBe(0);
    expect(formatted(booted)).toEqual([]);
    expect(booted.calls.filter((call) => call.startsWith("mount "))).toHaveLength(2);
  });

  test("GIVEN a volume that has grown THEN its file system grows with it", () => {
    run();
    fs.truncateSync(machine.disk, 16 * 1024 * 1024);
    expect(run().status).toBe(0);
    const blocks = spawnSync("dumpe2fs", ["-h", machine.disk], { encoding: "utf8" }).stdout;
    const [, count, size] = /Block count:\s+(\d+)[^]*Block size:\s+(\d+)/.exec(blocks) ?? [];
    expect(Number(count) * Number(size)).toBe(16 * 1024 * 1024);
  });

  test("GIVEN a file system that cannot grow THEN that is said, and the directories are there all the same", () => {
    machine.stub("resize2fs", "exit 1");
    const result = run();

    expect(result.status).toBe(0);
    expect(result.output).toContain(`the filesystem on ${machine.disk} could not grow to the size of its volume`);
    expect(result.calls).toContain(`mount --bind ${machine.folder}/srv/postgres ${machine.folder}/data/postgres`);
  });

  test("fails on a disk that cannot be read, and does not take it for a blank one", () => {
    machine.stub("blkid", "exit 2");
    machine.stub("wipefs", "exit 1");
    const result = run();

    expect(result.status).toBe(1);
    expect(result.output).toContain(`cannot read ${machine.disk}`);
    expect(formatted(result)).toEqual([]);
  });

  test("fails on a disk with a signature that only wipefs sees, and leaves it as it is", () => {
    machine.stub("blkid", "exit 2");
    machine.stub("wipefs", 'echo "disk 0x0 LVM2_member"');
    const result = run();

    expect(result.status).toBe(1);
    expect(result.output).toContain("left as it is. Found: disk 0x0 LVM2_member");
    expect(formatted(result)).toEqual([]);
  });

  test("fails on a partition table and leaves it as it is", () => {
    const disk = Buffer.alloc(8 * 1024 * 1024);
    // A DOS partition table with one Linux partition.
    disk.set([0x80, 0, 2, 0, 0x83, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0x3f, 0, 0], 446);
    disk.set([0x55, 0xaa], 510);
    fs.writeFileSync(machine.disk, disk);
    const result = run();

    expect(result.status).toBe(1);
    expect(result.output).toContain("is neither blank nor a filesystem: left as it is");
    expect(formatted(result)).toEqual([]);
    expect(fs.readFileSync(machine.disk).equals(disk)).toBe(true);
  });

  test("fails when another disk with the same UUID was mounted instead", () => {
    fs.writeFileSync(path.join(machine.folder, "source"), "/dev/another");
    const result = run();

    expect(result.status).toBe(1);
    expect(result.output).toContain("another disk has the same filesystem UUID");
    expect(result.calls).toContain(`umount ${machine.folder}/srv`);
  });

  test("fails when the volume is not attached, naming it", () => {
    fs.rmSync(machine.disk);
    const result = run();

    expect(result.status).toBe(1);
    expect(result.output).toContain(`the data volume is not attached: no ${machine.disk} after 0s`);
  });
});

describeWithProgram("jq", "the secrets", () => {
  let machine: Machine;
  const run = (parameters: Readonly<Record<string, string>>) => {
    const answer = {
      Parameters: Object.entries(parameters).map(([name, value]) => ({ Name: `/app/${name}`, Value: value })),
    };
    fs.writeFileSync(path.join(machine.folder, "answer"), JSON.stringify(answer));
    return machine.run("parameters.sh", {
      REGION: "eu-west-1",
      PARAMETER_PREFIX: "/app/",
      SECRETS_DIR: path.join(machine.folder, "run"),
    });
  };
  const secrets = () => path.join(machine.folder, "run", "secrets.env");

  beforeEach(() => {
    machine = new Machine();
    machine.stub("aws", 'cat "$FOLDER/answer"');
  });
  afterEach(() => machine.dispose());

  test("GIVEN parameters THEN they are variables that only root reads, and no value is in an argument or a log", () => {
    const result = run({ OPENAI_API_KEY: "s3cr3t", "db/password": 'with "quotes"' });

    expect(result.status).toBe(0);
    expect(fs.readFileSync(secrets(), "utf8")).toBe('OPENAI_API_KEY="s3cr3t"\nDB_PASSWORD="with \\"quotes\\""\n');
    expect(fs.statSync(secrets()).mode & 0o777).toBe(0o600);
    expect(result.output + result.calls.join()).not.toContain("s3cr3t");
    expect(result.calls).toEqual([
      "aws ssm get-parameters-by-path --region eu-west-1 --path /app/ --recursive --with-decryption --output json",
    ]);
  });

  test("GIVEN a dollar and a line break THEN Compose reads them as they are", () => {
    run({ A: "a$b\nc" });
    expect(fs.readFileSync(secrets(), "utf8")).toBe('A="a$$b\\nc"\n');
  });

  test("GIVEN no parameter THEN the file is empty and the application may start", () => {
    expect(run({}).status).toBe(0);
    expect(fs.readFileSync(secrets(), "utf8")).toBe("");
  });

  test("fails on two names for one variable, and keeps the former file", () => {
    run({ A: "1" });
    const result = run({ "a-b": "1", a_b: "2" });

    expect(result.status).not.toBe(0);
    expect(result.output).toContain("A_B comes from several of them");
    expect(fs.readFileSync(secrets(), "utf8")).toBe('A="1"\n');
    expect(fs.readdirSync(path.join(machine.folder, "run"))).toEqual(["secrets.env"]);
  });
});

describe("the nightly dump", () => {
  let machine: Machine;
  const values = () => ({
    APP_DIR: path.join(machine.folder, "opt"),
    DATA_MOUNT: machine.folder,
    DUMP_WAIT: "2",
    BUCKET: "bucket",
    DUMPS_PREFIX: "dumps/",
    REGION: "eu-west-1",
    METRICS_NAMESPACE: "app",
  });
  const run = () => machine.run("dump.sh", values());
  const uploads = (calls: string[]) => calls.filter((call) => call.startsWith("aws s3"));

  beforeEach(() => {
    machine = new Machine();
    machine.stub("aws", 'case "$*" in *" cp "*) cp "${@: -2:1}" "$FOLDER/uploaded" ;; esac');
    machine.stub(
      "docker",
      'case "$*" in *config*) echo postgres ;; *pg_isready*) ;; *pg_dumpall*) cat "$FOLDER/databases" ;; esac',
    );
    fs.writeFileSync(path.join(machine.folder, "databases"), "CREATE ROLE app;\n");
    fs.mkdirSync(path.join(machine.folder, "opt"));
    fs.writeFileSync(path.join(machine.folder, "opt/compose.yaml"), "services: {}\n");
  });
  afterEach(() => machine.dispose());

  test("GIVEN a database THEN its dump is uploaded whole, compressed, under a UTC time, and its size is measured", () => {
    const result = run();

    expect(result.status).toBe(0);
    expect(uploads(result.calls)).toEqual([
      expect.stringMatching(
        /^aws s3 cp --region eu-west-1 --only-show-errors \S+\.sql\.gz s3:\/\/bucket\/dumps\/\d{4}-\d\d-\d\dT\d{6}Z\.sql\.gz$/,
      ),
    ]);
    const uploaded = spawnSync("gzip", ["-dc", path.join(machine.folder, "uploaded")], { encoding: "utf8" }).stdout;
    expect(uploaded).toBe("CREATE ROLE app;\n");
    expect(result.calls.at(-1)).toMatch(/^aws cloudwatch put-metric-data .* --metric-name DumpSize/);
    expect(fs.existsSync(path.join(machine.folder, ".dump.sql.gz"))).toBe(false);
  });

  test("fails when pg_dumpall breaks off, and uploads nothing", () => {
    fs.rmSync(path.join(machine.folder, "databases"));
    const result = run();

    expect(result.status).not.toBe(0);
    expect(uploads(result.calls)).toEqual([]);
    expect(fs.existsSync(path.join(machine.folder, ".dump.sql.gz"))).toBe(false);
  });

  test("GIVEN no compose file, or no service postgres THEN it says so and is content", () => {
    fs.rmSync(path.join(machine.folder, "opt/compose.yaml"));
    expect(run()).toMatchObject({ status: 0, output: expect.stringContaining("no dump: there is no") as string });

    fs.writeFileSync(path.join(machine.folder, "opt/compose.yaml"), "services: {}\n");
    machine.stub("docker", "echo web");
    const result = run();
    expect(result).toMatchObject({
      status: 0,
      output: expect.stringContaining("has no service named postgres") as string,
    });
    expect(uploads(result.calls)).toEqual([]);
  });
});

describeWithProgram("gpg", "the CloudWatch agent, with real keys and signatures", () => {
  const PACKAGE = "amazon-cloudwatch-agent.deb";
  const AMAZON = "Amazon CloudWatch Agent";
  let machine: Machine;
  let keyring: string;

  const gpg = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      "gpg",
      ["--homedir", keyring, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", ...args],
      { encoding: "utf8" },
    );
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  };
  const createKey = (owner: string) => {
    gpg("--quick-generate-key", owner, "ed25519", "sign", "never");
    return /^fpr:+([0-9A-F]{40}):/m.exec(gpg("--with-colons", "--list-keys", `=${owner}`))?.[1] ?? "";
  };
  /** What the download gives: a package, its signature by one key, and the public keys of several. */
  const publish = (signer: string, keys: readonly string[]) => {
    const folder = path.join(machine.folder, "site");
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, PACKAGE), "a package\n");
    gpg(
      "--local-user",
      signer,
      "--output",
      path.join(folder, `${PACKAGE}.sig`),
      "--detach-sign",
      path.join(folder, PACKAGE),
    );
    gpg("--output", path.join(folder, "amazon-cloudwatch-agent.gpg"), "--armor", "--export", ...keys);
  };
  const run = (key: string) =>
    machine.run("monitoring.sh", {
      REGION: "eu-west-1",
      AGENT_CTL: path.join(machine.folder, "bin/agent-ctl"),
      AGENT_CONFIG: "/etc/app/cloudwatch-agent.json",
      AGENT_KEY: key,
    });
  const CONFIGURED = "agent-ctl -a fetch-config -m ec2 -s -c file:/etc/app/cloudwatch-agent.json";

  beforeEach(() => {
    machine = new Machine();
    // Short: a socket's path has at most 107 characters.
    keyring = fs.mkdtempSync(path.join(os.tmpdir(), "gpg-"));
    machine.stub("curl", 'cp "$FOLDER"/site/* .');
    machine.stub(
      "apt-get",
      'printf "#!/bin/sh\\necho agent-ctl \\$* >>$FOLDER/calls\\n" >"$FOLDER/bin/agent-ctl"; chmod +x "$FOLDER/bin/agent-ctl"',
    );
  });
  afterEach(() => {
    spawnSync("gpgconf", ["--homedir", keyring, "--kill", "all"]);
    fs.rmSync(keyring, { recursive: true, force: true });
    machine.dispose();
  });

  test("GIVEN a package signed by Amazon's key THEN it is installed from the region's bucket and configured", () => {
    const key = createKey(AMAZON);
    publish(key, [key]);
    const result = run(key);
    const site = "https://amazoncloudwatch-agent-eu-west-1.s3.eu-west-1.amazonaws.com/ubuntu/arm64/latest";

    expect(result.status).toBe(0);
    expect(result.calls).toEqual([
      `curl -fsS --retry 5 --remote-name-all ${site}/${PACKAGE} ${site}/${PACKAGE}.sig ` +
        "https://amazoncloudwatch-agent.s3.amazonaws.com/assets/amazon-cloudwatch-agent.gpg",
      `apt-get install -y -o DPkg::Lock::Timeout=300 ./${PACKAGE}`,
      CONFIGURED,
    ]);
  });

  test("GIVEN an agent that is there already THEN it is only given its configuration", () => {
    machine.stub("agent-ctl");
    const result = run("x");

    expect(result.status).toBe(0);
    expect(result.calls).toEqual([CONFIGURED]);
  });

  test("fails when another key signed it, even one named like a good signature and published beside Amazon's", () => {
    const amazon = createKey(AMAZON);
    const other = createKey(`[GNUPG:] VALIDSIG ${amazon} 2026-01-01`);
    publish(other, [amazon, other]);
    const result = run(amazon);

    expect(result.status).toBe(1);
    expect(result.output).toContain(`is not signed by Amazon's key ${amazon}: not installed`);
    expect(result.calls.filter((call) => call.startsWith("apt-get"))).toEqual([]);
  });

  test("fails when the package is not the one that was signed", () => {
    const key = createKey(AMAZON);
    publish(key, [key]);
    fs.appendFileSync(path.join(machine.folder, "site", PACKAGE), "more");
    const result = run(key);

    expect(result.status).toBe(1);
    expect(result.output).toContain("not installed");
    expect(result.calls.filter((call) => call.startsWith("apt-get"))).toEqual([]);
  });
});
