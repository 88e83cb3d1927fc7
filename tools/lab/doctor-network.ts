import { ok, problem, warning, type Finding, type Outcome } from "./doctor-finding";

/** What the lab binds on 127.0.0.1, and for what. */
const PORTS: Readonly<Record<number, string>> = {
  80: "Traefik",
  443: "Traefik",
  5001: "registry",
  5432: "PostgreSQL",
  6443: "Kubernetes API",
  8081: "GitLab",
  8200: "Vault",
};

/** The lab's containers are named so, and nobody else's. */
const LAB_CONTAINER = /^lab-/;

/** Addresses, as /proc/net writes them, on which a listener is in the way of one on 127.0.0.1. */
const IN_THE_WAY: ReadonlySet<string> = new Set([
  "00000000",
  "0100007F",
  "0".repeat(32),
  // 127.0.0.1 as an IPv6 address.
  "0000000000000000FFFF00000100007F",
]);

const LISTEN = "0A";

export interface PortFacts {
  /** /proc/net/tcp and /proc/net/tcp6, one after the other. */
  readonly tcp: string;
  /** `docker ps --format '{{json .}}'` */
  readonly containers: Outcome;
}

/** Whether the lab's ports are free, or the lab's own already. */
export function checkPorts({ tcp, containers }: PortFacts): readonly Finding[] {
  const taken = listeningPorts(tcp);
  const holders = publishedPorts(containers);
  return Object.entries(PORTS).map(([text, use]): Finding => {
    const port = Number(text);
    const check = `port ${port}`;
    const holder = holders.get(port);
    if (holder !== undefined && LAB_CONTAINER.test(holder)) {
      return ok(check, `held by the lab itself (${holder}).`);
    }
    if (holder !== undefined) {
      return problem(check, `The container ${holder} has it; the lab's ${use} needs it.`, [`docker stop ${holder}`]);
    }
    return taken.has(port)
      ? problem(check, `Another program listens on it; the lab's ${use} needs it.`, [
          `sudo ss -ltnp 'sport = :${port}'   # which program`,
          "# Stop it, and keep it from starting again: sudo systemctl disable --now <its service>",
        ])
      : ok(check, `free (${use}).`);
  });
}

/** Whether any container of the lab runs. */
export function labRuns(containers: Outcome): boolean {
  return runningContainers(containers).some(({ Names }) => LAB_CONTAINER.test(Names));
}

function listeningPorts(tcp: string): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const line of tcp.split("\n")) {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    if (state === LISTEN && IN_THE_WAY.has(address)) {
      ports.add(parseInt(port, 16));
    }
  }
  return ports;
}

/** Which container publishes which TCP port. Its line reads `127.0.0.1:8000-8001->8000-8001/tcp, 5432/tcp`. */
function publishedPorts(containers: Outcome): ReadonlyMap<number, string> {
  const holders = new Map<number, string>();
  for (const { Names, Ports } of runningContainers(containers)) {
    for (const [, from = "", to = from] of Ports.matchAll(/:(\d+)(?:-(\d+))?->[\d-]+\/tcp/g)) {
      for (let port = Number(from); port <= Number(to); port += 1) {
        holders.set(port, Names);
      }
    }
  }
  return holders;
}

interface RunningContainer {
  readonly Names: string;
  readonly Ports: string;
}

/** One JSON object a line; nothing while Docker does not answer. */
function runningContainers({ status, stdout }: Outcome): readonly RunningContainer[] {
  const lines = status === 0 ? stdout.split("\n").filter((line) => line.startsWith("{")) : [];
  return lines.map((line) => JSON.parse(line) as RunningContainer);
}

export interface NetworkFacts {
  /** Block of the lab's Docker network, as synthesized. */
  readonly block: string | undefined;
  /** /proc/net/route */
  readonly routes: string;
  /** `docker network ls --no-trunc --format '{{.ID}} {{.Name}}'` */
  readonly networks: Outcome;
}

/** Whether nobody else has the addresses of the lab's network: another Docker network, or a VPN. */
export function checkNetwork({ block, routes, networks }: NetworkFacts): readonly Finding[] {
  const wanted = block === undefined ? undefined : rangeOf(block);
  if (wanted === undefined) {
    return [];
  }
  const own = /^([0-9a-f]{12})[0-9a-f]* lab$/m.exec(networks.stdout)?.[1];
  const inTheWay = routesOf(routes).filter(
    ({ device, first, last }) => device !== `br-${own}` && first <= wanted.last && wanted.first <= last,
  );
  return [
    inTheWay.length === 0
      ? ok("network", `nobody else has ${block}.`)
      : problem(
          "network",
          `The lab's network ${block} is routed to ${inTheWay.map(({ device }) => device).join(", ")} already.`,
          [
            "ip -4 route; docker network ls   # whose it is",
            "# Remove that network (docker network rm <name>), end that VPN, or give the lab another block:",
            "# networkCidrBlock in environments/lab/settings.ts, and make synth.",
          ],
        ),
  ];
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function rangeOf(block: string): Range | undefined {
  const [, address = "", bits = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(block) ?? [];
  const first = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return address === "" ? undefined : { first, last: first + 2 ** (32 - Number(bits)) - 1 };
}

/** Every route but the default one; the file has addresses with their bytes turned round. */
function routesOf(text: string): readonly (Range & { readonly device: string })[] {
  return text.split("\n").flatMap((line) => {
    const [device = "", destination = "", , , , , , mask = ""] = line.trim().split(/\s+/);
    if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask) || mask === "00000000") {
      return [];
    }
    const [first, size] = [littleEndian(destination), 2 ** 32 - littleEndian(mask)];
    return [{ device, first, last: first + size - 1 }];
  });
}

function littleEndian(hex: string): number {
  return (hex.match(/../g) ?? []).reverse().reduce((sum, byte) => sum * 256 + parseInt(byte, 16), 0);
}

export interface NameFacts {
  /** Every `*.lab.local` that the lab's layers name, as synthesized. */
  readonly names: readonly string[];
  /** /etc/hosts */
  readonly hosts: string | undefined;
  /** Windows' hosts file; null where this is not WSL, undefined where it cannot be read. */
  readonly windowsHosts: string | undefined | null;
}

/** Whether the lab's names lead to this machine: here, and for a browser on Windows. */
export function checkNames({ names, hosts, windowsHosts }: NameFacts): readonly Finding[] {
  if (names.length === 0) {
    return [warning("names", "cdktf.out/ has no layer of the lab yet: its names are not known.", ["make synth"])];
  }
  const here = wrongNames(names, hosts ?? "");
  const windows = windowsHosts === null ? [] : wrongNames(names, windowsHosts ?? "");
  const powershell = [
    "# In PowerShell on Windows, as administrator:",
    `Add-Content "$env:SystemRoot\\System32\\drivers\\etc\\hosts" "127.0.0.1 ${windows.map(({ name }) => name).join(" ")}"`,
  ] as const;
  return [
    here.length === 0
      ? ok("names", `/etc/hosts has all ${names.length} names of the lab.`)
      : problem("names", `/etc/hosts: ${sentence(here)}.`, [
          ...mendNames(here),
          ...(windowsHosts === null
            ? []
            : ["# WSL writes /etc/hosts anew at each start, with what Windows' hosts file has: put them there too."]),
        ]),
    ...(windowsHosts === null
      ? []
      : windowsHosts === undefined
        ? [warning("names on Windows", "Windows' hosts file cannot be read from here.", powershell)]
        : windows.length === 0
          ? [ok("names on Windows", `Its hosts file has all ${names.length} names of the lab.`)]
          : [
              warning(
                "names on Windows",
                `Its hosts file: ${sentence(windows)}; a browser there needs it.`,
                powershell,
              ),
            ]),
  ];
}

interface WrongName {
  readonly name: string;
  /** Where it leads; undefined where it is missing. */
  readonly address: string | undefined;
}

/** Names that do not lead to 127.0.0.1. The first line that has a name counts. */
function wrongNames(names: readonly string[], hosts: string): readonly WrongName[] {
  const addresses = new Map<string, string>();
  for (const line of hosts.split(/\r?\n/)) {
    const [address = "", ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    // An IPv6 line beside it does no harm: the ports are on 127.0.0.1.
    for (const alias of address.includes(":") ? [] : aliases) {
      const name = alias.toLowerCase();
      addresses.set(name, addresses.get(name) ?? address);
    }
  }
  return names.map((name) => ({ name, address: addresses.get(name) })).filter(({ address }) => address !== "127.0.0.1");
}

function sentence(wrong: readonly WrongName[]): string {
  const missing = wrong.filter(({ address }) => address === undefined).map(({ name }) => name);
  const astray = wrong.flatMap(({ name, address }) => (address === undefined ? [] : [`${name} leads to ${address}`]));
  return [
    ...(missing.length === 0 ? [] : [`${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing`]),
    ...astray,
  ].join("; ");
}

/** A name that leads elsewhere is taken out of its line first: that line comes before the new one. */
function mendNames(wrong: readonly WrongName[]): [string, ...string[]] {
  const astray = wrong.filter(({ address }) => address !== undefined);
  const add = `echo '127.0.0.1 ${wrong.map(({ name }) => name).join(" ")}' | sudo tee -a /etc/hosts`;
  return astray.length === 0
    ? [add]
    : [
        `sudo sed -i -E '${astray.map(({ name }) => `s/[[:space:]]${name.replaceAll(".", "\\.")}([[:space:]]|$)/\\1/g`).join("; ")}' /etc/hosts`,
        add,
      ];
}
