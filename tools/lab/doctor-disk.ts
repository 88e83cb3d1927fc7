import { GIB, gib, ok, problem, warning, type Finding } from "./doctor-finding";

/** Images of the smallest scenario, kept by Docker and again by the cluster's nodes, and some data: an estimate. */
const NEEDED_GIB = 40;

/** The same with a language model and a second scenario: an estimate. */
const COMFORTABLE_GIB = 100;

export interface DiskFacts {
  /** Where Docker keeps its data. */
  readonly dockerRoot: string;
  /** Free below it, in bytes; undefined where that folder is not on this machine, as with Docker Desktop. */
  readonly freeBytes: number | undefined;
  /** Free on Windows' drive C:, in bytes; undefined where there is none. */
  readonly windowsFreeBytes: number | undefined;
}

/** Whether images and volumes find room. WSL's disk is a file that grows on Windows' drive: its own size says little. */
export function checkDisk({ dockerRoot, freeBytes, windowsFreeBytes }: DiskFacts): Finding {
  const places = [
    ...(freeBytes === undefined ? [] : [{ where: dockerRoot, bytes: freeBytes }]),
    ...(windowsFreeBytes === undefined
      ? []
      : [{ where: "Windows' drive C:, on which WSL's disk grows", bytes: windowsFreeBytes }]),
  ];
  const [least] = [...places].sort((a, b) => a.bytes - b.bytes);
  if (least === undefined) {
    return warning(
      "disk",
      `Docker keeps its data in ${dockerRoot}, which is on another machine: its room is unknown.`,
      ["docker system df"],
    );
  }
  const found = `${gib(least.bytes)} free in ${least.where}`;
  const mend = ["docker system df", "docker image prune --all   # images that no container uses"] as const;
  if (least.bytes < NEEDED_GIB * GIB) {
    return problem("disk", `${found}: the smallest scenario needs about ${NEEDED_GIB} GiB.`, mend);
  }
  return least.bytes < COMFORTABLE_GIB * GIB
    ? warning(
        "disk",
        `${found}: enough for the smallest scenario; all of them need about ${COMFORTABLE_GIB} GiB.`,
        mend,
      )
    : ok("disk", `${found}.`);
}
