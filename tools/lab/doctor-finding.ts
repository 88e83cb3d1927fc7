/** Whether the lab can run with what was found: a problem stops it, a warning costs something. */
export type Verdict = "ok" | "warning" | "problem";

/** What one check says about this machine. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found, and what would be right, in a sentence. */
  readonly found: string;
  /** How to mend it: commands for this machine's shell, and lines that begin with `#` about what the next ones are. */
  readonly mend: readonly string[];
}

/** What a program answered. */
export interface Outcome {
  /** Exit code; undefined where the program is not there or did not end in time. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the program is on the path. */
  readonly there: boolean;
}

type Mend = readonly [string, ...string[]];

export function ok(check: string, found: string): Finding {
  return { check, verdict: "ok", found, mend: [] };
}

export function warning(check: string, found: string, mend: Mend): Finding {
  return { check, verdict: "warning", found, mend };
}

export function problem(check: string, found: string, mend: Mend): Finding {
  return { check, verdict: "problem", found, mend };
}

/** The first line in which a program says what is wrong; "" when it says nothing. */
export function complaint({ stderr, stdout }: Outcome): string {
  const line = `${stderr}\n${stdout}`.split("\n").find((each) => each.trim() !== "") ?? "";
  return line.trim().replace(/\.$/, "");
}

export const GIB = 1024 ** 3;

/** Such as `23.5 GiB`; rounded down, so that a limit that is missed never looks reached. */
export function gib(bytes: number): string {
  return `${Math.floor((bytes / GIB) * 10) / 10} GiB`;
}

/** Whether a version such as [1, 11, 4] is at least the other one. */
export function atLeast(found: readonly number[], wanted: readonly number[]): boolean {
  const different = wanted.findIndex((part, index) => (found[index] ?? 0) !== part);
  return different === -1 || (found[different] ?? 0) > (wanted[different] ?? 0);
}
