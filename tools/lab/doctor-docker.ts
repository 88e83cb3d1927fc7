import { z } from "zod";

import { atLeast, complaint, ok, problem, warning, type Finding, type Outcome } from "./doctor-finding";

/** Docker 20.10's: the first with cgroup v2 (its release notes), without which no current kubelet starts. */
const API_VERSION = "1.41";

const versionSchema = z.object({
  Server: z.object({ Version: z.string(), ApiVersion: z.string() }).nullish(),
});

const infoSchema = z.object({
  ServerVersion: z.string(),
  OperatingSystem: z.string(),
  CgroupVersion: z.string().optional(),
  DockerRootDir: z.string(),
  MemTotal: z.number(),
  MemoryLimit: z.boolean(),
  SwapLimit: z.boolean(),
  SecurityOptions: z.array(z.string()).nullable(),
  Runtimes: z.record(z.string(), z.unknown()).nullable(),
});

/** What the daemon says about itself: `docker info`. */
export type DockerInfo = z.infer<typeof infoSchema>;

export interface DockerFacts {
  /** `docker version --format '{{json .}}'` */
  readonly version: Outcome;
  /** `docker info --format '{{json .}}'` */
  readonly info: Outcome;
}

/** Where the machine is, as far as mending Docker goes. */
export interface DockerPlace {
  readonly wsl: boolean;
  readonly systemd: boolean;
  /** Whether the machine itself has cgroup v2 at /sys/fs/cgroup. */
  readonly cgroup2: boolean;
}

/** The daemon's own words; undefined while it does not answer (then the client prints a skeleton without a version). */
export function dockerInfo(info: Outcome): DockerInfo | undefined {
  const parsed = infoSchema.safeParse(jsonOf(info.stdout));
  return parsed.success && parsed.data.ServerVersion !== "" ? parsed.data : undefined;
}

/** Whether there is a daemon that this user reaches, and whether it can run the lab's containers and nodes. */
export function checkDocker(docker: DockerFacts, place: DockerPlace): readonly Finding[] {
  const info = dockerInfo(docker.info);
  if (info === undefined) {
    return [unreachable(docker, place), checkCgroups(undefined, place)];
  }
  return [checkVersion(docker.version, info), checkCgroups(info, place), ...checkLimits(info)];
}

function unreachable({ version, info }: DockerFacts, { wsl, systemd }: DockerPlace): Finding {
  if (!version.there) {
    return problem("docker", "Docker is not installed: there is no `docker` on the path.", [
      "sudo apt-get update && sudo apt-get install docker.io && sudo usermod -aG docker $USER",
      ...(wsl ? ["# Or Docker Desktop on Windows, with WSL integration switched on for this distribution."] : []),
    ]);
  }
  const said = complaint({ ...info, stdout: "" }) || complaint({ ...version, stdout: "" }) || "it says nothing";
  // Docker's own words may end as a sentence.
  const reason = /[.?!]$/.test(said) ? said : `${said}.`;
  if (/permission denied/i.test(reason)) {
    return problem("docker", `The daemon does not let this user in: ${reason}`, [
      "sudo usermod -aG docker $USER && newgrp docker",
    ]);
  }
  return problem("docker", `The daemon does not answer: ${reason}`, [
    systemd ? "sudo systemctl enable --now docker" : "sudo service docker start",
    ...(wsl ? ["# Or, with Docker Desktop: start it on Windows, and switch on WSL integration there."] : []),
    "# Where DOCKER_HOST or a context names another daemon: unset DOCKER_HOST; docker context use default",
  ]);
}

function checkVersion(version: Outcome, info: DockerInfo): Finding {
  const api = versionSchema.safeParse(jsonOf(version.stdout)).data?.Server?.ApiVersion ?? "0";
  const found = `Docker ${info.ServerVersion} on ${info.OperatingSystem}, API ${api}`;
  if (!atLeast(parts(api), parts(API_VERSION))) {
    return problem("docker", `${found}: the lab needs API ${API_VERSION} (Docker 20.10) or newer.`, [
      "sudo apt-get update && sudo apt-get install docker.io",
    ]);
  }
  return info.SecurityOptions?.includes("name=rootless")
    ? problem("docker", `${found}, rootless: the cluster's nodes need privileges that it cannot give.`, [
        "docker context use default",
      ])
    : ok("docker", `${found}.`);
}

function checkCgroups(info: DockerInfo | undefined, { wsl, cgroup2 }: DockerPlace): Finding {
  const version = info?.CgroupVersion ?? (cgroup2 ? "2" : "1");
  if (version === "2") {
    return ok("cgroups", "cgroup v2.");
  }
  return problem(
    "cgroups",
    `cgroup v${version}: the kubelet of Kubernetes 1.35 and newer does not start on it.`,
    wsl
      ? [
          "# In %UserProfile%\\.wslconfig on Windows, below [wsl2]: kernelCommandLine=cgroup_no_v1=all",
          "wsl.exe --shutdown",
        ]
      : grub("cgroup2", "systemd.unified_cgroup_hierarchy=1"),
  );
}

function checkLimits({ MemoryLimit, SwapLimit }: DockerInfo): readonly Finding[] {
  const mend = grub("memory", "cgroup_enable=memory swapaccount=1");
  if (!MemoryLimit) {
    return [problem("docker limits", "The kernel does not let Docker limit a container's memory.", mend)];
  }
  return SwapLimit
    ? []
    : [
        warning(
          "docker limits",
          "The kernel does not let Docker limit swap: a container may swap beyond its limit.",
          mend,
        ),
      ];
}

/** Adds to the kernel's command line, on a Debian or Ubuntu that GRUB starts. */
function grub(file: string, words: string): [string, string] {
  return [
    `echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${words}"' | sudo tee /etc/default/grub.d/${file}.cfg`,
    "sudo update-grub && sudo reboot",
  ];
}

function parts(version: string): readonly number[] {
  return version.split(".").map(Number);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
