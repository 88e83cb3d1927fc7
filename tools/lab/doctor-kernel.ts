import { atLeast, ok, problem, warning, type Finding } from "./doctor-finding";
import { wslVersion } from "./doctor-memory";

/** What the many pods of a scenario need; the defaults of 128 and 8192 end in "too many open files" (kind, "Known Issues"). */
const INOTIFY = { max_user_instances: 512, max_user_watches: 524_288 } as const;

/** Cilium's documentation, "System Requirements". */
const KERNEL_VERSION = [5, 10];

/** What Cilium loads its programs with, and what its tunnels and masquerading need (as above). */
const REQUIRED = [
  "BPF",
  "BPF_SYSCALL",
  "BPF_JIT",
  "NET_CLS_BPF",
  "NET_CLS_ACT",
  "NET_SCH_INGRESS",
  "CGROUPS",
  "CGROUP_BPF",
  "PERF_EVENTS",
  "VXLAN",
  "FIB_RULES",
  "IP_SET",
  "IP_SET_HASH_IP",
  "NETFILTER_XT_SET",
  "NETFILTER_XT_MATCH_COMMENT",
] as const;

/** Asked for there too; not what loads or carries a packet. */
const WANTED = ["CRYPTO_SHA1", "CRYPTO_USER_API_HASH", "SCHEDSTATS"] as const;

export interface InotifyFacts {
  /** /proc/sys/fs/inotify/max_user_instances; undefined where it cannot be read. */
  readonly max_user_instances: string | undefined;
  /** /proc/sys/fs/inotify/max_user_watches; undefined where it cannot be read. */
  readonly max_user_watches: string | undefined;
}

/** Whether the pods of a scenario can watch their files: these limits are one user's, over all containers. */
export function checkInotify(facts: InotifyFacts): Finding {
  const limits = Object.entries(INOTIFY).map(([key, wanted]) => {
    const text = facts[key as keyof InotifyFacts];
    return { key, wanted, found: text === undefined ? undefined : Number(text) };
  });
  const low = limits.filter(({ found, wanted }) => found === undefined || found < wanted);
  if (low.length === 0) {
    return ok("inotify", `${limits.map(({ key, found }) => `${key} ${found}`).join(", ")}.`);
  }
  return problem(
    "inotify",
    `${low.map(({ key, found, wanted }) => `fs.inotify.${key} is ${found ?? "unknown"}, ${wanted} is needed`).join("; ")}.`,
    [
      `printf '${low.map(({ key, wanted }) => `fs.inotify.${key} = ${wanted}\\n`).join("")}' | sudo tee /etc/sysctl.d/99-lab.conf`,
      "sudo sysctl --system",
    ],
  );
}

export interface KernelFacts {
  /** /proc/sys/kernel/osrelease */
  readonly release: string;
  /** The kernel's configuration, from /proc/config.gz or /boot; undefined where neither is there. */
  readonly config: string | undefined;
  /** /proc/mounts */
  readonly mounts: string;
}

/** Whether Cilium's programs can be loaded into this kernel, and kept. */
export function checkKernel({ release, config, mounts }: KernelFacts): readonly Finding[] {
  const newer = wslVersion(release)
    ? (["# In PowerShell on Windows:", "wsl --update", "wsl --shutdown"] as const)
    : (["sudo apt-get update && sudo apt-get install linux-generic && sudo reboot"] as const);
  return [checkOptions(release, config, newer), checkBpffs(mounts)];
}

function checkOptions(release: string, config: string | undefined, newer: readonly [string, ...string[]]): Finding {
  const version = release.split(/[.-]/).slice(0, 2).map(Number);
  if (!atLeast(version, KERNEL_VERSION)) {
    return problem("kernel", `${release}: Cilium needs ${KERNEL_VERSION.join(".")} or newer.`, newer);
  }
  if (config === undefined) {
    return warning("kernel", `${release}; its configuration cannot be read, so what Cilium needs is not checked.`, [
      "sudo modprobe configs   # /proc/config.gz, where the kernel has it as a module",
    ]);
  }
  const missing = (options: readonly string[]) =>
    options
      .filter((option) => !new RegExp(`^CONFIG_${option}=[ym]$`, "m").test(config))
      .map((each) => `CONFIG_${each}`);
  const required = missing(REQUIRED);
  const wanted = missing(WANTED);
  if (required.length > 0) {
    return problem("kernel", `${release} is built without what Cilium needs: ${required.join(", ")}.`, newer);
  }
  return wanted.length === 0
    ? ok("kernel", `${release}, with all that Cilium asks for.`)
    : warning("kernel", `${release} has what Cilium loads, but not all that it asks for: ${wanted.join(", ")}.`, newer);
}

/** The nodes mount the machine's: without it Cilium's maps are lost when its pod starts again. */
function checkBpffs(mounts: string): Finding {
  return /^\S+ \/sys\/fs\/bpf bpf /m.test(mounts)
    ? ok("bpffs", "mounted on /sys/fs/bpf.")
    : problem("bpffs", "The BPF file system is not mounted on /sys/fs/bpf: the cluster's nodes, and Cilium, need it.", [
        "sudo mount -t bpf bpf /sys/fs/bpf",
        "echo 'bpf /sys/fs/bpf bpf defaults 0 0' | sudo tee -a /etc/fstab",
      ]);
}
