import type { Lab, ScenarioCapacity } from "./lab";
import { LabError } from "./lab-error";
import { textTable } from "./text-table";

/** Where synth counts containers of Docker that are no pods. */
const CONTAINERS = "(containers)";

/** So many of the largest are named. */
const LARGEST = 5;

/** What one scenario asks of the workstation, in MiB and thousandths of a CPU. */
interface Budget {
  readonly scenario: string;
  readonly containers: number;
  readonly pods: number;
  readonly memoryMib: number;
  readonly availableMib: number;
  readonly cpuMillis: number;
  readonly availableMillis: number;
  readonly largest: readonly string[];
}

/**
 * Every scenario's budget, as synth counted it.
 *
 * @throws LabError when synth counted none
 */
function budgets({ scenarios }: Lab): readonly Budget[] {
  const entries = Object.entries(scenarios);
  if (entries.length === 0) {
    throw new LabError("No layer of the lab says what its scenarios ask for: run `make synth` again.");
  }
  return entries.map(([scenario, capacity]) => budgetOf(scenario, capacity));
}

function budgetOf(scenario: string, { rows, requested, available }: ScenarioCapacity): Budget {
  const containers = rows
    .filter(({ namespace }) => namespace === CONTAINERS)
    .reduce((sum, { memoryMib }) => sum + memoryMib, 0);
  const largest = [...rows]
    .sort((a, b) => b.memoryMib - a.memoryMib || (a.name < b.name ? -1 : 1))
    .slice(0, LARGEST)
    .map(({ name, memoryMib }) => `${name} ${memoryMib}`);
  return {
    scenario,
    containers,
    pods: requested.memoryMib - containers,
    memoryMib: requested.memoryMib,
    availableMib: available.memoryMib,
    cpuMillis: requested.cpuMillis,
    availableMillis: available.cpuMillis,
    largest,
  };
}

const HEAD = ["scenario", "containers", "pods", "MiB in all", "of", "left", "m CPU", "of", "largest (MiB)"];

function cells(lab: Lab): readonly (readonly string[])[] {
  return budgets(lab).map((each) => [
    each.scenario,
    String(each.containers),
    String(each.pods),
    String(each.memoryMib),
    String(each.availableMib),
    String(each.availableMib - each.memoryMib),
    String(each.cpuMillis),
    String(each.availableMillis),
    each.largest.join(", "),
  ]);
}

/** The table for a terminal. */
export function budgetTable(lab: Lab): string {
  return textTable([HEAD, ...cells(lab)], [1, 2, 3, 4, 5, 6, 7]);
}

/** The same in Markdown, as `prettier` writes it: what is between the markers of the lab's page. */
export function budgetMarkdown(lab: Lab): string {
  const rows = [HEAD, ...cells(lab)];
  const widths = HEAD.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const numbers = (column: number) => column > 0 && column < HEAD.length - 1;
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (numbers(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, column) => (numbers(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(HEAD), line(rule), ...rows.slice(1).map(line)].join("\n");
}

/** Around the table in the lab's page. */
export const MARKERS = { begin: "<!-- budget:begin -->", end: "<!-- budget:end -->" } as const;

/**
 * A page with the present table between its markers.
 *
 * @throws LabError when the page has no markers
 */
export function withBudget(page: string, lab: Lab): string {
  const [before, rest] = page.split(MARKERS.begin);
  const after = rest?.split(MARKERS.end)[1];
  if (before === undefined || after === undefined) {
    throw new LabError(`The page has no ${MARKERS.begin} with an ${MARKERS.end} after it.`);
  }
  return `${before}${MARKERS.begin}\n\n${budgetMarkdown(lab)}\n\n${MARKERS.end}${after}`;
}
