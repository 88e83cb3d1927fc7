/** The sections of a systemd unit, each with its directives. */
export type UnitSections = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * A systemd unit as the text of its file.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html
 */
export function renderUnit(sections: UnitSections): string {
  return Object.entries(sections)
    .map(
      ([section, directives]) =>
        `[${section}]\n${Object.entries(directives)
          .map(([key, value]) => `${key}=${value}\n`)
          .join("")}`,
    )
    .join("\n");
}
