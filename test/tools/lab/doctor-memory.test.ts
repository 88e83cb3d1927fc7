import { GIB } from "../../../tools/lab/doctor-finding";
import {
  checkMemory,
  checkWsl,
  wslMemory,
  wslVersion,
  type MemoryFacts,
  type WindowsFacts,
} from "../../../tools/lab/doctor-memory";

/** /proc/meminfo's first lines. */
const meminfo = (totalGib: number, availableGib = totalGib - 1) =>
  [
    `MemTotal:       ${totalGib * 1024 * 1024} kB`,
    "MemFree:        16214192 kB",
    `MemAvailable:   ${availableGib * 1024 * 1024} kB`,
    "Buffers:          122704 kB",
  ].join("\n");

const WSLCONFIG = "/mnt/c/Users/sarah/.wslconfig";

const WINDOWS: WindowsFacts = { wslconfigPath: WSLCONFIG, wslconfig: undefined, memoryBytes: 32 * GIB };

/** What is said of a machine on which the lab does not run yet. */
const check = (given: MemoryFacts, budgetGib: number) => checkMemory(given, budgetGib, false);

const facts = (changes: Partial<MemoryFacts> = {}): MemoryFacts => ({
  meminfo: meminfo(26),
  cgroupLimits: { "/sys/fs/cgroup/user.slice/memory.max": "max\n" },
  dockerBytes: 26 * GIB,
  windows: undefined,
  ...changes,
});

describe("the doctor's look at memory", () => {
  test("GIVEN enough THEN it says what is granted", () => {
    expect(check(facts(), 24)).toEqual([
      { check: "memory", verdict: "ok", found: "The machine grants 26 GiB; the lab takes up to 24 GiB.", mend: [] },
    ]);
  });

  test("GIVEN enough, but not free THEN it warns", () => {
    expect(check(facts({ meminfo: meminfo(26, 9) }), 24)).toEqual([
      {
        check: "memory",
        verdict: "warning",
        found: "The machine grants 26 GiB, but 9 GiB are free at present, with what runs; the lab takes up to 24 GiB.",
        mend: ["ps -eo rss,comm --sort=-rss | head"],
      },
    ]);
  });

  test("GIVEN the running lab THEN what it has taken itself is nothing to warn of", () => {
    expect(checkMemory(facts({ meminfo: meminfo(26, 2) }), 24, true)[0]?.verdict).toBe("ok");
  });

  test("GIVEN a smaller budget THEN a smaller machine is enough for it", () => {
    expect(check(facts({ meminfo: meminfo(16), dockerBytes: 16 * GIB }), 12)[0]?.verdict).toBe("ok");
  });

  test("fails for a machine that has less than the budget, by whatever is missing", () => {
    expect(check(facts({ meminfo: "MemTotal:       24684092 kB\n", dockerBytes: undefined }), 24)).toEqual([
      {
        check: "memory",
        verdict: "problem",
        found: "The machine grants 23.5 GiB: less than the 24 GiB that the lab may take.",
        mend: ["# A smaller budget, and a scenario that fits it:", "make lab-doctor BUDGET=21"],
      },
    ]);
  });

  test("fails for the least of the limits: a cgroup's, or what Docker Desktop has", () => {
    const cgroupLimits = { "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": `${8 * GIB}\n` };
    expect(check(facts({ cgroupLimits }), 24)[0]).toMatchObject({
      verdict: "problem",
      found:
        "The limit in /sys/fs/cgroup/memory/a/memory.limit_in_bytes grants 8 GiB: less than the 24 GiB that the lab may take.",
    });
    expect(check(facts({ dockerBytes: 12 * GIB }), 24)[0]).toMatchObject({
      verdict: "problem",
      found: "Docker grants 12 GiB: less than the 24 GiB that the lab may take.",
      mend: [
        "# Docker Desktop: Settings, Resources, Memory. Or a smaller budget, and a scenario that fits it:",
        "make lab-doctor BUDGET=10",
      ],
    });
  });

  test("THEN the number that cgroup v1 writes for no limit is none", () => {
    const cgroupLimits = { "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n" };
    expect(check(facts({ cgroupLimits }), 24)[0]?.verdict).toBe("ok");
  });

  test("GIVEN a /proc/meminfo that cannot be read THEN it warns", () => {
    expect(check(facts({ meminfo: "" }), 24)[0]?.verdict).toBe("warning");
  });
});

describe("the doctor's look at memory in WSL", () => {
  const half = (windows: Partial<WindowsFacts> = {}) =>
    check(facts({ meminfo: meminfo(15.5), dockerBytes: 15.5 * GIB, windows: { ...WINDOWS, ...windows } }), 24);

  test("fails for the half of 32 GiB that is the default, with what to write", () => {
    expect(half()).toEqual([
      {
        check: "memory",
        verdict: "problem",
        found: `WSL grants 15.5 GiB: less than the 24 GiB that the lab may take. ${WSLCONFIG} is not there: WSL gets half of the memory.`,
        mend: [
          `# In ${WSLCONFIG}:`,
          "[wsl2]",
          "memory=26GB",
          "# Then, which ends all that runs in WSL:",
          "wsl.exe --shutdown",
        ],
      },
    ]);
  });

  test("fails for a .wslconfig that grants too little, with the one line to write", () => {
    const [finding] = half({ wslconfig: "[wsl2]\r\nprocessors=8\r\nmemory=16GB\r\n" });
    expect(finding?.found).toContain(` ${WSLCONFIG} says 16 GiB.`);
    expect(finding?.mend.slice(0, 2)).toEqual([`# In ${WSLCONFIG}, below [wsl2]:`, "memory=26GB"]);
  });

  test("fails for a right .wslconfig that WSL has not read yet, and asks for a restart only", () => {
    const [finding] = half({ wslconfig: "[wsl2]\nmemory = 26GB\n" });
    expect(finding?.mend).toEqual(["# It is not in force yet. This ends all that runs in WSL:", "wsl.exe --shutdown"]);
  });

  test.each([
    [16.9, 17, 9],
    [31, 31, 23],
  ])("fails for a Windows that has too little itself (%d GiB), and does not take it away", (has, told, budget) => {
    const [finding] = half({ memoryBytes: has * GIB });
    expect(finding?.mend).toEqual([
      `# Windows has ${told} GiB: 26 for WSL would leave it less than 6. A smaller budget, and a scenario that fits it:`,
      `make lab-doctor BUDGET=${budget}`,
    ]);
  });

  test("fails without Windows' answer too, and says where the file is", () => {
    const [finding] = half({ wslconfigPath: undefined, memoryBytes: undefined });
    expect(finding?.found).toContain("Windows could not be asked for its .wslconfig");
    expect(finding?.mend[0]).toBe("# In %UserProfile%\\.wslconfig on Windows:");
  });

  test("GIVEN a .wslconfig that will take memory away at the next start THEN it warns", () => {
    const windows = { ...WINDOWS, wslconfig: "[wsl2]\nmemory=8GB\n" };
    expect(check(facts({ windows }), 24)[1]).toEqual({
      check: "wsl memory",
      verdict: "warning",
      found: `${WSLCONFIG} says 8 GiB, less than WSL has now (26 GiB): it shrinks at its next start.`,
      mend: [`# Raise or remove \`memory\` in ${WSLCONFIG}.`],
    });
  });

  test.each([
    ["[wsl2]\nmemory=26GB", 26 * GIB],
    ["\uFEFF[WSL2]\r\nMemory = 8192MB # half\r\n", 8 * GIB],
    ["[wsl2]\nmemory=1073741824", GIB],
    ["[experimental]\nmemory=26GB", undefined],
    ["[wsl2]\n# memory=26GB", undefined],
    ["[wsl2]\nmemory=lots", undefined],
    ["", undefined],
  ])("reads the setting from %j", (text, bytes) => {
    expect(wslMemory(text)).toBe(bytes);
  });

  test.each([
    ["5.15.167.4-microsoft-standard-WSL2", 2],
    ["6.6.87.2-microsoft-standard-WSL2+", 2],
    ["4.4.0-19041-Microsoft", 1],
    ["6.8.0-85-generic", undefined],
  ])("knows the kernel %s: WSL %s", (release, version) => {
    expect(wslVersion(release)).toBe(version);
  });

  test("fails for WSL 1; elsewhere there is nothing to say", () => {
    expect(checkWsl("4.4.0-19041-Microsoft")[0]?.verdict).toBe("problem");
    expect(checkWsl("6.6.87.2-microsoft-standard-WSL2")[0]?.verdict).toBe("ok");
    expect(checkWsl("6.8.0-85-generic")).toEqual([]);
  });
});
