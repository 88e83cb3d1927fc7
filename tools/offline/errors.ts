/** A problem that whoever runs an offline command can mend: shown as its message alone, without a stack trace. */
export class OfflineError extends Error {
  override readonly name = "OfflineError";

  /**
   * @param title what was found, and where
   * @param problems one sentence for each problem, when there are several or when the title alone does not say it
   */
  constructor(title: string, problems: readonly string[] = []) {
    super([title, ...problems.map((problem) => `  - ${problem}`)].join("\n"));
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
