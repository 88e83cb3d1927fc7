import { createHash } from "node:crypto";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import {
  PACKAGE_SOURCES,
  type PackageSource,
  PROGRAM_SOURCES,
  type ProgramSource,
  type UbuntuRelease,
} from "./deps-table";
import type { Facts } from "./doctor-facts";
import { complaint, type Finding } from "./doctor-finding";
import { LabError } from "./lab-error";
import { ask } from "./program";

const RELEASES = ["22.04", "24.04"];

/** One thing that is installed. */
export interface Step {
  /** What it does, for people: commands where it runs some. */
  readonly describe: readonly string[];
  readonly run: () => Promise<void>;
}

export interface DepsOptions {
  /** What the doctor found. */
  readonly findings: readonly Finding[];
  readonly facts: Pick<Facts, "docker">;
  readonly release: UbuntuRelease;
  /** Folder for the programs. */
  readonly bin: string;
}

/**
 * The Ubuntu that this machine runs.
 *
 * @param osRelease the text of `/etc/os-release`
 * @throws LabError for another system, which the doctor's own words help more
 */
export function ubuntuRelease(osRelease: string, architecture: string): UbuntuRelease {
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const [id, version, codename] = [value("ID"), value("VERSION_ID"), value("VERSION_CODENAME")];
  if (id !== "ubuntu" || !RELEASES.includes(version) || architecture !== "x64") {
    throw new LabError(
      `make lab-deps is for Ubuntu ${RELEASES.join(" and ")} on amd64; this is ${id || "another system"} ${version} on ${architecture}. ` +
        "make lab-doctor says what is missing, and how it is installed by hand.",
    );
  }
  return { version, codename };
}

/** What has to be installed so that the doctor is content; nothing where it is already. */
export function depsSteps({ findings, facts, release, bin }: DepsOptions): readonly Step[] {
  const needed = (check: string) => findings.some((finding) => finding.check === check && finding.verdict !== "ok");
  const programs = Object.entries(PROGRAM_SOURCES).filter(([name]) => needed(name));
  return [
    ...(facts.docker.version.there ? [] : docker(release)),
    ...(needed("git") ? [apt(["git"])] : []),
    ...(programs.some(([, { url }]) => url.endsWith(".zip")) ? [apt(["unzip"])] : []),
    ...programs.map(([name, source]) => programStep(name, source, bin)),
    ...(needed("gpu runtime") ? nvidia(release) : []),
  ];
}

function docker(release: UbuntuRelease): readonly Step[] {
  return [
    ...packageSteps("docker", PACKAGE_SOURCES.docker, release),
    commands(["usermod", "--append", "--groups", "docker", process.env["SUDO_USER"] ?? process.env["USER"] ?? "root"]),
  ];
}

function nvidia(release: UbuntuRelease): readonly Step[] {
  return [
    ...packageSteps("nvidia", PACKAGE_SOURCES.nvidia, release),
    commands(["nvidia-ctk", "runtime", "configure", "--runtime=docker"], ["service", "docker", "restart"]),
  ];
}

/** A package repository with its key, and packages from it. */
export function packageSteps(name: string, source: PackageSource, release: UbuntuRelease): readonly Step[] {
  const keyring = `/etc/apt/keyrings/${name}.asc`;
  const list = `/etc/apt/sources.list.d/${name}.list`;
  const line = `deb [arch=amd64 signed-by=${keyring}] ${source.line(release)}`;
  return [
    {
      describe: [
        `download ${source.keyUrl}, check that its fingerprint is ${source.fingerprint}, put it into ${keyring}`,
        `put into ${list}: ${line}`,
      ],
      run: () =>
        inFolder(async (folder) => {
          const key = join(folder, "key.asc");
          writeFileSync(key, await download(source.keyUrl));
          await checkFingerprint(key, source);
          writeFileSync(join(folder, "list"), `${line}\n`);
          await asRoot("install", "-m", "0755", "-d", "/etc/apt/keyrings");
          await asRoot("install", "-m", "0644", key, keyring);
          await asRoot("install", "-m", "0644", join(folder, "list"), list);
        }),
    },
    apt(source.packages(release)),
  ];
}

function apt(names: readonly string[]): Step {
  return commands(["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "--no-install-recommends", ...names]);
}

function commands(...all: readonly (readonly [string, ...string[]])[]): Step {
  return {
    describe: all.map((command) => [...rootPrefix(), ...command].join(" ")),
    run: async () => {
      for (const [program, ...args] of all) {
        await asRoot(program, ...args);
      }
    },
  };
}

/** A program that is downloaded, checked, and only then installed. */
export function programStep(name: string, source: ProgramSource, bin: string): Step {
  const { version, url, sha256, member } = source;
  const check =
    typeof sha256 === "string" ? `its SHA-256 is ${sha256}` : `its SHA-256 is the one in ${sha256.publishedAt}`;
  return {
    describe: [`${name} ${version}: download ${url}, check that ${check}, install it into ${bin}`],
    run: () =>
      inFolder(async (folder) => {
        const bytes = await download(url);
        const expected =
          typeof sha256 === "string" ? sha256 : await publishedChecksum(sha256.publishedAt, basename(url));
        const found = createHash("sha256").update(bytes).digest("hex");
        if (found !== expected) {
          throw new LabError(
            `${url} is not what it should be: its SHA-256 is ${found}, not ${expected}. Nothing of it was installed.`,
          );
        }
        const file = join(folder, basename(url));
        writeFileSync(file, bytes);
        const program = await unpacked(file, member, folder);
        const install = ["install", "-m", "0755", "-D", program, join(bin, name)] as const;
        await (isWritable(bin) ? run(...install) : asRoot(...install));
      }),
  };
}

async function unpacked(file: string, member: string | undefined, folder: string): Promise<string> {
  if (member === undefined) {
    return file;
  }
  await (file.endsWith(".zip")
    ? run("unzip", "-o", "-q", file, member, "-d", folder)
    : run("tar", "-xzf", file, "-C", folder, member));
  return join(folder, member);
}

async function publishedChecksum(url: string, file: string): Promise<string> {
  const lines = (await download(url)).toString("utf8").split("\n");
  const line = lines.map((each) => each.trim().split(/\s+\*?/)).find(([, name]) => name === file);
  if (!/^[0-9a-f]{64}$/.test(line?.[0] ?? "")) {
    throw new LabError(`${url} has no SHA-256 of ${file}. Nothing of it was installed.`);
  }
  return line?.[0] ?? "";
}

async function checkFingerprint(key: string, { keyUrl, fingerprint }: PackageSource): Promise<void> {
  const { stdout } = await run("gpg", "--show-keys", "--with-colons", key);
  // The first line of its kind is the key's own; subkeys follow.
  const found = /^fpr:+([0-9A-F]+):/m.exec(stdout)?.[1];
  if (found !== fingerprint) {
    throw new LabError(
      `${keyUrl} is another key: its fingerprint is ${found ?? "missing"}, not ${fingerprint}. Nothing was changed.`,
    );
  }
}

async function download(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10 * 60_000) });
    if (!response.ok) {
      throw new LabError(`${url} could not be downloaded: ${response.status} ${response.statusText}.`);
    }
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof LabError) {
      throw error;
    }
    const cause = (error as { cause?: { message?: string } }).cause?.message ?? String(error);
    throw new LabError(`${url} could not be downloaded: ${cause}.`);
  }
}

async function run(program: string, ...args: readonly string[]) {
  const outcome = await ask(program, args, { env: { DEBIAN_FRONTEND: "noninteractive" } });
  if (outcome.status !== 0) {
    throw new LabError(
      `${[program, ...args].join(" ")} failed: ${complaint({ ...outcome, stdout: "" }) || complaint(outcome)}`,
    );
  }
  return outcome;
}

function asRoot(program: string, ...args: readonly string[]) {
  const [first = program, ...rest] = [...rootPrefix(), program, ...args];
  return run(first, ...rest);
}

/** `sudo` drops the environment, and asks for a password on the terminal where it needs one. */
function rootPrefix(): readonly string[] {
  return process.getuid?.() === 0 ? [] : ["sudo", "DEBIAN_FRONTEND=noninteractive"];
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "socle-deps-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The text of a file that every Linux has. */
export function readOsRelease(): string {
  return readFileSync("/etc/os-release", "utf8");
}
