import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { capacityTable, readCapacities } from "../../../tools/capacity/table";
import { messageOf, temporaryFolder } from "../../support/layers";

const CAPACITY = {
  nodeType: "small",
  nodeCount: 2,
  available: { cpuMillis: 2000, memoryMib: 4096 },
  requested: { cpuMillis: 500, memoryMib: 2048 },
  rows: [
    { name: "system reserve", namespace: "(nodes)", replicas: 2, cpuMillis: 200, memoryMib: 1024 },
    { name: "web", namespace: "apps", replicas: 3, cpuMillis: 300, memoryMib: 1024 },
  ],
};

/** A folder with what synth writes of three environments, one without a cluster. */
function synthesized(): string {
  const out = temporaryFolder();
  const layer = (name: string, capacity?: unknown) => ({ name, ...(capacity ? { capacity } : {}) });
  const environments = [
    { name: "plain", layers: [layer("plain")] },
    { name: "one", layers: [layer("one"), layer("one-platform", CAPACITY), layer("one-data", CAPACITY)] },
    { name: "two", layers: [layer("two", { ...CAPACITY, nodeCount: 1 })] },
  ];
  fs.writeFileSync(path.join(out, "socle.json"), JSON.stringify({ formatVersion: 1, environments }));
  return out;
}

describe("make capacity", () => {
  test("GIVEN all environments THEN each cluster is there once, though two layers deliver to it", () => {
    expect(readCapacities(synthesized()).map(({ environment, nodeCount }) => [environment, nodeCount])).toEqual([
      ["one", 2],
      ["two", 1],
    ]);
  });

  test("GIVEN one environment THEN only its cluster is there", () => {
    expect(readCapacities(synthesized(), "two")).toEqual([{ environment: "two", ...CAPACITY, nodeCount: 1 }]);
  });

  test("GIVEN a cluster THEN the table has the largest first, shares of the nodes, the sum and what is left", () => {
    expect(capacityTable({ environment: "one", ...CAPACITY }).split("\n")).toEqual([
      "one: 2 × small",
      "",
      "pods            namespace  replicas  m CPU         MiB",
      "system reserve  (nodes)           2    200  10 %  1024  25 %",
      "web             apps              3    300  15 %  1024  25 %",
      "requested                              500  25 %  2048  50 %",
      "left                                  1500  75 %  2048  50 %",
    ]);
  });

  test("GIVEN control planes that are nodes of their own THEN they have a second table", () => {
    const controlPlanes = { ...CAPACITY, nodeType: "tiny", nodeCount: 1, rows: [] };
    const out = temporaryFolder();
    fs.writeFileSync(
      path.join(out, "socle.json"),
      JSON.stringify({
        environments: [{ name: "one", layers: [{ name: "one", capacity: { ...CAPACITY, controlPlanes } }] }],
      }),
    );
    const [read] = readCapacities(out);
    expect(read).toEqual({ environment: "one", ...CAPACITY, controlPlanes });
    const lines = capacityTable(read as Parameters<typeof capacityTable>[0]).split("\n");
    expect(lines.slice(7)).toEqual([
      "",
      "one, control planes: 1 × tiny",
      "",
      "pods       namespace  replicas  m CPU         MiB",
      "requested                         500  25 %  2048  50 %",
      "left                             1500  75 %  2048  50 %",
    ]);
  });

  test("fails for an unknown environment, one without a cluster, and a folder without synth", async () => {
    const out = synthesized();
    expect(await messageOf(() => readCapacities(out, "three"))).toBe(
      'Unknown environment "three". Known: plain, one, two.',
    );
    expect(await messageOf(() => readCapacities(out, "plain"))).toBe("plain has no cluster whose pods are counted.");
    const empty = temporaryFolder();
    expect(await messageOf(() => readCapacities(empty))).toBe(
      `${path.join(empty, "socle.json")} was not found: run \`make synth\` first, or name its folder with --out.`,
    );
  });

  test("WHEN the command runs THEN it prints the table, and fails with one line and a code", () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ["--import", "tsx", "tools/capacity/cli.ts", "--out", synthesized(), ...args], {
        cwd: path.resolve(__dirname, "../../.."),
        encoding: "utf8",
      });
    const printed = run("one");
    expect([printed.status, printed.stderr]).toEqual([0, ""]);
    expect(printed.stdout).toContain("one: 2 × small\n\npods ");
    const failed = run("three");
    expect([failed.status, failed.stdout, failed.stderr]).toEqual([
      1,
      "",
      'Unknown environment "three". Known: plain, one, two.\n',
    ]);
  });
});
