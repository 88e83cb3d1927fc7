import { messageOf } from "../offline/errors";
import { type Interruption } from "./interruption";
import { sleep } from "./program";
import { textTable } from "./text-table";

/** Something that cannot become right by waiting. */
export class FinalFailure extends Error {}

/** One thing that has to hold on a running lab. */
export interface SmokeStep {
  readonly name: string;
  /** So long it may take to become true. */
  readonly withinSeconds: number;
  /** Steps without which this one makes no sense. @default - none */
  readonly needs?: readonly string[];
  /**
   * Looks once.
   *
   * @returns what was found
   * @throws what is not right yet; FinalFailure where it never will be
   */
  readonly look: () => Promise<string>;
}

export interface SmokeResult {
  readonly name: string;
  readonly verdict: "ok" | "failed" | "skipped";
  readonly seconds: number;
  readonly found: string;
}

export interface SmokeOptions {
  readonly interruption: Interruption;
  /** Called for each step as soon as it is done. */
  readonly report: (result: SmokeResult) => void;
  /** Between two looks. @default 5 */
  readonly everySeconds?: number;
}

/** Runs the steps one after the other; each looks again until it holds or its time is over. */
export async function runSmoke(
  steps: readonly SmokeStep[],
  { interruption, report, everySeconds = 5 }: SmokeOptions,
): Promise<readonly SmokeResult[]> {
  const results: SmokeResult[] = [];
  for (const step of steps) {
    interruption.check();
    const missing = (step.needs ?? []).filter((name) =>
      results.some((result) => result.name === name && result.verdict !== "ok"),
    );
    const result: SmokeResult =
      missing.length > 0
        ? { name: step.name, verdict: "skipped", seconds: 0, found: `needs: ${missing.join(", ")}` }
        : await runStep(step, everySeconds, interruption);
    results.push(result);
    report(result);
  }
  return results;
}

async function runStep(
  { name, withinSeconds, look }: SmokeStep,
  everySeconds: number,
  interruption: Interruption,
): Promise<SmokeResult> {
  const started = Date.now();
  const seconds = () => (Date.now() - started) / 1000;
  for (;;) {
    interruption.check();
    try {
      return { name, verdict: "ok", found: await look(), seconds: seconds() };
    } catch (error) {
      const reason = messageOf(error);
      if (error instanceof FinalFailure) {
        return { name, verdict: "failed", found: reason, seconds: seconds() };
      }
      if (seconds() + everySeconds > withinSeconds) {
        return { name, verdict: "failed", found: `not within ${withinSeconds} s: ${reason}`, seconds: seconds() };
      }
    }
    await sleep(everySeconds * 1000);
  }
}

export function smokeTable(results: readonly SmokeResult[]): string {
  return textTable(
    [
      ["step", "verdict", "seconds", "found"],
      ...results.map(({ name, verdict, seconds, found }) => [name, verdict, seconds.toFixed(1), found]),
    ],
    [2],
  );
}
