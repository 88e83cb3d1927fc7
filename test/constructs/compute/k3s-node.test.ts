import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

const SCRIPTS = path.resolve("constructs/compute/k3s-node");
const SCRIPT_NAMES = ["install", "firewall", "metadata"];
const K3S = "#!/bin/sh\n# stands for K3s\n";

/** A machine on which a script runs: its own folder, and commands that only say how they were called. */
class Machine {
  readonly folder = temporaryFolder();
  private readonly log = path.join(this.folder, "calls");
  private readonly commands = path.join(this.folder, "bin");

  constructor(values: Readonly<Record<string, string>>) {
    fs.mkdirSync(this.commands);
    fs.writeFileSync(this.log, "");
    const all = {
      K3S_VERSION: "v1.36.4+k3s1",
      K3S_SHA256: createHash("sha256").update(K3S).digest("hex"),
      K3S_RELEASES: "https://releases.invalid",
      K3S_BINARY: this.path("k3s"),
      K3S_CONFIG_DIR: this.path("config"),
      NETWORK_CIDR: "10.30.0.0/16",
      POD_CIDR: "10.42.0.0/16",
      METADATA_NAMESPACES: "vault",
      METADATA_INTERVAL_SECONDS: "0",
      ...values,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
    fs.writeFileSync(this.path("environment"), lines.join(""));
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** @param body shell; `$LOG` is where it can say how it was called */
  command(name: string, body: string, folder = this.commands): this {
    fs.writeFileSync(path.join(folder, name), `#!/bin/bash\nLOG='${this.log}'\n${body}\n`, { mode: 0o755 });
    return this;
  }

  run(script: string) {
    const { status, stdout, stderr } = spawnSync("bash", [path.join(SCRIPTS, `${script}.sh`)], {
      encoding: "utf8",
      env: { PATH: `${this.commands}:${process.env["PATH"]}`, K3S_NODE_ENVIRONMENT: this.path("environment") },
    });
    return { status, output: `${stdout}${stderr}` };
  }

  get calls(): string[] {
    return fs.readFileSync(this.log, "utf8").split("\n").filter(Boolean);
  }
}

describeWithProgram("shellcheck", "the scripts of a K3s node", () => {
  test.each(SCRIPT_NAMES)("GIVEN %s WHEN shellcheck reads it THEN it finds nothing", (name) => {
    const { stdout } = spawnSync("shellcheck", [path.join(SCRIPTS, `${name}.sh`)], { encoding: "utf8" });
    expect(stdout).toBe("");
  });
});

describe("k3s-node-install", () => {
  const machine = (content = K3S) =>
    new Machine({})
      .command(
        "curl",
        `echo "curl \${!#}" >>"$LOG"\nwhile [ "$1" != --output ]; do shift; done\nprintf '%s' '${content}' >"$2"`,
      )
      .command("ip", 'echo "192.0.2.1 via 10.30.0.1 dev ens3 src 10.30.0.7 uid 0"');

  test("GIVEN a new machine THEN the pinned release is there, with its tools and the private address", () => {
    const node = machine();

    expect(node.run("install")).toEqual({ status: 0, output: "" });
    expect(node.calls).toEqual(["curl https://releases.invalid/v1.36.4%2Bk3s1/k3s-arm64"]);
    expect(fs.readFileSync(node.path("k3s"), "utf8")).toBe(K3S.slice(0, -1) + "\n");
    expect(fs.statSync(node.path("k3s")).mode & 0o777).toBe(0o755);
    expect(fs.readlinkSync(node.path("kubectl"))).toBe("k3s");
    expect(fs.readFileSync(node.path("config/config.yaml.d/node-ip.yaml"), "utf8")).toBe("node-ip: 10.30.0.7\n");
  });

  test("GIVEN it is there already WHEN it runs again THEN nothing is downloaded", () => {
    const node = machine();
    node.run("install");

    expect(node.run("install")).toEqual({ status: 0, output: "" });
    expect(node.calls).toHaveLength(1);
  });

  test("GIVEN another release is there WHEN it runs THEN the pinned one takes its place", () => {
    const node = machine();
    fs.writeFileSync(node.path("k3s"), "an older one");

    expect(node.run("install").status).toBe(0);
    expect(fs.readFileSync(node.path("k3s"), "utf8")).toBe(K3S);
  });

  test("fails for any other file, and leaves none of it", () => {
    const node = machine("something else");
    const { status, output } = node.run("install");

    expect(status).not.toBe(0);
    expect(output).toMatch(/k3s-arm64 of v1\.36\.4\+k3s1 is [0-9a-f]{64}, but [0-9a-f]{64} is pinned: not installed/);
    expect(fs.readdirSync(node.folder).sort()).toEqual(["bin", "calls", "environment"]);
  });

  test("fails where the machine has no address yet", () => {
    const { status, output } = machine().command("ip", "true").run("install");

    expect(status).not.toBe(0);
    expect(output).toContain("this machine has no route to the Internet yet");
  });
});

describe("k3s-node-firewall", () => {
  /** `iptables` that knows which rules there are: a file for each. */
  const machine = () => {
    const node = new Machine({});
    fs.mkdirSync(node.path("rules"));
    return node
      .command("iptables-restore", 'echo "restore $*" >>"$LOG"; cat >>"$LOG"')
      .command(
        "iptables",
        [
          `cd '${node.path("rules")}'`,
          'rule="$(printf "%s" "$*" | sed -E "s/--wait|-[CID] //g; s/[^A-Za-z0-9.-]/_/g")"',
          'case "$*" in',
          '*" -C "*) [ -e "$rule" ] ;;',
          '*" -I "*) touch "$rule"; echo "iptables $*" >>"$LOG" ;;',
          '*" -D "*) rm "$rule"; echo "iptables $*" >>"$LOG" ;;',
          "esac",
        ].join("\n"),
      );
  };

  test("GIVEN OCI's rules THEN the network and pods come in, pods do not reach the metadata, and forwarding works", () => {
    const node = machine();
    fs.writeFileSync(node.path("rules/_FORWARD_-j_REJECT_--reject-with_icmp-host-prohibited"), "");

    expect(node.run("firewall")).toEqual({ status: 0, output: "" });
    expect(node.calls).toEqual([
      "restore --wait --noflush",
      "*filter",
      ":K3S-NODE - [0:0]",
      "-A K3S-NODE -s 10.30.0.0/16 -j ACCEPT",
      "-A K3S-NODE -s 10.42.0.0/16 -j ACCEPT",
      "COMMIT",
      "*mangle",
      ":K3S-NODE-LINK-LOCAL - [0:0]",
      ":K3S-NODE-NAMED - [0:0]",
      "-A K3S-NODE-LINK-LOCAL -d 169.254.169.254/32 -p udp --dport 53 -j RETURN",
      "-A K3S-NODE-LINK-LOCAL -d 169.254.169.254/32 -p tcp --dport 53 -j RETURN",
      "-A K3S-NODE-LINK-LOCAL -j K3S-NODE-NAMED",
      "-A K3S-NODE-LINK-LOCAL -j DROP",
      "COMMIT",
      "iptables --wait -I INPUT -j K3S-NODE",
      "iptables --wait -t mangle -I FORWARD -d 169.254.0.0/16 -j K3S-NODE-LINK-LOCAL",
      "iptables --wait -D FORWARD -j REJECT --reject-with icmp-host-prohibited",
    ]);
  });

  test("GIVEN it ran before WHEN it runs again THEN no rule is there twice", () => {
    const node = machine();
    node.run("firewall");
    const before = node.calls.length;

    expect(node.run("firewall").status).toBe(0);
    expect(node.calls.slice(before).filter((call) => call.startsWith("iptables"))).toEqual([]);
  });
});

describe("k3s-node-metadata", () => {
  const machine = (pods: Readonly<Record<string, string>>, namespaces = "vault") => {
    const node = new Machine({ METADATA_NAMESPACES: namespaces });
    const addresses = Object.entries(pods).map(([pod, address]) => `*" ${pod}") echo '${address}' ;;`);
    return node
      .command("iptables-restore", 'echo "restore $*" >>"$LOG"; cat >>"$LOG"')
      .command(
        "k3s",
        [
          'case "$*" in',
          `*"--namespace ^vault$") echo '${Object.keys(pods).join("\n")}' ;;`,
          ...addresses,
          "*) exit 1 ;;",
          "esac",
        ].join("\n"),
        node.folder,
      );
  };
  const rules = (...allowed: string[]) => [
    "restore --wait --noflush",
    "*mangle",
    ":K3S-NODE-NAMED - [0:0]",
    ...allowed.map((ip) => `-A K3S-NODE-NAMED -s ${ip}/32 -d 169.254.169.254/32 -p tcp --dport 80 -j ACCEPT`),
    "COMMIT",
  ];

  test("GIVEN pods of the namespace on this node THEN they alone reach the metadata", () => {
    const node = machine({ b2: "10.42.0.9", a1: "10.42.0.5" });

    expect(node.run("metadata")).toEqual({
      status: 0,
      output: "pods with access to the metadata: 10.42.0.5 10.42.0.9 \n",
    });
    expect(node.calls).toEqual(rules("10.42.0.5", "10.42.0.9"));
  });

  test("GIVEN a pod in the node's own network, which has no address of its own THEN nobody is let in", () => {
    const node = machine({ a1: "" });

    expect(node.run("metadata").status).toBe(0);
    expect(node.calls).toEqual(rules());
  });

  test("GIVEN a runtime that does not answer, or no pod THEN nobody is let in", () => {
    const node = machine({}, "another");

    expect(node.run("metadata")).toEqual({ status: 0, output: "pods with access to the metadata: none \n" });
    expect(node.calls).toEqual(rules());
  });
});
