/**
 * The one error class of Socle: bad input found at synth.
 *
 * It carries every problem found in one place, each a sentence that says what was found and what is accepted,
 * and where: a construct path (`kauri-aws/cost`) or a file.
 */
export class SocleError extends Error {
  constructor(
    /** Construct path, environment name or file that the problems belong to. */
    readonly where: string,
    /** One sentence for each problem. */
    readonly problems: readonly string[],
  ) {
    super(
      problems.length === 1
        ? `${where}: ${problems[0]}`
        : `${where}: ${problems.length} problems\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.name = "SocleError";
  }

  /** Throws when there is at least one problem; does nothing otherwise. */
  static throwIfAny(where: string, problems: readonly string[]): void {
    if (problems.length > 0) {
      throw new SocleError(where, problems);
    }
  }
}
