import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { budgetMarkdown, budgetTable, MARKERS, withBudget } from "../../../tools/lab/budget";
import { readLab, type Lab, type ScenarioCapacity } from "../../../tools/lab/lab";

const ROOT = resolve(__dirname, "../../..");

const row = (name: string, namespace: string, memoryMib: number) => ({
  name,
  namespace,
  replicas: 1,
  cpuMillis: 100,
  memoryMib,
});

const scenario = (...rows: ScenarioCapacity["rows"]): ScenarioCapacity => ({
  nodeType: "k3s node",
  nodeCount: 2,
  available: { cpuMillis: 11_600, memoryMib: 23_808 },
  requested: { cpuMillis: rows.length * 100, memoryMib: rows.reduce((sum, { memoryMib }) => sum + memoryMib, 0) },
  rows,
});

const lab: Lab = {
  layers: [],
  repositories: [],
  scenarios: {
    "etl-minimal": scenario(
      row("gitlab", "(containers)", 4608),
      row("postgres", "(containers)", 1024),
      row("minio", "minio", 512),
    ),
    genai: scenario(
      row("gitlab", "(containers)", 4608),
      ...["a", "b", "c", "d", "e"].map((name, index) => row(name, "llm", 1000 + index)),
    ),
  },
};

describe("the budget of scenarios", () => {
  test("THEN the table has containers, pods, the sum, what there is, and the five largest", () => {
    expect(budgetTable(lab).split("\n")).toEqual([
      "scenario     containers  pods  MiB in all     of   left  m CPU     of  largest (MiB)",
      "etl-minimal        5632   512        6144  23808  17664    300  11600  gitlab 4608, postgres 1024, minio 512",
      "genai              4608  5010        9618  23808  14190    600  11600  gitlab 4608, e 1004, d 1003, c 1002, b 1001",
    ]);
  });

  test("THEN its Markdown is as prettier writes it", () => {
    const markdown = `${budgetMarkdown(lab)}\n`;
    expect(markdown.split("\n")).toHaveLength(5);
    const prettier = join(ROOT, "node_modules/.bin/prettier");
    const { stdout } = spawnSync(prettier, ["--stdin-filepath", "budget.md"], {
      cwd: ROOT,
      encoding: "utf8",
      input: markdown,
    });
    expect(stdout).toBe(markdown);
  });

  test("WHEN it is put into a page THEN what is around the markers stays", () => {
    const page = `# lab\n\n${MARKERS.begin}\n\nold\n\n${MARKERS.end}\n\nmore\n`;
    const written = withBudget(page, lab);
    expect(written).toBe(`# lab\n\n${MARKERS.begin}\n\n${budgetMarkdown(lab)}\n\n${MARKERS.end}\n\nmore\n`);
    expect(withBudget(written, lab)).toBe(written);
  });

  test("fails for a page without markers", () => {
    expect(() => withBudget("# lab\n", lab)).toThrow("The page has no <!-- budget:begin -->");
  });

  test("fails where synth counted no scenario", () => {
    expect(() => budgetTable({ ...lab, scenarios: {} })).toThrow("No layer of the lab says what its scenarios ask for");
  });

  test("the tables of the lab's page are what synth counts: `make lab-budget MARKDOWN=1` writes them", () => {
    const page = readFileSync(join(ROOT, "docs/environments/lab.md"), "utf8");
    expect(withBudget(page, readLab(join(ROOT, "cdktf.out")))).toBe(page);
  });
});
