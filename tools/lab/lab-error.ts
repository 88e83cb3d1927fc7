/** A problem that the lab's user can mend: shown as its message alone, without a stack trace. */
export class LabError extends Error {
  override readonly name = "LabError";

  /**
   * @param title what was found, and where
   * @param problems one sentence for each problem, when there are several or when the title alone does not say it
   */
  constructor(title: string, problems: readonly string[] = []) {
    super([title, ...problems.map((problem) => `  - ${problem}`)].join("\n"));
  }
}
