import { type DrillResult } from "./drill";

/** What a disaster may cost: hours until the data is back, and of writes that are lost. */
const ACCEPTED = { recoverySeconds: 4 * 3600, lossSeconds: 3600 };

/** `archive_timeout` of the server in the cluster. */
const CLUSTER_ARCHIVE_TIMEOUT_SECONDS = 300;

/** The result of a drill for people, and whether it was passed: every check holds, and both times are accepted. */
export function report(result: DrillResult, archiveTimeoutSeconds: number): { text: string; passed: boolean } {
  const { version, target, checks, recoverySeconds, lossSeconds, walFiles } = result;
  const times = [
    {
      what: `RTO  ${recoverySeconds.toFixed(1)} s from the loss of the server until the restored one had answered all of this (accepted: 4 h)`,
      holds: recoverySeconds <= ACCEPTED.recoverySeconds,
    },
    {
      what:
        `RPO  ${lossSeconds.toFixed(1)} s of writes lost, with an archive_timeout of ${archiveTimeoutSeconds} s ` +
        `(the cluster has ${CLUSTER_ARCHIVE_TIMEOUT_SECONDS} s; accepted: 1 h)`,
      holds: lossSeconds <= ACCEPTED.lossSeconds,
    },
  ];
  const lines = [
    `PostgreSQL ${version}, restored to ${target} from a base backup and ${walFiles} archived WAL files:`,
    ...checks.map(({ what, problem }) => (problem === "" ? `  ok      ${what}` : `  FAILED  ${what}: ${problem}`)),
    ...times.map(({ what, holds }) => `  ${holds ? "ok    " : "FAILED"}  ${what}`),
  ];
  return {
    text: lines.join("\n"),
    passed: checks.every(({ problem }) => problem === "") && times.every(({ holds }) => holds),
  };
}
