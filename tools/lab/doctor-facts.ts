import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

import { dockerInfo, type DockerFacts, type DockerPlace } from "./doctor-docker";
import type { DiskFacts } from "./doctor-disk";
import type { Outcome } from "./doctor-finding";
import type { GpuFacts } from "./doctor-gpu";
import type { InotifyFacts, KernelFacts } from "./doctor-kernel";
import { wslVersion, type MemoryFacts, type WindowsFacts } from "./doctor-memory";
import type { NameFacts, NetworkFacts, PortFacts } from "./doctor-network";
import { PROGRAMS, type ProgramFacts, type ProgramName } from "./doctor-programs";

/** What every check is told. */
export interface Facts {
  readonly docker: DockerFacts;
  readonly place: DockerPlace;
  readonly memory: MemoryFacts;
  readonly disk: DiskFacts;
  readonly ports: PortFacts;
  readonly network: NetworkFacts;
  readonly names: NameFacts;
  readonly programs: ProgramFacts;
  readonly inotify: InotifyFacts;
  readonly kernel: KernelFacts;
  /** Undefined where nobody asked for the GPU. */
  readonly gpu: GpuFacts | undefined;
}

export interface CollectOptions {
  /** What synth wrote. */
  readonly out: string;
  readonly gpu: boolean;
  /** Where the machine's files are. @default "/" */
  readonly root?: string;
}

/** A program that says nothing for so long is not waited for. */
const TIMEOUT_SECONDS = 20;

/** Asks the machine, and changes nothing on it. What is not there is a fact too. */
export async function collectFacts({ out, gpu, root = "/" }: CollectOptions): Promise<Facts> {
  const machine = new Machine(root);
  const release = machine.read("/proc/sys/kernel/osrelease")?.trim() ?? "";
  const mounts = machine.read("/proc/mounts") ?? "";
  const wsl = wslVersion(release) !== undefined;
  const [version, info, containers, networks, programs, gpuAnswers, windows] = await Promise.all([
    run("docker", "version", "--format", "{{json .}}"),
    run("docker", "info", "--format", "{{json .}}"),
    run("docker", "ps", "--format", "{{json .}}"),
    run("docker", "network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"),
    askPrograms(),
    gpu ? askGpu() : undefined,
    wsl ? askWindows(machine, mounts) : undefined,
  ]);
  const daemon = dockerInfo(info);
  return {
    docker: { version, info },
    place: {
      wsl,
      systemd: machine.has("/run/systemd/system"),
      cgroup2: machine.has("/sys/fs/cgroup/cgroup.controllers"),
    },
    memory: {
      meminfo: machine.read("/proc/meminfo") ?? "",
      cgroupLimits: cgroupLimits(machine),
      dockerBytes: daemon?.MemTotal,
      windows,
    },
    disk: {
      dockerRoot: daemon?.DockerRootDir ?? DOCKER_ROOT,
      freeBytes: await freeForDocker(machine, daemon),
      windowsFreeBytes: await machine.freeBytes(fromWindows("C:\\", mounts)),
    },
    ports: {
      tcp: [machine.read("/proc/net/tcp"), machine.read("/proc/net/tcp6")].join("\n"),
      containers,
    },
    network: { block: networkBlock(out), routes: machine.read("/proc/net/route") ?? "", networks },
    names: {
      names: labNames(out),
      hosts: machine.read("/etc/hosts"),
      windowsHosts: wsl ? machine.read(fromWindows("C:\\Windows\\System32\\drivers\\etc\\hosts", mounts)) : null,
    },
    programs,
    inotify: {
      max_user_instances: machine.read("/proc/sys/fs/inotify/max_user_instances"),
      max_user_watches: machine.read("/proc/sys/fs/inotify/max_user_watches"),
    },
    kernel: {
      release,
      config: machine.readZipped("/proc/config.gz") ?? machine.read(`/boot/config-${release}`),
      mounts,
    },
    gpu: gpuAnswers && { ...gpuAnswers, runtimes: daemon && Object.keys(daemon.Runtimes ?? {}), wsl },
  };
}

const DOCKER_ROOT = "/var/lib/docker";

/** Free where Docker keeps its data, or will; undefined where its daemon is on another machine. */
async function freeForDocker(machine: Machine, daemon: ReturnType<typeof dockerInfo>): Promise<number | undefined> {
  if (daemon) {
    const elsewhere = daemon.OperatingSystem === "Docker Desktop";
    return elsewhere ? undefined : machine.freeBytes(daemon.DockerRootDir);
  }
  let folder = DOCKER_ROOT;
  while (!machine.has(folder)) {
    folder = dirname(folder);
  }
  return machine.freeBytes(folder);
}

/** Memory limits of this process's cgroup and those above it, of either version of cgroups. */
function cgroupLimits(machine: Machine): Readonly<Record<string, string>> {
  const limits: Record<string, string> = {};
  for (const line of (machine.read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers, path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const [base, name] =
      controllers === ""
        ? ["/sys/fs/cgroup", "memory.max"]
        : controllers === "memory"
          ? ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"]
          : [];
    if (base !== undefined && name !== undefined) {
      for (let folder = join(base, path); folder.startsWith(base); folder = dirname(folder)) {
        const text = machine.read(join(folder, name));
        if (text !== undefined) {
          limits[join(folder, name)] = text;
        }
      }
    }
  }
  return limits;
}

/** Nodes have names in Docker's network alone. */
const NODE = /^k3s-agent-\d+\./;

/** Every name below `lab.local` that was synthesized, in the lab's layers and in what Argo CD reads, sorted. */
function labNames(out: string): readonly string[] {
  const stacks = join(out, "stacks");
  const layers = existsSync(stacks) ? readdirSync(stacks).filter((name) => /^lab(-|$)/.test(name)) : [];
  const files = [
    ...layers.map((layer) => join(stacks, layer, "cdk.tf.json")).filter((file) => existsSync(file)),
    ...filesBelow(join(out, "gitops")),
  ];
  const names = files.flatMap((file) => readFileSync(file, "utf8").match(/\b[a-z0-9-]+\.lab\.local\b/g) ?? []);
  return [...new Set(names)].filter((name) => !NODE.test(name)).sort();
}

/** Block of the lab's Docker network; undefined where it was not synthesized. */
function networkBlock(out: string): string | undefined {
  const file = join(out, "stacks/lab-services/cdk.tf.json");
  if (!existsSync(file)) {
    return undefined;
  }
  const { resource } = JSON.parse(readFileSync(file, "utf8")) as {
    resource?: { docker_network?: Record<string, { ipam_config?: { subnet?: string }[] }> };
  };
  return resource?.docker_network?.["network"]?.ipam_config?.[0]?.subnet;
}

function filesBelow(folder: string): readonly string[] {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function askPrograms(): Promise<ProgramFacts> {
  const answers = Object.entries(PROGRAMS).map(async ([name, args]): Promise<[string, Outcome]> => [
    name,
    await run(name, ...args),
  ]);
  return Object.fromEntries(await Promise.all(answers)) as Record<ProgramName, Outcome>;
}

async function askGpu(): Promise<Pick<GpuFacts, "smi" | "toolkit">> {
  const [smi, toolkit] = await Promise.all([
    run("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"),
    run("nvidia-ctk", "--version"),
  ]);
  return { smi, toolkit };
}

/** Asks Windows, through WSL, for its user's folder and its memory. */
async function askWindows(machine: Machine, mounts: string): Promise<WindowsFacts> {
  const { stdout } = await run(
    "powershell.exe",
    ...["-NoProfile", "-NonInteractive", "-Command"],
    "[Console]::OutputEncoding = [Text.Encoding]::UTF8; " +
      "$env:USERPROFILE; (Get-CimInstance Win32_ComputerSystem).TotalPhysicalMemory",
  );
  const lines = stdout.split(/\r?\n/).map((line) => line.trim());
  const profile = lines.find((line) => /^[A-Z]:\\/i.test(line));
  const bytes = lines.find((line) => /^\d+$/.test(line));
  const folder = profile === undefined ? undefined : fromWindows(profile, mounts);
  const wslconfigPath = folder === undefined ? undefined : `${folder}/.wslconfig`;
  return {
    wslconfigPath,
    wslconfig: machine.read(wslconfigPath),
    memoryBytes: bytes === undefined ? undefined : Number(bytes),
  };
}

/** Where a path of Windows is here, by what is mounted (`C:\134 /mnt/c 9p …`); undefined where its drive is not. */
function fromWindows(path: string, mounts: string): string | undefined {
  const drive = path.slice(0, 2);
  const mount = mounts
    .split("\n")
    .map((line) => line.split(" "))
    .find(([device = ""]) => device.toUpperCase().startsWith(drive.toUpperCase()))?.[1];
  return mount === undefined ? undefined : join(mount, path.slice(2).replaceAll("\\", "/"));
}

/** The machine's files, of which any may be missing or closed to this user. */
class Machine {
  constructor(private readonly root: string) {}

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  read(path: string | undefined): string | undefined {
    return this.bytes(path)?.toString("utf8");
  }

  readZipped(path: string): string | undefined {
    const bytes = this.bytes(path);
    return bytes && gunzipSync(bytes).toString("utf8");
  }

  /** Free for this user on the file system of a folder. */
  async freeBytes(path: string | undefined): Promise<number | undefined> {
    try {
      const { bavail, bsize } = await statfs(join(this.root, path ?? ""));
      return path === undefined ? undefined : bavail * bsize;
    } catch {
      return undefined;
    }
  }

  private bytes(path: string | undefined): Buffer | undefined {
    try {
      return path === undefined ? undefined : readFileSync(join(this.root, path));
    } catch {
      return undefined;
    }
  }
}

function run(program: string, ...args: readonly string[]): Promise<Outcome> {
  // Sentences are looked at, so they have to be in one language; Terraform must not ask for its newest version.
  const env = { ...process.env, LC_ALL: "C", CHECKPOINT_DISABLE: "1" };
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: TIMEOUT_SECONDS * 1000 }, (error, stdout, stderr) => {
      const there = error === null || (error.code as unknown) !== "ENOENT";
      const late = error?.killed ? `no answer within ${TIMEOUT_SECONDS} seconds` : "";
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
      resolve({ status, stdout, stderr: late || stderr, there });
    });
  });
}
