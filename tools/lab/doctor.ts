import { checkDisk } from "./doctor-disk";
import { checkDocker } from "./doctor-docker";
import type { Facts } from "./doctor-facts";
import type { Finding, Verdict } from "./doctor-finding";
import { checkGpu } from "./doctor-gpu";
import { checkInotify, checkKernel } from "./doctor-kernel";
import { checkMemory, checkWsl } from "./doctor-memory";
import { checkNames, checkNetwork, checkPorts, labRuns } from "./doctor-network";
import { checkPrograms } from "./doctor-programs";

/**
 * Everything that can be said about a machine that is to run the lab, at once.
 *
 * @param budgetGib what the lab's containers and cluster may take together
 */
export function diagnose(facts: Facts, budgetGib: number): readonly Finding[] {
  return [
    ...checkWsl(facts.kernel.release),
    ...checkDocker(facts.docker, facts.place),
    ...checkMemory(facts.memory, budgetGib, labRuns(facts.ports.containers)),
    checkDisk(facts.disk),
    ...checkPorts(facts.ports),
    ...checkNetwork(facts.network),
    ...checkNames(facts.names),
    ...checkPrograms(facts.programs),
    checkInotify(facts.inotify),
    ...checkKernel(facts.kernel),
    ...(facts.gpu === undefined ? [] : checkGpu(facts.gpu)),
  ];
}

/** The table, how to mend what is not right, and a line that sums it up. */
export function report(findings: readonly Finding[]): string {
  const width = (column: (finding: Finding) => string) => Math.max(...findings.map((each) => column(each).length));
  const [checks, verdicts] = [width(({ check }) => check), width(({ verdict }) => verdict)];
  const table = findings.map(
    ({ check, verdict, found }) => `${check.padEnd(checks)}  ${verdict.padEnd(verdicts)}  ${found}`,
  );
  const mend = findings
    .filter((finding) => finding.mend.length > 0)
    .map((finding) => [`${finding.check}:`, ...finding.mend.map((line) => `  ${line}`)].join("\n"));
  return [
    table.join("\n"),
    ...(mend.length === 0
      ? []
      : [
          "How to mend it, in this shell where nothing else is said; on Ubuntu, make lab-deps installs programs:",
          ...mend,
        ]),
    `${counted(findings, "problem")}, ${counted(findings, "warning")}. Nothing was changed.`,
  ].join("\n\n");
}

/** Whether the lab can run: warnings do not stop it. */
export function healthy(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict !== "problem");
}

function counted(findings: readonly Finding[], wanted: Verdict): string {
  const count = findings.filter(({ verdict }) => verdict === wanted).length;
  return `${count} ${wanted}${count === 1 ? "" : "s"}`;
}
