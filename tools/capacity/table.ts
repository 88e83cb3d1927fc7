import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { OfflineError } from "../offline/errors";

const amount = { cpuMillis: z.number(), memoryMib: z.number() };

const nodes = z.object({
  nodeType: z.string(),
  nodeCount: z.number(),
  available: z.object(amount),
  requested: z.object(amount),
  rows: z.array(z.object({ name: z.string(), namespace: z.string(), replicas: z.number(), ...amount })),
});

const capacity = nodes.extend({ controlPlanes: nodes.optional() });

const summary = z.object({
  environments: z.array(
    z.object({
      name: z.string(),
      layers: z.array(z.object({ name: z.string(), capacity: capacity.optional() })),
    }),
  ),
});

/** A cluster of an environment: what its nodes have and what its pods request. */
export type Capacity = z.infer<typeof capacity> & { readonly environment: string };

/**
 * Reads the clusters that synth counted, from `socle.json`. Layers that deliver to the same cluster tell the same.
 *
 * @param out folder with `socle.json`
 * @param only name of the one environment that is wanted. @default - all of them
 * @throws {OfflineError} when nothing was synthesized, or the environment is unknown or has no cluster
 */
export function readCapacities(out: string, only?: string): Capacity[] {
  const file = join(out, "socle.json");
  if (!existsSync(file)) {
    throw new OfflineError(`${file} was not found: run \`make synth\` first, or name its folder with --out.`);
  }
  const { environments } = summary.parse(JSON.parse(readFileSync(file, "utf8")));
  const chosen = environments.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new OfflineError(`Unknown environment "${only}". Known: ${environments.map(({ name }) => name).join(", ")}.`);
  }
  const clusters = chosen.flatMap(({ name, layers }) => {
    const told = layers.flatMap(({ capacity: each }) => (each ? [JSON.stringify({ environment: name, ...each })] : []));
    return [...new Set(told)].map((each) => JSON.parse(each) as Capacity);
  });
  if (only !== undefined && clusters.length === 0) {
    throw new OfflineError(`${only} has no cluster whose pods are counted.`);
  }
  return clusters;
}

/**
 * The table of one cluster: the largest memory first, sums and what is left at the end; a second one for control planes
 * that are nodes of their own.
 */
export function capacityTable({ environment, controlPlanes, ...workers }: Capacity): string {
  return [
    nodesTable(environment, workers),
    ...(controlPlanes ? [nodesTable(`${environment}, control planes`, controlPlanes)] : []),
  ].join("\n\n");
}

function nodesTable(title: string, { nodeType, nodeCount, available, requested, rows }: z.infer<typeof nodes>): string {
  const share = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;
  const line = (name: string, namespace: string, replicas: string, cpu: number, memory: number) => [
    name,
    namespace,
    replicas,
    String(cpu),
    share(cpu, available.cpuMillis),
    String(memory),
    share(memory, available.memoryMib),
  ];
  const cells = [
    ["pods", "namespace", "replicas", "m CPU", "", "MiB", ""],
    ...[...rows]
      .sort((a, b) => b.memoryMib - a.memoryMib || (a.name < b.name ? -1 : 1))
      .map((row) => line(row.name, row.namespace, String(row.replicas), row.cpuMillis, row.memoryMib)),
    line("requested", "", "", requested.cpuMillis, requested.memoryMib),
    line("left", "", "", available.cpuMillis - requested.cpuMillis, available.memoryMib - requested.memoryMib),
  ];
  const widths = (cells[0] ?? []).map((_title, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const text = cells.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [`${title}: ${nodeCount} × ${nodeType}`, "", ...text].join("\n");
}
