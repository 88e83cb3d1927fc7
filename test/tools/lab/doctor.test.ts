import { diagnose, healthy, report } from "../../../tools/lab/doctor";
import type { Facts } from "../../../tools/lab/doctor-facts";
import { GIB, ok, problem, warning } from "../../../tools/lab/doctor-finding";
import { DOCKER_INFO, DOCKER_VERSION, NOT_THERE, printed, verdicts } from "./support";

const FACTS: Facts = {
  docker: { version: printed(JSON.stringify(DOCKER_VERSION)), info: printed(JSON.stringify(DOCKER_INFO)) },
  place: { wsl: false, systemd: true, cgroup2: true },
  memory: {
    meminfo: `MemTotal: ${26 * 1024 * 1024} kB\nMemAvailable: ${25 * 1024 * 1024} kB\n`,
    cgroupLimits: {},
    dockerBytes: 26 * GIB,
    windows: undefined,
  },
  disk: { dockerRoot: "/var/lib/docker", freeBytes: 200 * GIB, windowsFreeBytes: undefined },
  ports: { tcp: "", containers: printed("") },
  network: { block: "172.30.0.0/24", routes: "", networks: printed("") },
  names: { names: ["vault.lab.local"], hosts: "127.0.0.1 vault.lab.local", windowsHosts: null },
  programs: {
    terraform: printed("Terraform v1.11.4"),
    tofu: NOT_THERE,
    kubectl: printed('"gitVersion": "v1.36.3"'),
    git: printed("git version 2.39.5"),
    node: printed("v20.20.2"),
    helm: NOT_THERE,
    argocd: NOT_THERE,
    kustomize: NOT_THERE,
  },
  inotify: { max_user_instances: "512", max_user_watches: "524288" },
  kernel: { release: "6.8.0", config: undefined, mounts: "" },
  gpu: undefined,
};

describe("the doctor", () => {
  test("THEN it says everything at once, in one order", () => {
    expect(Object.entries(verdicts(diagnose(FACTS, 24)))).toEqual([
      ["docker", "ok"],
      ["cgroups", "ok"],
      ["memory", "ok"],
      ["disk", "ok"],
      ["port 80", "ok"],
      ["port 443", "ok"],
      ["port 5001", "ok"],
      ["port 5432", "ok"],
      ["port 6443", "ok"],
      ["port 8081", "ok"],
      ["port 8200", "ok"],
      ["network", "ok"],
      ["names", "ok"],
      ["terraform", "ok"],
      ["kubectl", "ok"],
      ["git", "ok"],
      ["node", "ok"],
      ["helm", "warning"],
      ["argocd", "warning"],
      ["kustomize", "warning"],
      ["inotify", "ok"],
      ["kernel", "warning"],
      ["bpffs", "problem"],
    ]);
  });

  test("GIVEN another budget, a WSL and a GPU THEN they are looked at", () => {
    const facts: Facts = {
      ...FACTS,
      kernel: { ...FACTS.kernel, release: "6.6.87.2-microsoft-standard-WSL2" },
      gpu: { smi: NOT_THERE, toolkit: NOT_THERE, runtimes: ["nvidia"], wsl: true },
    };
    const found = verdicts(diagnose(facts, 27));
    expect(found).toMatchObject({ memory: "problem", wsl: "ok", gpu: "problem", "gpu runtime": "ok" });
  });

  test("THEN nothing is wrong without a way to mend it, and nothing right has one", () => {
    const nothing: Facts = {
      ...FACTS,
      docker: { version: NOT_THERE, info: NOT_THERE },
      memory: { ...FACTS.memory, meminfo: "MemTotal: 1 kB" },
      disk: { ...FACTS.disk, freeBytes: 0 },
      names: { ...FACTS.names, hosts: undefined, windowsHosts: undefined },
      inotify: { max_user_instances: "1", max_user_watches: "1" },
      gpu: { smi: NOT_THERE, toolkit: NOT_THERE, runtimes: undefined, wsl: false },
    };
    for (const { verdict, mend } of [...diagnose(FACTS, 24), ...diagnose(nothing, 24)]) {
      expect(mend.length > 0).toBe(verdict !== "ok");
    }
  });

  test("THEN the report is a table, the ways to mend, and a sum", () => {
    const findings = [
      ok("docker", "fine."),
      problem("port 80", "taken.", ["stop it", "# or not"]),
      warning("helm", "old.", ["install"]),
    ];
    expect(report(findings).split("\n")).toEqual([
      "docker   ok       fine.",
      "port 80  problem  taken.",
      "helm     warning  old.",
      "",
      "How to mend it, in this shell where nothing else is said; on Ubuntu, make lab-deps installs programs:",
      "",
      "port 80:",
      "  stop it",
      "  # or not",
      "",
      "helm:",
      "  install",
      "",
      "1 problem, 1 warning. Nothing was changed.",
    ]);
    expect(report([ok("docker", "fine.")])).toBe("docker  ok  fine.\n\n0 problems, 0 warnings. Nothing was changed.");
  });

  test("THEN a warning does not stop the lab, a problem does", () => {
    expect(healthy([ok("a", "."), warning("b", ".", ["x"])])).toBe(true);
    expect(healthy([ok("a", "."), problem("b", ".", ["x"])])).toBe(false);
  });
});
