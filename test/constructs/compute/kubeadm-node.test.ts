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

  constructor(values: Readonly<Record<string, string>> = {}) {
    for (const name of ["bin", "config/pki/etcd", "etcd"]) {
      fs.mkdirSync(this.path(name), { recursive: true });
    }
    fs.writeFileSync(this.log, "");
    fs.writeFileSync(this.path("config/kubeadm.yaml"), "node-ip: @NODE_IP@\n");
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
      API_REDIRECT_TO: "",
      AUDIT_LOGS: this.path("audit"),
      ETCD_DIR: this.path("etcd"),
      SNAPSHOTS: this.path("snapshots"),
      KEPT_SNAPSHOTS: "2",
      ...values,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
    fs.writeFileSync(this.path("environment"), lines.join(""));
    this.command("ip", 'echo "3: enp7s0    inet 10.40.0.2/32 brd 10.40.0.2 scope global"');
    this.command("kubeadm", 'echo "kubeadm $*" >>"$LOG"');
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

  test("GIVEN a new control plane THEN it begins with the shared keys and its own address, once", () => {
    const machine = new Machine();

    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.run("bootstrap")).toEqual({ status: 0, output: "" });
    expect(machine.calls).toBe(INIT);
    expect(fs.readFileSync(machine.path("config/node.yaml"), "utf8")).toBe("node-ip: 10.40.0.2\n");
    expect(fs.readFileSync(machine.path("kubernetes/pki/ca.key"), "utf8")).toBe("key");
    expect(fs.statSync(machine.path("kubernetes/pki/ca.key")).mode & 0o077).toBe(0);
  });

  test("GIVEN a worker THEN it joins and has no keys", () => {
    const machine = new Machine({ ROLE: "worker" });

    expect(machine.run("bootstrap").status).toBe(0);
    expect(machine.calls).toBe("kubeadm join --config /config/node.yaml\n");
    expect(fs.existsSync(machine.path("kubernetes"))).toBe(false);
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

describe("kubeadm-node-firewall", () => {
  const rules = (values: Readonly<Record<string, string>>) => {
    const machine = new Machine(values);
    machine.command("nft", 'cat >>"$LOG"');
    expect(machine.run("firewall")).toEqual({ status: 0, output: "" });
    return machine.calls;
  };

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
    expect(rules({ OPEN_PORTS: "22", API_REDIRECT_TO: "10.40.0.250" })).toContain(
      "ip daddr 192.0.2.1 tcp dport 6443 dnat ip to 10.40.0.250\n",
    );
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
