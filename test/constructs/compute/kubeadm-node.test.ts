import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const SCRIPTS = path.resolve("constructs/compute/kubeadm-node");

/** A machine on which a script runs: its own folders, and commands that only say how they were called. */
class Machine {
  readonly folder = temporaryFolder();
  private readonly log = path.join(this.folder, "calls");

  /** @param files what the machine has for kubeadm: `init`, `join` or both */
  constructor(values: Readonly<Record<string, string>> = {}, files: readonly string[] = ["init"]) {
    for (const name of ["bin", "config/pki/etcd", "etcd"]) {
      fs.mkdirSync(this.path(name), { recursive: true });
    }
    fs.writeFileSync(this.log, "");
    for (const name of files) {
      fs.writeFileSync(this.path(`config/${name}.yaml`), `${name}: @NODE_IP@\n`);
    }
    fs.writeFileSync(this.path("config/pki/ca.key"), "key");
    const all = {
      ROLE: "control-plane",
      CONFIG_DIR: this.path("config"),
      KUBERNETES_DIR: this.path("kubernetes"),
      DONE: this.path("done"),
      NETWORK_CIDR: "10.40.0.0/16",
      POD_CIDR: "10.244.0.0/16",
      OPEN_PORTS: "22, 6443",
      API_ADDRESS: "192.0.2.1",
      API_PRIVATE_IP: "10.40.0.252",
      API_REDIRECT: "",
      AUDIT_LOGS: this.path("audit"),
      ETCD_DIR: this.path("etcd"),
      KEYRINGS: this.path("keyrings"),
      SNAPSHOTS: this.path("snapshots"),
      KEPT_SNAPSHOTS: "2",
      ...values,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
    fs.writeFileSync(this.path("environment"), lines.join(""));
    this.command("ip", 'echo "3: enp7s0    inet 10.40.0.2/32 brd 10.40.0.2 scope global"');
    this.command("kubeadm", 'echo "kubeadm $*" >>"$LOG"');
    this.command("kubeadm-node-firewall", 'echo firewall >>"$LOG"');
    // Nobody answers.
    this.command("curl", 'echo "curl ${*: -1}" >>"$LOG"; exit 7');
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** @param body shell; `$LOG` is where it can say how it was called */
  command(name: string, body: string): void {
    fs.writeFileSync(this.path(`bin/${name}`), `#!/bin/bash\nLOG='${this.log}'\n${body}\n`, { mode: 0o755 });
  }

  run(script: string) {
    const { status, stdout, stderr } = spawnSync("bash", [path.join(SCRIPTS, `${script}.sh`)], {
      encoding: "utf8",
      env: { PATH: `${this.path("bin")}:${process.env["PATH"]}`, KUBEADM_NODE_ENVIRONMENT: this.path("environment") },
    });
    return { status, output: `${stdout}${stderr}` };
  }

  get calls(): string {
    return fs.readFileSync(this.log, "utf8").replaceAll(this.folder, "");
  }
}

describeWithProgram("shellcheck", "the scripts of a kubeadm node", () => {
  test.each(["install", "firewall", "bootstrap", "snapshot"])("GIVEN %s THEN shellcheck finds nothing", (name) => {
    const { stdout } = spawnSync("shellcheck", [path.join(SCRIPTS, `${name}.sh`)], { encoding: "utf8" });
    expect(stdout).toBe("");
  });
});

describe("kubeadm-node-bootstrap", () => {
  const INIT = "kubeadm init --config /config/node.yaml --skip-token-print\n";
  const JOIN = "kubeadm join --config /config/node.yaml\n";
  const ASKED = "curl https://10.40.0.252:6443/livez\n";

  test("GIVEN a new control plane THEN it begins with the shared keys and its own address, once", () => {
    const machine = new Machine();

    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.calls).toBe(INIT);
    expect(fs.readFileSync(machine.path("config/node.yaml"), "utf8")).toBe("init: 10.40.0.2\n");
    expect(fs.readFileSync(machine.path("kubernetes/pki/ca.key"), "utf8")).toBe("key");
    expect(fs.statSync(machine.path("kubernetes/pki/ca.key")).mode & 0o077).toBe(0);
  });

  test("GIVEN a worker THEN it joins and has no keys", () => {
    const machine = new Machine({ ROLE: "worker" }, ["join"]);

    expect(machine.run("bootstrap").status).toBe(0);
    expect(machine.calls).toBe(JOIN);
    expect(fs.existsSync(machine.path("kubernetes"))).toBe(false);
  });

  test("GIVEN the first of three WHEN no cluster answers THEN it makes one", () => {
    const machine = new Machine({}, ["init", "join"]);

    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.calls).toBe(`${ASKED}${INIT}`);
    expect(fs.existsSync(machine.path("config/redirect"))).toBe(false);
  });

  test("GIVEN the first of three, made again, WHEN the others have a cluster THEN it joins that, with the keys", () => {
    const machine = new Machine({}, ["init", "join"]);
    machine.command("curl", 'echo "curl ${*: -1}" >>"$LOG"');

    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.calls).toBe(`${ASKED}firewall\n${JOIN}`);
    expect(fs.existsSync(machine.path("config/redirect"))).toBe(true);
    expect(fs.readFileSync(machine.path("config/node.yaml"), "utf8")).toBe("join: 10.40.0.2\n");
    expect(fs.readFileSync(machine.path("kubernetes/pki/ca.key"), "utf8")).toBe("key");
  });

  test("GIVEN a further one THEN it only joins, with the keys, and never makes a cluster", () => {
    const machine = new Machine({}, ["join"]);

    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.calls).toBe(JOIN);
    expect(fs.readFileSync(machine.path("kubernetes/pki/ca.key"), "utf8")).toBe("key");
  });

  test("GIVEN an attempt that failed half-way THEN it is undone before the next one, and the keys are there again", () => {
    const machine = new Machine();
    machine.command(
      "kubeadm",
      `echo "kubeadm $*" >>"$LOG"\nif [ "$1" = reset ]; then rm -r '${machine.path("kubernetes")}'; fi\n` +
        `if [ "$1" = init ] && ! [ -e '${machine.path("second")}' ]; then touch '${machine.path("kubernetes/kubelet.conf")}' '${machine.path("second")}'; exit 1; fi`,
    );

    expect(machine.run("bootstrap").status).toBe(1);
    expect(machine.run("bootstrap").status).toBe(0);
    expect(machine.calls).toBe(`${INIT}kubeadm reset --force\n${INIT}`);
    expect(fs.existsSync(machine.path("kubernetes/pki/ca.key"))).toBe(true);
  });

  test("fails while there is no private address, and touches nothing", () => {
    const machine = new Machine();
    machine.command("ip", "exit 0");

    expect(machine.run("bootstrap")).toEqual({
      status: 1,
      output: "this machine has no address in 10.40.0.0/16 yet\n",
    });
    expect(machine.calls).toBe("");
  });
});

/** What the script gives to nft. */
function rules(values: Readonly<Record<string, string>>, machine = new Machine(values)): string {
  machine.command("nft", 'cat >>"$LOG"');
  expect(machine.run("firewall")).toEqual({ status: 0, output: "" });
  return machine.calls;
}

describeWithProgram("gpg", "kubeadm-node-install, with real keys", () => {
  const gpg = (home: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("gpg", ["--homedir", home, "--batch", "--passphrase", "", ...args], {
      encoding: "utf8",
    });
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  };
  /** A key that was made in 2020, as its publisher gave it out then and, prolonged, later. */
  const makeKey = () => {
    const home = fs.mkdtempSync(path.join(temporaryFolder(), "gpg-"));
    gpg(home, "--faked-system-time", "20200101T000000", "--quick-generate-key", "packages", "rsa2048", "sign", "1y");
    const fingerprint = /^fpr:+([0-9A-F]+):$/m.exec(gpg(home, "--with-colons", "--list-keys"))?.[1] ?? "";
    const expired = gpg(home, "--armor", "--export");
    gpg(home, "--quick-set-expire", fingerprint, "0");
    return { fingerprint, expired, prolonged: gpg(home, "--armor", "--export") };
  };
  let key: ReturnType<typeof makeKey>;
  beforeAll(() => {
    key = makeKey();
  });
  /** A machine that downloads the key as it is now, and has `keys` from before. */
  const install = (pinned: string, keys: Readonly<Record<string, string>> = {}) => {
    const machine = new Machine({
      KUBERNETES_REPOSITORY: "https://kubernetes.invalid",
      KUBERNETES_KEY: pinned,
      CONTAINERD_REPOSITORY: "https://docker.invalid",
      CONTAINERD_KEY: key.fingerprint,
    });
    fs.mkdirSync(machine.path("keyrings"));
    fs.writeFileSync(machine.path("download"), key.prolonged);
    for (const [name, content] of Object.entries(keys)) {
      fs.writeFileSync(machine.path(`keyrings/${name}.asc`), content);
    }
    for (const name of ["modprobe", "sysctl", "systemctl", "apt-get", "apt-mark"]) {
      machine.command(name, `echo "${name} $1" >>"$LOG"`);
    }
    machine.command("curl", `echo "curl \${*: -1}" >>"$LOG"\ncp '${machine.path("download")}' "\${*: -2:1}"`);
    return { machine, ...machine.run("install") };
  };
  const FETCHES_KUBERNETES = "curl https://kubernetes.invalid/Release.key\n";
  const FETCHES_DOCKER = "curl https://docker.invalid/gpg\n";

  test("GIVEN a new machine THEN both keys are fetched before the packages are installed and held", () => {
    const { machine, status } = install(key.fingerprint);

    expect(status).toBe(0);
    expect(machine.calls).toContain(
      `${FETCHES_KUBERNETES}${FETCHES_DOCKER}apt-get update\napt-get install\napt-mark hold\n`,
    );
    expect(fs.readFileSync(machine.path("keyrings/kubernetes.asc"), "utf8")).toBe(key.prolonged);
  });

  test("GIVEN keys that are valid THEN nothing is fetched", () => {
    const { machine, status } = install(key.fingerprint, { kubernetes: key.prolonged, docker: key.prolonged });

    expect(status).toBe(0);
    expect(machine.calls).not.toContain("curl");
  });

  test("GIVEN a key that has expired since THEN it is fetched again", () => {
    const { machine, status } = install(key.fingerprint, { kubernetes: key.expired, docker: key.prolonged });

    expect(status).toBe(0);
    expect(machine.calls).toContain(FETCHES_KUBERNETES);
    expect(machine.calls).not.toContain(FETCHES_DOCKER);
    expect(fs.readFileSync(machine.path("keyrings/kubernetes.asc"), "utf8")).toBe(key.prolonged);
  });

  test("fails for a key that is not the pinned one, and installs nothing", () => {
    const pinned = "0".repeat(40);
    const { machine, status, output } = install(pinned);

    expect(status).toBe(1);
    expect(output).toContain(`the key of kubernetes is ${key.fingerprint}, but ${pinned} is pinned: not installed\n`);
    expect(fs.readdirSync(machine.path("keyrings"))).toEqual([]);
    expect(machine.calls).not.toContain("apt-get");
  });
});

describe("kubeadm-node-firewall", () => {
  test("GIVEN a control plane THEN strangers reach its ports alone, and pods not the metadata", () => {
    const text = rules({});
    expect(text).toContain("type filter hook input priority -10; policy drop;");
    expect(text).toContain("ip saddr { 10.40.0.0/16, 10.244.0.0/16 } accept\n");
    expect(text).toContain("tcp dport { 22, 6443 } accept\n");
    expect(text).toContain(
      "type filter hook forward priority -10; policy accept;\n    ip daddr 169.254.169.254 drop\n",
    );
    expect(text).not.toContain("dnat");
  });

  test("GIVEN a worker THEN the API's public address leads to the private one", () => {
    expect(rules({ OPEN_PORTS: "22", API_REDIRECT: "yes", API_PRIVATE_IP: "10.40.0.250" })).toContain(
      "ip daddr 192.0.2.1 tcp dport 6443 dnat ip to 10.40.0.250\n",
    );
  });
});

test("GIVEN the first control plane WHEN it has joined the others THEN its own public address leads to them", () => {
  const machine = new Machine();
  fs.writeFileSync(machine.path("config/redirect"), "");
  expect(rules({}, machine)).toContain("ip daddr 192.0.2.1 tcp dport 6443 dnat ip to 10.40.0.252\n");
});

describeWithProgram("nft", "the rules of a kubeadm node's firewall", () => {
  // Rules are checked by the kernel, which lets only root of a network namespace do that: this one, or a new one.
  const nft = (text: string) =>
    [[], ["unshare", "--user", "--map-root-user", "--net"]].map((before) => {
      const [program = "", ...rest] = [...before, "nft", "--check", "--file", "-"];
      const { status, stderr } = spawnSync(program, rest, { input: text, encoding: "utf8" });
      return { status, stderr };
    });
  const isAllowed = nft("table inet socle_test {\n}\n").some(({ status }) => status === 0);
  const check = (text: string) =>
    nft(text).find(({ stderr }) => !/Operation not permitted|unshare failed/.test(stderr));

  (isAllowed ? test : test.skip).each([
    ["control plane", { OPEN_PORTS: "22, 6443" }],
    ["worker", { OPEN_PORTS: "22", API_REDIRECT: "yes", API_PRIVATE_IP: "10.40.0.250" }],
  ])(
    "GIVEN a %s WHEN nft checks them THEN it takes them (skipped where neither root nor unshare is allowed)",
    (_role, values) => {
      expect(check(rules(values))).toEqual({ status: 0, stderr: "" });
    },
  );

  (isAllowed ? test : test.skip)("fails for an address that is none", () => {
    const found = check(rules({ API_REDIRECT: "yes", API_PRIVATE_IP: "10.40.0" }));
    expect(found).toMatchObject({ status: 1, stderr: expect.stringContaining("Error") as string });
  });
});

describe("kubeadm-node-snapshot", () => {
  test("GIVEN etcd THEN the newest snapshots are kept, for root alone", () => {
    const machine = new Machine();
    machine.command(
      "crictl",
      `if [ "$1" = ps ]; then echo c1; else echo "crictl $*" >>"$LOG"; echo data >"\${!#}"; fi`,
    );
    fs.mkdirSync(machine.path("snapshots"));
    for (const name of ["20200101T000000Z.db", "20200102T000000Z.db"]) {
      fs.writeFileSync(machine.path(`snapshots/${name}`), "old");
    }

    expect(machine.run("snapshot")).toEqual({ status: 0, output: "" });
    expect(machine.calls).toContain("crictl exec c1 etcdctl --endpoints=https://127.0.0.1:2379");
    const kept = fs.readdirSync(machine.path("snapshots")).sort();
    expect(kept).toHaveLength(2);
    expect(kept[0]).toBe("20200102T000000Z.db");
    expect(fs.readFileSync(machine.path(`snapshots/${kept[1]}`), "utf8")).toBe("data\n");
  });

  test("fails where etcd does not run", () => {
    const machine = new Machine();
    machine.command("crictl", "exit 0");
    expect(machine.run("snapshot")).toEqual({ status: 1, output: "etcd does not run on this machine\n" });
  });
});
