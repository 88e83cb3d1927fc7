import { complaint } from "./doctor-finding";
import { type Interruption } from "./interruption";
import { LabError } from "./lab-error";
import { ask, sleep } from "./program";

/** How a container of the lab is: `health` is nothing for one without a health check. */
export interface Container {
  readonly name: string;
  /** As Docker says it: `running`, `exited`, `restarting`. */
  readonly state: string;
  readonly health: "healthy" | "unhealthy" | "starting" | undefined;
}

/** GitLab's first start migrates its database: that takes its time. */
const HEALTHY_WITHIN_SECONDS = 20 * 60;

/**
 * Every container of the lab, running or not.
 *
 * @throws LabError when Docker does not answer
 */
export async function labContainers(): Promise<readonly Container[]> {
  const outcome = await ask("docker", ["ps", "--all", "--filter", "name=^lab-", "--format", "{{json .}}"], {
    timeoutSeconds: 30,
  });
  if (outcome.status !== 0) {
    throw new LabError(
      outcome.there ? `Docker does not answer: ${complaint(outcome)}.` : "Docker is not installed: make lab-deps.",
    );
  }
  return outcome.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { Names: string; State: string; Status: string })
    .map(({ Names, State, Status }): Container => {
      const [, health] = /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(Status) ?? [];
      return { name: Names, state: State, health: health as Container["health"] };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a container does what it is there for. */
export function isWell({ state, health }: Container): boolean {
  return state === "running" && (health === undefined || health === "healthy");
}

/** Such as `lab-gitlab (running, starting)`. */
export function describeContainer({ name, state, health }: Container): string {
  return `${name} (${[state, health].filter((each) => each !== undefined).join(", ")})`;
}

/**
 * Waits until every container of the lab is healthy.
 *
 * @throws LabError naming those that are not in time, with how to see why
 */
export async function containersWell(
  interruption: Interruption,
  report: (line: string) => void,
  { withinSeconds = HEALTHY_WITHIN_SECONDS, everySeconds = 3 } = {},
): Promise<void> {
  const until = Date.now() + withinSeconds * 1000;
  let told = "";
  for (;;) {
    interruption.check();
    const ill = (await labContainers()).filter((container) => !isWell(container));
    if (ill.length === 0) {
      return;
    }
    if (Date.now() > until) {
      throw new LabError(
        `Not healthy after ${Math.round(withinSeconds / 60)} minutes:`,
        ill.map((container) => `${describeContainer(container)}: docker logs --tail 50 ${container.name}`),
      );
    }
    const waiting = ill.map(describeContainer).join(", ");
    if (waiting !== told) {
      report(`waiting for ${waiting}`);
      told = waiting;
    }
    await sleep(everySeconds * 1000);
  }
}
