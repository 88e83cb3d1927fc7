import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { checkInotify, checkKernel } from "../../../tools/lab/doctor-kernel";
import { temporaryFolder } from "../../support/layers";
import { verdicts } from "./support";

describe("the doctor's look at inotify", () => {
  test("GIVEN enough THEN it says so", () => {
    expect(checkInotify({ max_user_instances: "512\n", max_user_watches: "1048576\n" })).toEqual({
      check: "inotify",
      verdict: "ok",
      found: "max_user_instances 512, max_user_watches 1048576.",
      mend: [],
    });
  });

  test("fails for Ubuntu's defaults, and the file it says to write has both", () => {
    const finding = checkInotify({ max_user_instances: "128\n", max_user_watches: "65536\n" });
    expect(finding.verdict).toBe("problem");
    expect(finding.found).toBe(
      "fs.inotify.max_user_instances is 128, 512 is needed; fs.inotify.max_user_watches is 65536, 524288 is needed.",
    );
    const file = join(temporaryFolder(), "lab.conf");
    const command = finding.mend[0]?.replace("sudo tee /etc/sysctl.d/99-lab.conf", `tee ${file}`) ?? "";
    expect(spawnSync("sh", ["-c", command]).status).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(
      "fs.inotify.max_user_instances = 512\nfs.inotify.max_user_watches = 524288\n",
    );
    expect(finding.mend[1]).toBe("sudo sysctl --system");
  });

  test("fails for the one that is low, or cannot be read, alone", () => {
    expect(checkInotify({ max_user_instances: undefined, max_user_watches: "524288" }).found).toBe(
      "fs.inotify.max_user_instances is unknown, 512 is needed.",
    );
    expect(checkInotify({ max_user_instances: "512", max_user_watches: "524287" }).mend[0]).not.toContain("instances");
  });
});

const OPTIONS = [
  ...["BPF=y", "BPF_SYSCALL=y", "BPF_JIT=y", "NET_CLS_BPF=m", "NET_CLS_ACT=y", "NET_SCH_INGRESS=m", "CGROUPS=y"],
  ...["CGROUP_BPF=y", "PERF_EVENTS=y", "VXLAN=m", "FIB_RULES=y", "IP_SET=m", "IP_SET_HASH_IP=m"],
  ...["NETFILTER_XT_SET=m", "NETFILTER_XT_MATCH_COMMENT=m", "CRYPTO_SHA1=y", "CRYPTO_USER_API_HASH=m", "SCHEDSTATS=y"],
];

const CONFIG = `# Linux/x86 6.8.0 Kernel Configuration\n${OPTIONS.map((option) => `CONFIG_${option}\n`).join("")}`;

const MOUNTS = "sysfs /sys sysfs rw 0 0\nbpf /sys/fs/bpf bpf rw,nosuid,nodev,noexec,relatime,mode=700 0 0\n";

const kernel = (changes: Partial<Parameters<typeof checkKernel>[0]> = {}) =>
  checkKernel({ release: "6.8.0-85-generic", config: CONFIG, mounts: MOUNTS, ...changes });

describe("the doctor's look at the kernel, for Cilium", () => {
  test("GIVEN Ubuntu's THEN it has everything, as a module or built in", () => {
    expect(kernel()).toEqual([
      { check: "kernel", verdict: "ok", found: "6.8.0-85-generic, with all that Cilium asks for.", mend: [] },
      { check: "bpffs", verdict: "ok", found: "mounted on /sys/fs/bpf.", mend: [] },
    ]);
  });

  test.each([
    ["5.9.16-generic", "problem"],
    ["5.10.0", "ok"],
    ["6.6.87.2-microsoft-standard-WSL2", "ok"],
    ["4.19.0", "problem"],
  ])("a kernel %s: %s", (release, verdict) => {
    expect(verdicts(kernel({ release }))["kernel"]).toBe(verdict);
  });

  test.each(OPTIONS.slice(0, 15))("fails for a kernel without CONFIG_%s", (option) => {
    const name = option.split("=")[0] ?? "";
    const config = CONFIG.replace(`CONFIG_${option}\n`, `# CONFIG_${name} is not set\n`);
    expect(kernel({ config })[0]).toEqual({
      check: "kernel",
      verdict: "problem",
      found: `6.8.0-85-generic is built without what Cilium needs: CONFIG_${name}.`,
      mend: ["sudo apt-get update && sudo apt-get install linux-generic && sudo reboot"],
    });
  });

  test("GIVEN a WSL kernel without what is only asked for THEN it warns, with WSL's own way to a newer one", () => {
    const config = CONFIG.replace("CONFIG_SCHEDSTATS=y", "# CONFIG_SCHEDSTATS is not set");
    expect(kernel({ release: "5.15.167.4-microsoft-standard-WSL2", config })[0]).toEqual({
      check: "kernel",
      verdict: "warning",
      found:
        "5.15.167.4-microsoft-standard-WSL2 has what Cilium loads, but not all that it asks for: CONFIG_SCHEDSTATS.",
      mend: ["# In PowerShell on Windows:", "wsl --update", "wsl --shutdown"],
    });
  });

  test("GIVEN no configuration to read THEN it warns that it was not checked", () => {
    expect(kernel({ config: undefined })[0]?.verdict).toBe("warning");
  });

  test.each([
    ["nothing there", "sysfs /sys sysfs rw 0 0\n"],
    ["another file system there", "tmpfs /sys/fs/bpf tmpfs rw 0 0\n"],
    ["it somewhere else", "bpf /mnt/sys/fs/bpf bpf rw 0 0\n"],
  ])("fails with %s in place of the BPF file system", (_, mounts) => {
    const [, finding] = kernel({ mounts });
    expect(finding?.verdict).toBe("problem");
    expect(finding?.mend[0]).toBe("sudo mount -t bpf bpf /sys/fs/bpf");
  });
});
