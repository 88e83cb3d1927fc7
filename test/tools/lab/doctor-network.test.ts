import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { checkNames, checkNetwork, checkPorts, labRuns } from "../../../tools/lab/doctor-network";
import { temporaryFolder } from "../../support/layers";
import { failed, NO_DAEMON, NOT_THERE, printed, verdicts } from "./support";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

/** A line of /proc/net/tcp. */
const socket = (local: string, state = "0A") =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 648 1 00000000f4e00401 100 0 0 10 0`;

const tcp = (...sockets: readonly string[]) => [HEAD, ...sockets, ""].join("\n");

/** A line of `docker ps --format '{{json .}}'`, shortened. */
const container = (Names: string, Ports: string) => JSON.stringify({ ID: "0c3f", Names, Ports, State: "running" });

describe("the doctor's look at ports", () => {
  test("GIVEN a quiet machine THEN every port of the lab is free, without Docker too", () => {
    const findings = checkPorts({ tcp: tcp(), containers: NOT_THERE });
    expect(findings.map(({ check, verdict, found }) => [check, verdict, found])).toEqual([
      ["port 80", "ok", "free (Traefik)."],
      ["port 443", "ok", "free (Traefik)."],
      ["port 5001", "ok", "free (registry)."],
      ["port 5432", "ok", "free (PostgreSQL)."],
      ["port 6443", "ok", "free (Kubernetes API)."],
      ["port 8081", "ok", "free (GitLab)."],
      ["port 8200", "ok", "free (Vault)."],
    ]);
  });

  test.each([
    ["127.0.0.1", "0100007F:1538"],
    ["every IPv4 address", "00000000:1538"],
    ["every address", "00000000000000000000000000000000:1538"],
    ["127.0.0.1 as an IPv6 address", "0000000000000000FFFF00000100007F:1538"],
  ])("fails for a listener on %s, and says how to find it", (_, local) => {
    const findings = checkPorts({ tcp: tcp(socket(local)), containers: failed(NO_DAEMON) });
    expect(findings.filter(({ verdict }) => verdict !== "ok")).toEqual([
      {
        check: "port 5432",
        verdict: "problem",
        found: "Another program listens on it; the lab's PostgreSQL needs it.",
        mend: [
          "sudo ss -ltnp 'sport = :5432'   # which program",
          "# Stop it, and keep it from starting again: sudo systemctl disable --now <its service>",
        ],
      },
    ]);
  });

  test.each([
    ["another address of the machine", socket("0501A8C0:1538")],
    ["systemd's resolver", socket("3500007F:1538")],
    ["::1 alone", socket("00000000000000000000000001000000:1538")],
    ["a connection that is no listener", socket("0100007F:1538", "01")],
    ["another port", socket("0100007F:1539")],
  ])("%s is not in the way", (_, line) => {
    expect(Object.values(verdicts(checkPorts({ tcp: tcp(line), containers: NOT_THERE })))).not.toContain("problem");
  });

  test("GIVEN the running lab THEN its own containers hold the ports, rightly", () => {
    const containers = printed(
      [
        container("lab-postgres", "127.0.0.1:5432->5432/tcp"),
        container("lab-vault", "127.0.0.1:8200->8200/tcp"),
        container("lab-server-0", "127.0.0.1:80->80/tcp, 127.0.0.1:443->443/tcp, 6443/tcp"),
      ].join("\n"),
    );
    const findings = checkPorts({ tcp: tcp(socket("0100007F:1538"), socket("0100007F:0050")), containers });
    expect(
      findings.filter(({ found }) => found.includes("the lab itself")).map(({ check, found }) => check + found),
    ).toEqual([
      "port 80held by the lab itself (lab-server-0).",
      "port 443held by the lab itself (lab-server-0).",
      "port 5432held by the lab itself (lab-postgres).",
      "port 8200held by the lab itself (lab-vault).",
    ]);
    expect(Object.values(verdicts(findings))).not.toContain("problem");
  });

  test("fails for a container that is not the lab's, by its name, in ranges and on all addresses too", () => {
    const containers = printed(
      [
        container("my-postgres", "0.0.0.0:5432->5432/tcp, [::]:5432->5432/tcp"),
        container("collabora", "0.0.0.0:8080-8082->9080-9082/tcp"),
        container("dns", "0.0.0.0:443->443/udp"),
        container("inner", "8200/tcp"),
      ].join("\n"),
    );
    const findings = checkPorts({ tcp: tcp(), containers });
    expect(findings.filter(({ verdict }) => verdict === "problem").map(({ check, mend }) => [check, ...mend])).toEqual([
      ["port 5432", "docker stop my-postgres"],
      ["port 8081", "docker stop collabora"],
    ]);
  });
});

describe("whether the lab runs", () => {
  test.each([
    [printed(container("lab-vault", "")), true],
    [printed(container("collab-1", "")), false],
    [printed(""), false],
    [failed(NO_DAEMON), false],
  ])("%j: %s", (containers, runs) => {
    expect(labRuns(containers)).toBe(runs);
  });
});

const NAMES = ["postgres.lab.local", "vault.lab.local"];

describe("the doctor's look at names", () => {
  test("GIVEN both in the hosts file, on one line or two, with a comment THEN they are right", () => {
    const hosts =
      "127.0.0.1 localhost\n127.0.0.1\tPostgres.lab.local # the lab\n::1 vault.lab.local\n127.0.0.1 vault.lab.local\n";
    expect(checkNames({ names: NAMES, hosts, windowsHosts: null })).toEqual([
      { check: "names", verdict: "ok", found: "/etc/hosts has all 2 names of the lab.", mend: [] },
    ]);
  });

  test("fails for names that are missing, with the line to add", () => {
    expect(
      checkNames({ names: NAMES, hosts: "127.0.0.1 localhost\n# 127.0.0.1 vault.lab.local\n", windowsHosts: null }),
    ).toEqual([
      {
        check: "names",
        verdict: "problem",
        found: "/etc/hosts: postgres.lab.local, vault.lab.local are missing.",
        mend: ["echo '127.0.0.1 postgres.lab.local vault.lab.local' | sudo tee -a /etc/hosts"],
      },
    ]);
    expect(checkNames({ names: NAMES, hosts: undefined, windowsHosts: null })[0]?.verdict).toBe("problem");
  });

  test("fails for a name whose first line leads elsewhere, though a later one is right", () => {
    const hosts = "10.0.0.7 vault.lab.local\n127.0.0.1 vault.lab.local postgres.lab.local\n";
    expect(checkNames({ names: NAMES, hosts, windowsHosts: null })[0]?.found).toBe(
      "/etc/hosts: vault.lab.local leads to 10.0.0.7.",
    );
  });

  test("fails for a name that leads elsewhere, and what it says to do makes all right", () => {
    // GIVEN
    const hosts = "127.0.0.1 localhost\n10.0.0.7 vault.lab.local other.lab.local\n192.168.1.2\tpostgresxlab.local\n";
    const [finding] = checkNames({ names: NAMES, hosts, windowsHosts: null });
    expect(finding?.found).toBe("/etc/hosts: postgres.lab.local is missing; vault.lab.local leads to 10.0.0.7.");

    // WHEN
    const file = join(temporaryFolder(), "hosts");
    writeFileSync(file, hosts);
    for (const command of finding?.mend ?? []) {
      const here = command.replaceAll("sudo ", "").replaceAll("/etc/hosts", file);
      expect(spawnSync("sh", ["-c", here]).status).toBe(0);
    }

    // THEN
    const mended = readFileSync(file, "utf8");
    expect(checkNames({ names: NAMES, hosts: mended, windowsHosts: null })[0]?.verdict).toBe("ok");
    expect(mended).toBe(
      "127.0.0.1 localhost\n10.0.0.7 other.lab.local\n192.168.1.2\tpostgresxlab.local\n" +
        "127.0.0.1 postgres.lab.local vault.lab.local\n",
    );
  });

  test("GIVEN WSL THEN Windows' hosts file is looked at too, for browsers there", () => {
    const right = "127.0.0.1 postgres.lab.local vault.lab.local";
    expect(verdicts(checkNames({ names: NAMES, hosts: right, windowsHosts: `# \r\n${right}\r\n` }))).toEqual({
      names: "ok",
      "names on Windows": "ok",
    });
    const [, missing] = checkNames({ names: NAMES, hosts: right, windowsHosts: "127.0.0.1 vault.lab.local\r\n" });
    expect(missing).toEqual({
      check: "names on Windows",
      verdict: "warning",
      found: "Its hosts file: postgres.lab.local is missing; a browser there needs it.",
      mend: [
        "# In PowerShell on Windows, as administrator:",
        'Add-Content "$env:SystemRoot\\System32\\drivers\\etc\\hosts" "127.0.0.1 postgres.lab.local"',
      ],
    });
    const [here, unreadable] = checkNames({ names: NAMES, hosts: "", windowsHosts: undefined });
    expect(here?.mend.at(-1)).toContain("WSL writes /etc/hosts anew at each start");
    expect(unreadable).toMatchObject({
      verdict: "warning",
      found: "Windows' hosts file cannot be read from here.",
    });
    expect(unreadable?.mend[1]).toContain('"127.0.0.1 postgres.lab.local vault.lab.local"');
  });

  test("GIVEN no layer of the lab THEN it warns that no name is known", () => {
    expect(checkNames({ names: [], hosts: "", windowsHosts: null })).toEqual([
      {
        check: "names",
        verdict: "warning",
        found: "cdktf.out/ has no layer of the lab yet: its names are not known.",
        mend: ["make synth"],
      },
    ]);
  });
});

describe("the doctor's look at the network", () => {
  const HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  /** A line of /proc/net/route, whose addresses have their bytes turned round. */
  const route = (device: string, destination: string, mask: string) =>
    `${device}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`;
  const DEFAULT = route("eth0", "00000000", "00000000");
  const LAB = route("br-0123456789ab", "00001EAC", "00FFFFFF");
  const look = (...routes: readonly string[]) =>
    checkNetwork({
      block: "172.30.0.0/24",
      routes: [HEADER, DEFAULT, ...routes, ""].join("\n"),
      networks: printed("fedc00000000aaaaaaaa bridge\n0123456789abcdef0123 lab\n"),
    });

  test("GIVEN a default route, networks beside it and the lab's own THEN nobody else has its addresses", () => {
    const beside = [route("docker0", "000011AC", "0000FFFF"), route("br-fedc00000000", "00011EAC", "00FFFFFF")];
    expect(look(...beside, LAB)).toEqual([
      { check: "network", verdict: "ok", found: "nobody else has 172.30.0.0/24.", mend: [] },
    ]);
  });

  test.each([
    ["another Docker network of the same block", route("br-fedc00000000", "00001EAC", "00FFFFFF"), "br-fedc00000000"],
    ["a larger one around it", route("tun0", "000010AC", "0000F0FF"), "tun0"],
    ["a part of it", route("tun0", "80001EAC", "80FFFFFF"), "tun0"],
  ])("fails for %s, naming the device", (_, line, device) => {
    const [finding] = look(line);
    expect([finding?.verdict, finding?.found]).toEqual([
      "problem",
      `The lab's network 172.30.0.0/24 is routed to ${device} already.`,
    ]);
  });

  test("GIVEN nothing synthesized, or no Docker, THEN nothing is said, or what the routes say", () => {
    expect(checkNetwork({ block: undefined, routes: LAB, networks: NOT_THERE })).toEqual([]);
    expect(checkNetwork({ block: "172.30.0.0/24", routes: LAB, networks: NOT_THERE })[0]?.verdict).toBe("problem");
  });
});
