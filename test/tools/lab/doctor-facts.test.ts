import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { collectFacts } from "../../../tools/lab/doctor-facts";
import { temporaryFolder } from "../../support/layers";
import { DOCKER_INFO, DOCKER_VERSION, fakePrograms, NOT_THERE } from "./support";

const PATH = process.env["PATH"];
afterEach(() => {
  process.env["PATH"] = PATH;
});

/** A folder that stands for a machine's root. */
function machine(files: Readonly<Record<string, string | Buffer>>): string {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

const COMMON = {
  "/proc/meminfo": "MemTotal: 1 kB\n",
  "/proc/net/tcp": "four\n",
  "/proc/net/tcp6": "six\n",
  "/proc/net/route": "routes\n",
  "/etc/hosts": "127.0.0.1 localhost\n",
  "/proc/sys/fs/inotify/max_user_instances": "128\n",
  "/proc/sys/fs/inotify/max_user_watches": "65536\n",
};

describe("what the doctor collects", () => {
  test("GIVEN an Ubuntu with Docker THEN every check gets what its file or program says", async () => {
    // GIVEN
    process.env["PATH"] = fakePrograms({
      docker: `case $1 in version) echo '${JSON.stringify(DOCKER_VERSION)}';; info) echo '${JSON.stringify(DOCKER_INFO)}';; ps) echo containers;; network) echo networks;; esac`,
      terraform: 'echo "Terraform v1.11.4 $LC_ALL $CHECKPOINT_DISABLE"',
      kubectl: "echo broken >&2; exit 3",
    });
    const root = machine({
      ...COMMON,
      "/proc/sys/kernel/osrelease": "6.8.0-85-generic\n",
      "/proc/config.gz": gzipSync("CONFIG_BPF=y\n"),
      "/proc/mounts": "bpf /sys/fs/bpf bpf rw 0 0\n",
      "/proc/self/cgroup": "0::/user.slice/session.scope\n",
      "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
      "/sys/fs/cgroup/user.slice/memory.max": "max\n",
      "/sys/fs/cgroup/user.slice/session.scope/memory.max": "1024\n",
      "/run/systemd/system/x": "",
      "/var/lib/docker/x": "",
    });
    const out = machine({
      "stacks/lab-services/cdk.tf.json": JSON.stringify({
        aliases: ["vault.lab.local", "postgres.lab.local"],
        x: "*.lab.local",
        resource: { docker_network: { network: { ipam_config: [{ subnet: "172.30.0.0/24" }] } } },
      }),
      "stacks/lab-forge/cdk.tf.json": '"http://gitlab.lab.local:8081 vault.lab.local"',
      "stacks/lab-cluster/cdk.tf.json": '"k3s-agent-1.lab.local"',
      "stacks/labels/cdk.tf.json": '"other.lab.local"',
      "gitops/airflow-helm/values.yaml": "host: airflow.lab.local\n",
    });

    // WHEN
    const facts = await collectFacts({ out, gpu: false, root });

    // THEN
    expect(JSON.parse(facts.docker.info.stdout)).toEqual(DOCKER_INFO);
    expect(facts.place).toEqual({ wsl: false, systemd: true, cgroup2: true });
    expect(facts.memory).toEqual({
      meminfo: "MemTotal: 1 kB\n",
      cgroupLimits: {
        "/sys/fs/cgroup/user.slice/memory.max": "max\n",
        "/sys/fs/cgroup/user.slice/session.scope/memory.max": "1024\n",
      },
      dockerBytes: DOCKER_INFO.MemTotal,
      windows: undefined,
    });
    expect(facts.disk).toEqual({
      dockerRoot: "/var/lib/docker",
      freeBytes: expect.any(Number),
      windowsFreeBytes: undefined,
    });
    expect(facts.disk.freeBytes).toBeGreaterThan(0);
    expect(facts.ports.tcp).toBe("four\n\nsix\n");
    expect(facts.ports.containers.stdout).toBe("containers\n");
    expect(facts.network).toMatchObject({
      block: "172.30.0.0/24",
      routes: "routes\n",
      networks: { stdout: "networks\n" },
    });
    expect(facts.names).toEqual({
      names: ["airflow.lab.local", "gitlab.lab.local", "postgres.lab.local", "vault.lab.local"],
      hosts: "127.0.0.1 localhost\n",
      windowsHosts: null,
    });
    expect(facts.programs.terraform).toEqual({ status: 0, stdout: "Terraform v1.11.4 C 1\n", stderr: "", there: true });
    expect(facts.programs.kubectl).toEqual({ status: 3, stdout: "", stderr: "broken\n", there: true });
    expect(facts.programs.helm).toEqual(NOT_THERE);
    expect(facts.inotify).toEqual({ max_user_instances: "128\n", max_user_watches: "65536\n" });
    expect(facts.kernel).toEqual({
      release: "6.8.0-85-generic",
      config: "CONFIG_BPF=y\n",
      mounts: "bpf /sys/fs/bpf bpf rw 0 0\n",
    });
    expect(facts.gpu).toBeUndefined();
  });

  test("GIVEN WSL THEN Windows' files are found where its drive is mounted, and the GPU is asked for", async () => {
    // GIVEN
    process.env["PATH"] = fakePrograms({
      docker: `[ "$1" = info ] && echo '${JSON.stringify({ ...DOCKER_INFO, OperatingSystem: "Docker Desktop" })}'`,
      "powershell.exe": String.raw`printf 'C:\\Users\\sarah\r\n34200000000\r\n'`,
      "nvidia-smi": "echo GPU",
    });
    const root = machine({
      ...COMMON,
      "/proc/sys/kernel/osrelease": "6.6.87.2-microsoft-standard-WSL2\n",
      "/proc/mounts": "C:\\134 /windir/c 9p rw 0 0\n",
      // Another Docker's, from before: not where Docker Desktop keeps its data.
      "/var/lib/docker/x": "",
      "/windir/c/Users/sarah/.wslconfig": "[wsl2]\n",
      "/windir/c/Windows/System32/drivers/etc/hosts": "# Windows\r\n",
      "/boot/config-6.6.87.2-microsoft-standard-WSL2": "CONFIG_BPF=m\n",
    });

    // WHEN
    const facts = await collectFacts({ out: temporaryFolder(), gpu: true, root });

    // THEN
    expect(facts.place.wsl).toBe(true);
    expect(facts.memory.windows).toEqual({
      wslconfigPath: "/windir/c/Users/sarah/.wslconfig",
      wslconfig: "[wsl2]\n",
      memoryBytes: 34_200_000_000,
    });
    expect(facts.names.windowsHosts).toBe("# Windows\r\n");
    expect(facts.names.names).toEqual([]);
    expect(facts.network.block).toBeUndefined();
    expect(facts.disk.freeBytes).toBeUndefined();
    expect(facts.disk.windowsFreeBytes).toBeGreaterThan(0);
    expect(facts.kernel.config).toBe("CONFIG_BPF=m\n");
    expect(facts.gpu).toEqual({
      smi: { status: 0, stdout: "GPU\n", stderr: "", there: true },
      toolkit: NOT_THERE,
      runtimes: ["io.containerd.runc.v2", "nvidia", "runc"],
      wsl: true,
    });
  });

  test("GIVEN a WSL that cannot ask Windows, and cgroup v1 THEN what is not known is undefined", async () => {
    process.env["PATH"] = fakePrograms({});
    const root = machine({
      "/proc/sys/kernel/osrelease": "6.6.87.2-microsoft-standard-WSL2\n",
      "/proc/self/cgroup": "4:memory:/a\n3:cpu:/b\n0::/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "4096\n",
    });
    const facts = await collectFacts({ out: temporaryFolder(), gpu: false, root });
    expect(facts.memory).toEqual({
      meminfo: "",
      cgroupLimits: {
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "4096\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      },
      dockerBytes: undefined,
      windows: { wslconfigPath: undefined, wslconfig: undefined, memoryBytes: undefined },
    });
    expect(facts.names.hosts).toBeUndefined();
    expect(facts.names.windowsHosts).toBeUndefined();
    expect(facts.disk.freeBytes).toBeGreaterThan(0);
    expect(facts.docker.version).toEqual(NOT_THERE);
  });
});
