import { existsSync } from "node:fs";

import { z } from "zod";

import { type Access, accessTable, clusterAccess, containerAccess, kubectl } from "./access";
import { readChoice } from "./choice";
import { type Container, describeContainer, isWell, labContainers } from "./containers";
import { complaint } from "./doctor-finding";
import { KUBECONFIG, type Secrets } from "./secrets";
import { configurationHash, defaultScenario, outputsOf, readApplied, type Session, terraformOf } from "./session";
import { textTable } from "./text-table";

/** How a layer's state stands to what synth wrote. */
export type LayerVerdict = "applied" | "older" | "unfinished" | "missing";

const VERDICTS: Readonly<Record<LayerVerdict, string>> = {
  applied: "applied",
  older: "applied with an earlier configuration: make lab-refresh",
  unfinished: "its last run did not end, or was by hand: make lab-refresh",
  missing: "not applied: make lab-up",
};

export interface Application {
  readonly name: string;
  readonly sync: string;
  readonly health: string;
}

/** The lab as it is. */
export interface Status {
  readonly well: boolean;
  readonly scenario: string;
  readonly extraComponents: readonly string[];
  readonly layers: readonly { readonly name: string; readonly verdict: LayerVerdict; readonly resources: number }[];
  readonly containers: readonly (Container & { readonly well: boolean })[];
  /** A sentence where the cluster does not answer. */
  readonly applications: readonly Application[] | string;
  readonly access: readonly Access[];
}

const applications = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z
        .object({
          sync: z.object({ status: z.string() }).optional(),
          health: z.object({ status: z.string().optional() }).optional(),
        })
        .optional(),
    }),
  ),
});

/** Looks at the lab and changes nothing. */
export async function status(session: Session): Promise<Status> {
  const { lab, secrets } = session;
  const choice = readChoice(secrets);
  const applied = readApplied(secrets);
  const layers = lab.layers.map((layer) => {
    const resources = terraformOf(session, layer).resources().length;
    const hash = applied[layer.name];
    const verdict: LayerVerdict =
      resources === 0
        ? "missing"
        : hash === undefined
          ? "unfinished"
          : hash === configurationHash(layer)
            ? "applied"
            : "older";
    return { name: layer.name, verdict, resources };
  });
  const containers = (await labContainers()).map((container) => ({ ...container, well: isWell(container) }));
  const found = await readApplications(session);
  const well =
    layers.every(({ verdict }) => verdict === "applied") &&
    containers.length > 0 &&
    containers.every((container) => container.well) &&
    typeof found !== "string" &&
    found.every(isHealthy);
  return {
    well,
    scenario: choice.scenario ?? defaultScenario(lab) ?? "none",
    extraComponents: choice.extraComponents,
    layers,
    containers,
    applications: found,
    access:
      containers.length === 0
        ? []
        : [...containerAccess(secrets), ...(await clusterAccess(secrets, outputsOf(session)))],
  };
}

/** The status for people. */
export function describeStatus(found: Status, secrets: Pick<Secrets, "folder">): string {
  const { scenario, extraComponents, layers, containers, access } = found;
  const list =
    typeof found.applications === "string"
      ? found.applications
      : found.applications.length === 0
        ? "none"
        : textTable(found.applications.map(({ name, sync, health }) => [name, sync, health]));
  return [
    `scenario: ${[scenario, ...extraComponents].join(" + ")}`,
    `Layers\n${textTable(
      layers.map(({ name, verdict, resources }) => [name, String(resources), VERDICTS[verdict]]),
      [1],
    )}`,
    `Containers\n${containers.length === 0 ? "none: make lab-up" : containers.map(describeContainer).join("\n")}`,
    `Applications of Argo CD\n${list}`,
    ...(access.length === 0 ? [] : [accessTable(access, secrets)]),
    found.well ? "All is well." : "Not all is well.",
  ].join("\n\n");
}

function isHealthy({ sync, health }: Application): boolean {
  return sync === "Synced" && health === "Healthy";
}

async function readApplications({ secrets }: Session): Promise<readonly Application[] | string> {
  if (!existsSync(secrets.path(KUBECONFIG))) {
    return "there is no cluster yet";
  }
  const outcome = await kubectl(secrets, "get", "applications.argoproj.io", "--all-namespaces", "--output=json");
  if (outcome.status !== 0) {
    return outcome.there
      ? `the cluster does not answer: ${complaint(outcome)}`
      : "kubectl is not installed: make lab-deps";
  }
  return applications.parse(JSON.parse(outcome.stdout)).items.map(({ metadata: { name }, status: is }) => ({
    name,
    sync: is?.sync?.status ?? "Unknown",
    health: is?.health?.status ?? "Unknown",
  }));
}
