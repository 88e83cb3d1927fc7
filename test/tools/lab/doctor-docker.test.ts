import { checkDocker, dockerInfo, type DockerPlace } from "../../../tools/lab/doctor-docker";
import {
  DOCKER_INFO,
  DOCKER_SKELETON,
  DOCKER_VERSION,
  failed,
  NO_DAEMON,
  NOT_THERE,
  printed,
  verdicts,
} from "./support";

const UBUNTU: DockerPlace = { wsl: false, systemd: true, cgroup2: true };
const WSL: DockerPlace = { wsl: true, systemd: false, cgroup2: true };

const running = (info: object = {}, version: object = DOCKER_VERSION) => ({
  version: printed(JSON.stringify(version)),
  info: printed(JSON.stringify({ ...DOCKER_INFO, ...info })),
});

const silent = (stderr: string) => ({
  version: failed(stderr, JSON.stringify({ ...DOCKER_VERSION, Server: null })),
  info: failed(stderr, JSON.stringify(DOCKER_SKELETON)),
});

describe("the doctor's look at Docker", () => {
  test("GIVEN a current Docker THEN its version and cgroups are right, and nothing is to mend", () => {
    expect(checkDocker(running(), UBUNTU)).toEqual([
      { check: "docker", verdict: "ok", found: "Docker 28.2.2 on Ubuntu 24.04.3 LTS, API 1.50.", mend: [] },
      { check: "cgroups", verdict: "ok", found: "cgroup v2.", mend: [] },
    ]);
  });

  test("fails where Docker is not installed, with the ways to install it", () => {
    const gone = { version: NOT_THERE, info: NOT_THERE };
    const [ubuntu] = checkDocker(gone, UBUNTU);
    expect(ubuntu).toEqual({
      check: "docker",
      verdict: "problem",
      found: "Docker is not installed: there is no `docker` on the path.",
      mend: ["sudo apt-get update && sudo apt-get install docker.io && sudo usermod -aG docker $USER"],
    });
    expect(checkDocker(gone, WSL)[0]?.mend[1]).toContain("Docker Desktop on Windows");
  });

  test.each([
    ["on Ubuntu, by systemd", UBUNTU, "sudo systemctl enable --now docker"],
    ["in a WSL without systemd", WSL, "sudo service docker start"],
  ])("fails where the daemon does not run: it is started %s", (_, place, start) => {
    const [finding] = checkDocker(silent(`${NO_DAEMON}\n`), place);
    expect(finding?.verdict).toBe("problem");
    expect(finding?.found).toBe(`The daemon does not answer: ${NO_DAEMON}`);
    expect(finding?.mend[0]).toBe(start);
  });

  test("fails where the user may not reach the daemon, without telling to start it", () => {
    const text = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
    expect(checkDocker(silent(text), UBUNTU)[0]).toEqual({
      check: "docker",
      verdict: "problem",
      found: `The daemon does not let this user in: ${text}.`,
      mend: ["sudo usermod -aG docker $USER && newgrp docker"],
    });
  });

  test("fails where the daemon does not answer in time, or prints what nobody understands", () => {
    const late = { status: undefined, stdout: "", stderr: "no answer within 20 seconds", there: true };
    const found = (info: typeof late) => checkDocker({ version: late, info }, UBUNTU)[0]?.found;
    expect(found(late)).toBe("The daemon does not answer: no answer within 20 seconds.");
    expect(found({ ...late, stdout: "not JSON" })).toBe("The daemon does not answer: no answer within 20 seconds.");
    expect(checkDocker({ version: printed("?"), info: printed("?") }, UBUNTU)[0]?.found).toBe(
      "The daemon does not answer: it says nothing.",
    );
  });

  test.each([
    ["1.40", "problem"],
    ["1.41", "ok"],
    ["1.100", "ok"],
    ["2.0", "ok"],
  ])("API %s: %s", (ApiVersion, verdict) => {
    const version = { ...DOCKER_VERSION, Server: { ...DOCKER_VERSION.Server, ApiVersion } };
    expect(checkDocker(running({}, version), UBUNTU)[0]?.verdict).toBe(verdict);
  });

  test("fails for a daemon without root, which cannot give nodes their privileges", () => {
    const [finding] = checkDocker(running({ SecurityOptions: ["name=rootless", "name=cgroupns"] }), UBUNTU);
    expect(finding?.verdict).toBe("problem");
    expect(finding?.found).toContain(", rootless: the cluster's nodes need privileges that it cannot give.");
  });

  test.each([
    ["Docker's, on Ubuntu", running({ CgroupVersion: "1" }), UBUNTU, "sudo update-grub && sudo reboot"],
    ["Docker's, in WSL", running({ CgroupVersion: "1" }), WSL, "wsl.exe --shutdown"],
    [
      "the machine's, without a daemon",
      silent(NO_DAEMON),
      { ...UBUNTU, cgroup2: false },
      "sudo update-grub && sudo reboot",
    ],
  ])("fails for cgroup v1: %s", (_, docker, place, mend) => {
    const [, finding] = checkDocker(docker, place);
    expect(finding?.verdict).toBe("problem");
    expect(finding?.found).toBe("cgroup v1: the kubelet of Kubernetes 1.35 and newer does not start on it.");
    expect(finding?.mend[1]).toBe(mend);
  });

  test("fails where memory cannot be limited; a missing limit of swap is a warning", () => {
    expect(verdicts(checkDocker(running({ MemoryLimit: false }), UBUNTU))["docker limits"]).toBe("problem");
    expect(verdicts(checkDocker(running({ SwapLimit: false }), UBUNTU))["docker limits"]).toBe("warning");
  });

  test("THEN the client's skeleton is not taken for a daemon", () => {
    expect(dockerInfo(printed(JSON.stringify(DOCKER_SKELETON)))).toBeUndefined();
    expect(dockerInfo(NOT_THERE)).toBeUndefined();
    expect(dockerInfo(printed(JSON.stringify(DOCKER_INFO)))?.DockerRootDir).toBe("/var/lib/docker");
  });
});
