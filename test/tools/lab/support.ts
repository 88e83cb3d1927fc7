import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { GIB, type Finding, type Outcome } from "../../../tools/lab/doctor-finding";
import { temporaryFolder } from "../../support/layers";

/** A program that ran and printed something. */
export const printed = (stdout: string): Outcome => ({ status: 0, stdout, stderr: "", there: true });

/** A program that ended with an error. */
export const failed = (stderr: string, stdout = ""): Outcome => ({ status: 1, stdout, stderr, there: true });

export const NOT_THERE: Outcome = { status: undefined, stdout: "", stderr: "", there: false };

/** The verdicts of findings, by check. */
export const verdicts = (findings: readonly Finding[]): Record<string, string> =>
  Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));

/** `docker version --format '{{json .}}'` of Docker 28.2.2, shortened. */
export const DOCKER_VERSION = {
  Client: { Version: "28.2.2", ApiVersion: "1.50", Os: "linux", Arch: "amd64", Context: "default" },
  Server: { Version: "28.2.2", ApiVersion: "1.50", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64" },
};

/** `docker info --format '{{json .}}'` of Docker 28.2.2 on Ubuntu 24.04, shortened. */
export const DOCKER_INFO = {
  ID: "5d2e9f2e-9f5b-4b1a-8f62-0f0f3f0a8e11",
  Driver: "overlay2",
  MemoryLimit: true,
  SwapLimit: true,
  CgroupDriver: "systemd",
  CgroupVersion: "2",
  OperatingSystem: "Ubuntu 24.04.3 LTS",
  MemTotal: 26 * GIB,
  DockerRootDir: "/var/lib/docker",
  ServerVersion: "28.2.2",
  Runtimes: { "io.containerd.runc.v2": { path: "runc" }, nvidia: { path: "nvidia-container-runtime" }, runc: {} },
  DefaultRuntime: "runc",
  SecurityOptions: ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
};

/** What the client prints beside its error while there is no daemon. */
export const DOCKER_SKELETON = {
  ID: "",
  MemoryLimit: false,
  SwapLimit: false,
  OperatingSystem: "",
  MemTotal: 0,
  DockerRootDir: "",
  ServerVersion: "",
  Runtimes: null,
  SecurityOptions: null,
};

export const NO_DAEMON =
  "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";

/** A folder to be the whole path, with programs of these names; each is the text of a shell script. */
export function fakePrograms(scripts: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}
