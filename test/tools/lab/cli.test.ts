import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Finding } from "../../../tools/lab/doctor-finding";
import { temporaryFolder } from "../../support/layers";
import { run } from "../offline/support";
import { FakeGitLab } from "./fake-gitlab";
import { DOCKER_INFO, DOCKER_SKELETON, DOCKER_VERSION, fakePrograms, NO_DAEMON, verdicts } from "./support";

const ROOT = resolve(__dirname, "../../..");

/** The real command, on this machine's files and with these programs alone. */
function doctor(programs: Readonly<Record<string, string>>, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(
    process.execPath,
    ["--import", "tsx", "tools/lab/cli.ts", "doctor", "--out", temporaryFolder(), ...args],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, PATH: fakePrograms(programs) } },
  );
}

const findingsOf = (result: SpawnSyncReturns<string>) => JSON.parse(result.stdout) as readonly Finding[];

const answers = (version: object, info: object, code = "") =>
  `case $1 in version) echo '${JSON.stringify(version)}';; info) echo '${JSON.stringify(info)}';; esac; ${code}`;

const GOOD = {
  docker: answers(DOCKER_VERSION, DOCKER_INFO),
  terraform: "echo Terraform v1.11.4",
  kubectl: `echo '"gitVersion": "v1.36.3"'`,
  git: "echo git version 2.39.5",
  node: "echo v20.20.2",
  helm: "echo v3.19.0+g3d8990f",
  argocd: "echo argocd: v3.4.4+abcdef0",
  kustomize: "echo v5.7.1",
  "nvidia-smi": "echo 'NVIDIA GeForce RTX 4070 Ti, 12282 MiB, 581.57'",
};

describe("lab doctor", () => {
  test("GIVEN the right programs THEN what they say is right, as JSON, with the GPU when asked for", () => {
    const result = doctor(GOOD, "--json", "--gpu");
    expect(result.stderr).toBe("");
    const findings = findingsOf(result);
    const found = verdicts(findings);
    for (const check of ["docker", "cgroups", "terraform", "kubectl", "git", "node", "helm", "argocd", "kustomize"]) {
      expect([check, found[check]]).toEqual([check, "ok"]);
    }
    expect([found["gpu"], found["gpu runtime"]]).toEqual(["ok", "ok"]);
    // The rest is this machine's own.
    expect(result.status).toBe(Object.values(found).includes("problem") ? 1 : 0);
  });

  test("fails with 1, a table and the ways to mend where nothing is installed", () => {
    const { status, stdout, stderr } = doctor({});
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toContain("docker     problem  Docker is not installed: there is no `docker` on the path.\n");
    expect(stdout).toContain(
      "terraform  problem  terraform is not installed: 1.11 or newer is needed, or tofu 1.11.\n",
    );
    expect(stdout).toMatch(/\n\ngit:\n {2}sudo apt-get install git\n\n/);
    expect(stdout).toMatch(/\n\n\d+ problems, \d+ warnings?\. Nothing was changed\.\n$/);
    expect(stdout).not.toContain("gpu");
  });

  test("fails with 1 for a daemon that does not run, with the client's words", () => {
    const docker = answers({ ...DOCKER_VERSION, Server: null }, DOCKER_SKELETON, `echo '${NO_DAEMON}' >&2; exit 1`);
    const result = doctor({ ...GOOD, docker }, "--json");
    expect(result.status).toBe(1);
    expect(findingsOf(result).find(({ check }) => check === "docker")?.found).toBe(
      `The daemon does not answer: ${NO_DAEMON}`,
    );
  });

  test("GIVEN a budget THEN memory is measured against it", () => {
    const found = (gib: string) =>
      findingsOf(doctor(GOOD, "--json", "--budget", gib)).find(({ check }) => check === "memory")?.verdict;
    expect([found("1"), found("100000")]).toEqual(["ok", "problem"]);
  });

  test.each(["0", "many", "1.5"])("fails for a budget of %s, before it looks at anything", (budget) => {
    const { status, stdout, stderr } = doctor({}, "--budget", budget);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`'${budget}' is invalid. use a whole number of GiB, from 1 on.`);
  });

  test("WHEN it is called by make THEN GPU=1, BUDGET and JSON=1 reach it, and GPU=0 does not", () => {
    const installed = ["-o", "node_modules/.package-lock.json"];
    const command = (...variables: readonly string[]) =>
      spawnSync("make", ["--dry-run", "--silent", ...installed, "lab-doctor", ...variables], {
        cwd: ROOT,
        encoding: "utf8",
        // The path alone: these tests may be run by `make` themselves, with variables of their own.
        env: { PATH: process.env["PATH"] },
      })
        .stdout.trim()
        .split(/\s+/);
    expect(command()).toEqual("node --import tsx tools/lab/cli.ts doctor".split(" "));
    expect(command("GPU=0")).toEqual(command());
    expect(command("GPU=1", "BUDGET=12", "JSON=1")).toEqual([...command(), "--gpu", "--budget", "12", "--json"]);
  });

  test("THEN it only asks: what mends is printed, and never run", () => {
    // GIVEN
    const log = join(temporaryFolder(), "log");
    const names = [...Object.keys(GOOD), "tofu", "nvidia-ctk", "powershell.exe", "sudo", "curl", "wsl.exe", "sh"];
    const logged = Object.fromEntries(names.map((name) => [name, `echo "${name} $*" >> ${log}`]));

    // WHEN
    doctor(logged, "--gpu");

    // THEN
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls.filter((call) => !call.startsWith("powershell.exe ")).sort()).toEqual([
      "argocd version --client --short",
      "docker info --format {{json .}}",
      "docker network ls --no-trunc --format {{.ID}} {{.Name}}",
      "docker ps --format {{json .}}",
      "docker version --format {{json .}}",
      "git --version",
      "helm version --short",
      "kubectl version --client -o json",
      "kustomize version",
      "node --version",
      "nvidia-ctk --version",
      "nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader",
      "terraform version",
      "tofu version",
    ]);
  });
});

describe("make and the lab", () => {
  const command = (target: string, ...variables: readonly string[]) =>
    spawnSync("make", ["--dry-run", "--silent", "-o", "node_modules/.package-lock.json", target, ...variables], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    })
      .stdout.trim()
      .split("\n")
      .map((line) => line.trim().replace("node --import tsx tools/lab/cli.ts ", "").replace(/\s+/g, " "));

  test.each([
    ["lab-up", [], ["up"]],
    ["lab-up", ["SCENARIO=genai", "EXTRA=a,b", "GPU=1"], ["up --scenario genai --extra a,b --gpu"]],
    ["lab-up", ["GPU=0", "DOCTOR=0"], ["up --no-gpu --no-doctor"]],
    ["lab-refresh", [], ["node tools/start.mjs main.ts --env lab", "up"]],
    ["lab-down", [], ["down"]],
    ["lab-down", ["PURGE=1", "FORCE=1"], ["down --purge --force"]],
    ["lab-down", ["PURGE=0"], ["down"]],
    ["lab-status", ["JSON=1"], ["status --json"]],
    ["lab-publish", [], ["publish"]],
    ["lab-images", ["IMAGES=airflow spark"], ["images airflow spark"]],
    ["lab-budget", [], ["budget"]],
    ["lab-budget", ["MARKDOWN=1"], ["budget --write docs/environments/lab.md"]],
    ["lab-deps", ["GPU=1", "BIN=/home/me/bin", "DRY_RUN=1"], ["deps --gpu --bin /home/me/bin --dry-run"]],
    ["lab-smoke", ["SCENARIO=streaming"], ["smoke --scenario streaming"]],
  ])("%s %j", (target, variables, lines) => {
    expect(command(target, ...variables)).toEqual(lines);
  });
});

describe("lab publish", () => {
  const publish = (gitlab: FakeGitLab, env: Readonly<Record<string, string>>) => {
    const out = temporaryFolder();
    mkdirSync(join(out, "gitops/prompts"), { recursive: true });
    writeFileSync(join(out, "gitops/prompts/README.md"), "Prompts\n");
    writeFileSync(
      join(out, "socle.json"),
      JSON.stringify({
        environments: [{ name: "lab", layers: [], repositories: [{ name: "prompts", directory: "gitops/prompts" }] }],
      }),
    );
    return run(
      process.execPath,
      ["--import", "tsx", "tools/lab/cli.ts", "publish", "--out", out, "--gitlab", gitlab.url],
      {
        cwd: ROOT,
        env: { GITLAB_TOKEN: undefined, SOCLE_LAB_SECRETS: join(out, "secrets"), ...env },
      },
    );
  };
  let gitlab: FakeGitLab;
  beforeEach(async () => (gitlab = await FakeGitLab.start("glpat-1")));
  afterEach(() => gitlab.stop());

  test("GIVEN a token in the environment THEN it is used", async () => {
    const { code, stdout } = await publish(gitlab, { GITLAB_TOKEN: "glpat-1" });
    expect([code, stdout]).toEqual([0, "prompts: pushed\n"]);
  });

  test("fails without a token, and says where one comes from", async () => {
    const { code, text } = await publish(gitlab, {});
    expect(code).toBe(1);
    expect(text).toMatch(
      /There is no token of GitLab: export GITLAB_TOKEN, or let make lab-up make one \(.*gitlab_token\)\./,
    );
  });
});
