import { SocleError } from "./error";

/**
 * A git repository whose content synth writes, for what reads git and not Terraform's state: below
 * `cdktf.out/gitops/<name>/`. Who publishes it pushes each as it is.
 */
export class Repository {
  private readonly texts = new Map<string, () => string>();
  private tagged: (() => string) | undefined;

  /**
   * @param name of the repository: lower-case words joined by `-`
   * @throws SocleError when the name is malformed
   */
  constructor(readonly name: string) {
    SocleError.throwIfAny(
      `repository ${name}`,
      /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)
        ? []
        : [`the name "${name}" is not made of lower-case words joined by "-", such as "airflow-helm"`],
    );
  }

  /** Path → text, as it is known when everything is constructed. */
  get files(): ReadonlyMap<string, string> {
    return new Map([...this.texts].map(([path, text]) => [path, text()]));
  }

  /** What the tag `socle-<revision>` says of this content; undefined where nothing refers to a tag. */
  get revision(): string | undefined {
    return this.tagged?.();
  }

  /**
   * Adds a text file.
   *
   * @param path with `/`, such as `templates/airflow.yaml`
   * @param text called at synth, since what it says may be added to until then
   * @throws SocleError when the path leaves the repository, or is there already
   */
  addFile(path: string, text: () => string): void {
    SocleError.throwIfAny(`repository ${this.name}`, [
      ...(/^[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.split("/").some((part) => ["..", ".", ".git"].includes(part))
        ? []
        : [`the file "${path}" is not in the repository: use a path such as templates/airflow.yaml`]),
      ...(this.texts.has(path) ? [`the file "${path}" is there already: give each once`] : []),
    ]);
    this.texts.set(path, text);
  }

  /** Lets the content be referred to by a tag: what publishes it sets `socle-<revision>`. */
  tag(revision: () => string): void {
    this.tagged = revision;
  }
}
