import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";

import { depsSteps, packageSteps, programStep, ubuntuRelease } from "../../../tools/lab/deps";
import { PACKAGE_SOURCES, PROGRAM_SOURCES, type ProgramSource } from "../../../tools/lab/deps-table";
import { ok, problem, warning } from "../../../tools/lab/doctor-finding";
import { checkPrograms, PROGRAMS, type ProgramFacts } from "../../../tools/lab/doctor-programs";
import { messageOf, temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";
import { fakePrograms, NOT_THERE, printed } from "./support";

const NOBLE = { version: "24.04", codename: "noble" };

const OS_RELEASE = 'NAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n';

const missing = (check: string) => warning(check, "is not installed", ["…"]);

describe("what lab-deps installs", () => {
  const steps = (findings: Parameters<typeof depsSteps>[0]["findings"], docker = printed("{}")) =>
    depsSteps({ findings, facts: { docker: { version: docker, info: docker } }, release: NOBLE, bin: "/usr/local/bin" })
      .flatMap(({ describe: lines }) => lines)
      .map((line) => line.replace(/^sudo DEBIAN_FRONTEND=noninteractive /, ""));

  test("GIVEN a machine that has all THEN nothing", () => {
    expect(steps(Object.keys(PROGRAM_SOURCES).map((name) => ok(name, "there")))).toEqual([]);
  });

  test("GIVEN programs that are missing or too old THEN these, each checked before it is installed", () => {
    expect(steps([ok("terraform", "1.11.4"), missing("helm"), problem("argocd", "too old", ["…"])])).toEqual([
      `helm 3.19.0: download https://get.helm.sh/helm-v3.19.0-linux-amd64.tar.gz, check that its SHA-256 is ${PROGRAM_SOURCES.helm.sha256}, install it into /usr/local/bin`,
      "argocd 3.4.4: download https://github.com/argoproj/argo-cd/releases/download/v3.4.4/argocd-linux-amd64, check that its SHA-256 is the one in https://github.com/argoproj/argo-cd/releases/download/v3.4.4/cli_checksums.txt, install it into /usr/local/bin",
    ]);
    expect(steps([missing("terraform")])[1]).toBe("apt-get install -y --no-install-recommends unzip");
  });

  test("GIVEN no Docker THEN the engine of its own repository, signed by the known key, and the user's group", () => {
    const lines = steps([], NOT_THERE);
    expect(lines.slice(0, 4)).toEqual([
      "download https://download.docker.com/linux/ubuntu/gpg, check that its fingerprint is 9DC858229FC7DD38854AE2D88D81803C0EBFCD88, put it into /etc/apt/keyrings/docker.asc",
      "put into /etc/apt/sources.list.d/docker.list: deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/ubuntu noble stable",
      "apt-get update -qq",
      "apt-get install -y --no-install-recommends docker-ce=5:28.5.2-1~ubuntu.24.04~noble docker-ce-cli=5:28.5.2-1~ubuntu.24.04~noble containerd.io docker-buildx-plugin",
    ]);
    expect(lines[4]).toMatch(/^usermod --append --groups docker \S+$/);
  });

  test("GIVEN Docker Desktop, or an engine that does not run THEN no other is installed", () => {
    expect(steps([problem("docker", "does not answer", ["…"])])).toEqual([]);
  });

  test("GIVEN a GPU that containers cannot use THEN NVIDIA's toolkit at one version, and Docker told of it", () => {
    const lines = steps([missing("gpu runtime")]);
    expect(lines[1]).toBe(
      "put into /etc/apt/sources.list.d/nvidia.list: deb [arch=amd64 signed-by=/etc/apt/keyrings/nvidia.asc] https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /",
    );
    expect(lines[3]).toMatch(/install .* nvidia-container-toolkit=1\.19\.1-1 /);
    expect(lines.slice(4)).toEqual(["nvidia-ctk runtime configure --runtime=docker", "service docker restart"]);
  });

  test("THEN every download is pinned to a version and comes over TLS, and every key has a whole fingerprint", () => {
    for (const { url, version, sha256 } of Object.values(PROGRAM_SOURCES) as ProgramSource[]) {
      expect(url).toMatch(/^https:\/\//);
      expect(url).toContain(version);
      expect(typeof sha256 === "string" ? sha256 : sha256.publishedAt).toMatch(
        typeof sha256 === "string" ? /^[0-9a-f]{64}$/ : new RegExp(`^https://.*${version}`),
      );
    }
    for (const { keyUrl, fingerprint } of Object.values(PACKAGE_SOURCES)) {
      expect([keyUrl, fingerprint]).toEqual([
        expect.stringMatching(/^https:\/\//),
        expect.stringMatching(/^[0-9A-F]{40}$/),
      ]);
    }
  });
});

test("THEN the doctor tells people to install the same versions", () => {
  const facts = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, NOT_THERE])) as unknown as ProgramFacts;
  const mend = Object.fromEntries(checkPrograms(facts).map(({ check, mend: lines }) => [check, lines.join("\n")]));
  for (const [name, { version }] of Object.entries(PROGRAM_SOURCES)) {
    expect([name, mend[name]]).toEqual([name, expect.stringContaining(version)]);
  }
});

describe("for which machines", () => {
  test("GIVEN Ubuntu THEN its release", () => {
    expect(ubuntuRelease(OS_RELEASE, "x64")).toEqual(NOBLE);
  });

  test.each([
    [OS_RELEASE.replace("24.04", "20.04"), "x64"],
    [OS_RELEASE.replace("ID=ubuntu", "ID=debian"), "x64"],
    [OS_RELEASE, "arm64"],
    ["", "x64"],
  ])("fails for another, which is not changed", (text, architecture) => {
    expect(() => ubuntuRelease(text, architecture)).toThrow(
      "make lab-deps is for Ubuntu 22.04 and 24.04 on amd64; this is",
    );
  });
});

describe("installing a program", () => {
  let server: Server;
  let files: Record<string, Buffer>;
  let bin: string;
  beforeEach(async () => {
    files = {};
    bin = temporaryFolder();
    server = createServer((request, response) => {
      const file = files[request.url ?? ""];
      response.writeHead(file === undefined ? 404 : 200).end(file);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterEach(() => new Promise((done) => server.close(done)));

  const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const install = (source: Omit<ProgramSource, "version">) =>
    programStep("tool", { version: "1.0", ...source }, bin).run();
  const PROGRAM = Buffer.from("#!/bin/sh\necho 1.0\n");

  /** An archive with the program as `linux-amd64/tool`. */
  const archive = (): Buffer => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "linux-amd64"));
    writeFileSync(join(folder, "linux-amd64/tool"), PROGRAM);
    expect(spawnSync("tar", ["-czf", "tool.tar.gz", "linux-amd64"], { cwd: folder }).status).toBe(0);
    return readFileSync(join(folder, "tool.tar.gz"));
  };

  test("GIVEN an archive THEN its program is there, to be run", async () => {
    files["/tool.tar.gz"] = archive();
    await install({ url: url("/tool.tar.gz"), sha256: sha256(files["/tool.tar.gz"]), member: "linux-amd64/tool" });
    expect(statSync(join(bin, "tool")).mode & 0o777).toBe(0o755);
    expect(spawnSync(join(bin, "tool"), { encoding: "utf8" }).stdout).toBe("1.0\n");
  });

  test("GIVEN a checksum that its makers publish THEN the line of this file counts", async () => {
    files["/tool"] = PROGRAM;
    files["/sums"] = Buffer.from(`${"0".repeat(64)}  other\n${sha256(PROGRAM)}  tool\n`);
    await install({ url: url("/tool"), sha256: { publishedAt: url("/sums") } });
    expect(readdirSync(bin)).toEqual(["tool"]);
  });

  test("fails for a download with another checksum, and installs nothing", async () => {
    files["/tool"] = Buffer.from("#!/bin/sh\necho worse\n");
    expect(await messageOf(() => install({ url: url("/tool"), sha256: sha256(PROGRAM) }))).toBe(
      `${url("/tool")} is not what it should be: its SHA-256 is ${sha256(files["/tool"])}, not ${sha256(PROGRAM)}. Nothing of it was installed.`,
    );
    expect(existsSync(join(bin, "tool"))).toBe(false);
  });

  test("fails where its makers publish none for this file", async () => {
    files["/tool"] = PROGRAM;
    files["/sums"] = Buffer.from(`${sha256(PROGRAM)}  other\n`);
    expect(await messageOf(() => install({ url: url("/tool"), sha256: { publishedAt: url("/sums") } }))).toBe(
      `${url("/sums")} has no SHA-256 of tool. Nothing of it was installed.`,
    );
    expect(readdirSync(bin)).toEqual([]);
  });

  test("fails for a download that is not there", async () => {
    expect(await messageOf(() => install({ url: url("/gone"), sha256: sha256(PROGRAM) }))).toBe(
      `${url("/gone")} could not be downloaded: 404 Not Found.`,
    );
  });
});

describeWithProgram("gpg", "a repository of packages", () => {
  const path = process.env["PATH"] ?? "";
  let server: Server;
  let key: string;
  let log: string;
  beforeAll(async () => {
    // GIVEN a key of its makers
    const env = { ...process.env, GNUPGHOME: temporaryFolder() };
    const gpg = (...args: readonly string[]) =>
      spawnSync("gpg", ["--batch", ...args], { env, encoding: "utf8" }).stdout;
    gpg("--passphrase", "", "--quick-generate-key", "packages@lab.local", "ed25519", "sign", "1d");
    key = /^fpr:+([0-9A-F]{40}):/m.exec(gpg("--list-keys", "--with-colons"))?.[1] ?? "";
    const exported = gpg("--armor", "--export");
    server = createServer((_, response) => response.end(exported));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  beforeEach(() => {
    log = join(temporaryFolder(), "log");
    const record = `echo "$(basename "$0") $*" >> ${log}`;
    process.env["PATH"] = `${fakePrograms({ install: record, "apt-get": record, sudo: 'shift; exec "$@"' })}:${path}`;
  });
  afterEach(() => (process.env["PATH"] = path));
  afterAll(() => new Promise((done) => server.close(done)));

  const install = async (fingerprint: string) => {
    const keyUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/key`;
    const source = {
      keyUrl,
      fingerprint,
      line: () => "https://packages.lab.local stable",
      packages: () => ["tool=1.0"],
    };
    for (const step of packageSteps("tool", source, NOBLE)) {
      await step.run();
    }
  };

  test("GIVEN the known key THEN apt gets it, the repository and the packages, in this order", async () => {
    await install(key);
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls.map((call) => call.replace(/ \/tmp\S+/, " <file>"))).toEqual([
      "install -m 0755 -d /etc/apt/keyrings",
      "install -m 0644 <file> /etc/apt/keyrings/tool.asc",
      "install -m 0644 <file> /etc/apt/sources.list.d/tool.list",
      "apt-get update -qq",
      "apt-get install -y --no-install-recommends tool=1.0",
    ]);
  });

  test("fails for another key, and changes nothing", async () => {
    expect(await messageOf(() => install("0".repeat(40)))).toMatch(
      new RegExp(`^http://.*/key is another key: its fingerprint is ${key}, not 0{40}\\. Nothing was changed\\.$`),
    );
    expect(existsSync(log)).toBe(false);
  });
});
