import { GIB, gib, ok, problem, warning, type Finding } from "./doctor-finding";

/** What Windows keeps for itself, at least, when WSL gets more than the half that is its default. */
const WINDOWS_GIB = 6;

/** What the kernel and the shell take of what WSL is granted, beside the lab. */
const OWN_GIB = 2;

export interface WindowsFacts {
  /** Path of `.wslconfig` from here; undefined where Windows could not be asked. */
  readonly wslconfigPath: string | undefined;
  /** Its text; undefined where there is none. */
  readonly wslconfig: string | undefined;
  /** What the machine has, in bytes; undefined where Windows could not be asked. */
  readonly memoryBytes: number | undefined;
}

export interface MemoryFacts {
  /** /proc/meminfo */
  readonly meminfo: string;
  /** Memory limits of this process's cgroup and those above it: file and text. */
  readonly cgroupLimits: Readonly<Record<string, string>>;
  /** What Docker has, in bytes (its machine is another one with Docker Desktop); undefined where it does not answer. */
  readonly dockerBytes: number | undefined;
  /** Undefined where this is not WSL. */
  readonly windows: WindowsFacts | undefined;
}

/** Whether 1 or 2 runs here; undefined where it is no WSL. */
export function wslVersion(kernelRelease: string): 1 | 2 | undefined {
  if (!/microsoft/i.test(kernelRelease)) {
    return undefined;
  }
  return /wsl2|microsoft-standard/i.test(kernelRelease) ? 2 : 1;
}

/** WSL 1 has no Linux kernel: no Docker daemon runs there. */
export function checkWsl(kernelRelease: string): readonly Finding[] {
  const version = wslVersion(kernelRelease);
  if (version === 1) {
    return [
      problem("wsl", "This is WSL 1, which has no Linux kernel: Docker needs WSL 2.", [
        "# In PowerShell on Windows:",
        "wsl --set-version <distribution> 2   # its name: wsl --list --verbose",
      ]),
    ];
  }
  return version === 2 ? [ok("wsl", `WSL 2, kernel ${kernelRelease}.`)] : [];
}

/**
 * Whether what is really granted holds the lab: the least of the machine's memory, this process's cgroup limits and
 * what Docker has.
 *
 * @param budgetGib what the lab's containers and cluster may take together
 * @param labRuns then what is free says nothing: the lab itself has taken its part
 */
export function checkMemory(facts: MemoryFacts, budgetGib: number, labRuns: boolean): readonly Finding[] {
  const total = meminfoBytes(facts.meminfo, "MemTotal");
  const available = meminfoBytes(facts.meminfo, "MemAvailable");
  if (total === undefined) {
    return [warning("memory", "How much memory there is could not be read from /proc/meminfo.", ["free --gibi"])];
  }
  const limits = [
    { of: "machine", what: facts.windows ? "WSL" : "The machine", bytes: total },
    ...Object.entries(facts.cgroupLimits).flatMap(([file, text]) =>
      /^\d+$/.test(text.trim()) ? [{ of: "cgroup", what: `The limit in ${file}`, bytes: Number(text) }] : [],
    ),
    ...(facts.dockerBytes === undefined ? [] : [{ of: "docker", what: "Docker", bytes: facts.dockerBytes }]),
  ];
  const least = limits.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  const found = `${least.what} grants ${gib(least.bytes)}`;
  if (least.bytes >= budgetGib * GIB) {
    const settings = facts.windows ? notYetInForce(facts.windows, total) : [];
    return !labRuns && available !== undefined && available < budgetGib * GIB
      ? [
          warning(
            "memory",
            `${found}, but ${gib(available)} are free at present, with what runs; the lab takes up to ${budgetGib} GiB.`,
            ["ps -eo rss,comm --sort=-rss | head"],
          ),
          ...settings,
        ]
      : [ok("memory", `${found}; the lab takes up to ${budgetGib} GiB.`), ...settings];
  }
  const sentence = `${found}: less than the ${budgetGib} GiB that the lab may take.`;
  if (least.of === "cgroup") {
    return [problem("memory", sentence, ["# Raise it where this shell is started (a container, a slice of systemd)."])];
  }
  if (facts.windows) {
    return [problem("memory", `${sentence} ${wslReason(facts.windows)}`, wslMend(facts.windows, budgetGib))];
  }
  return [
    problem("memory", sentence, [
      `# ${least.of === "docker" ? "Docker Desktop: Settings, Resources, Memory. Or a" : "A"} smaller budget, and a scenario that fits it:`,
      `make lab-doctor BUDGET=${Math.max(1, Math.floor(least.bytes / GIB) - OWN_GIB)}`,
    ]),
  ];
}

/** The setting `memory` below `[wsl2]`, in bytes; undefined where it is not set. */
export function wslMemory(wslconfig: string): number | undefined {
  let section = "";
  let bytes: number | undefined;
  for (const line of wslconfig.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    section = /^\s*\[(.*)\]/.exec(line)?.[1]?.trim().toLowerCase() ?? section;
    const [, number = "", unit = ""] = /^\s*memory\s*=\s*"?(\d+)\s*([KMGT]?B?)"?\s*(#.*)?$/i.exec(line) ?? [];
    if (section === "wsl2" && number !== "") {
      bytes = Number(number) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit.replace(/b$/i, "").toUpperCase());
    }
  }
  return bytes;
}

function wslReason({ wslconfigPath, wslconfig }: WindowsFacts): string {
  if (wslconfigPath === undefined) {
    return "Windows could not be asked for its .wslconfig; without the setting `memory`, WSL gets half of the memory.";
  }
  const set = wslconfig === undefined ? undefined : wslMemory(wslconfig);
  return set === undefined
    ? `${wslconfigPath} ${wslconfig === undefined ? "is not there" : "does not set `memory`"}: WSL gets half of the memory.`
    : `${wslconfigPath} says ${gib(set)}.`;
}

function wslMend({ wslconfigPath, wslconfig, memoryBytes }: WindowsFacts, budgetGib: number): [string, ...string[]] {
  const wanted = budgetGib + OWN_GIB;
  const machine = memoryBytes === undefined ? undefined : Math.round(memoryBytes / GIB);
  if (machine !== undefined && machine < wanted + WINDOWS_GIB) {
    return [
      `# Windows has ${machine} GiB: ${wanted} for WSL would leave it less than ${WINDOWS_GIB}. A smaller budget, and a scenario that fits it:`,
      `make lab-doctor BUDGET=${Math.max(1, machine - WINDOWS_GIB - OWN_GIB)}`,
    ];
  }
  const set = wslconfig === undefined ? undefined : wslMemory(wslconfig);
  if (set !== undefined && set >= wanted * GIB) {
    return ["# It is not in force yet. This ends all that runs in WSL:", "wsl.exe --shutdown"];
  }
  const section = wslconfig !== undefined && /^\s*\[wsl2\]/im.test(wslconfig);
  return [
    `# In ${wslconfigPath ?? "%UserProfile%\\.wslconfig on Windows"}${section ? ", below [wsl2]" : ""}:`,
    ...(section ? [] : ["[wsl2]"]),
    `memory=${wanted}GB`,
    "# Then, which ends all that runs in WSL:",
    "wsl.exe --shutdown",
  ];
}

/** A setting that WSL has not read yet, and that would make it less than it is. */
function notYetInForce({ wslconfigPath, wslconfig }: WindowsFacts, total: number): readonly Finding[] {
  const set = wslconfig === undefined ? undefined : wslMemory(wslconfig);
  return set !== undefined && set < total
    ? [
        warning(
          "wsl memory",
          `${wslconfigPath} says ${gib(set)}, less than WSL has now (${gib(total)}): it shrinks at its next start.`,
          [`# Raise or remove \`memory\` in ${wslconfigPath}.`],
        ),
      ]
    : [];
}

function meminfoBytes(meminfo: string, key: string): number | undefined {
  const kib = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
