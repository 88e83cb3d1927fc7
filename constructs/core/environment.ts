import { type App } from "cdktf";
import { type BackendType } from "./backend";
import { SocleError } from "./error";
import { type Layer } from "./layer";
import { Repository } from "./repository";

export interface EnvironmentProps {
  /** One sentence for ops: what this environment is. */
  readonly description: string;
  /** Where its layers keep their states. */
  readonly backend: BackendType;
}

/**
 * One of the things a team runs, such as `kauri-aws`: settings and layers in the order in which they are applied.
 *
 * Not a construct itself: cdktf's CLI finds a stack by its id and its dependencies by their paths, so the two must be
 * the same and a stack must be a direct child of the app.
 */
export class Environment {
  readonly description: string;
  readonly backend: BackendType;
  private readonly ordered: Layer[] = [];
  private readonly written = new Map<string, Repository>();

  /**
   * @param app the App that its layers belong to
   * @param name lower-case words joined by `-`
   * @throws SocleError when the name is malformed
   */
  constructor(
    readonly app: App,
    readonly name: string,
    props: EnvironmentProps,
  ) {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
      throw new SocleError(name, [
        `the environment name "${name}" is not made of lower-case words joined by "-", such as "kauri-aws"`,
      ]);
    }
    this.description = props.description;
    this.backend = props.backend;
  }

  /** Its layers in apply order, which is the order of their construction. */
  get layers(): readonly Layer[] {
    return this.ordered;
  }

  /** The git repositories that synth writes for it, by name. */
  get repositories(): readonly Repository[] {
    return [...this.written.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * A git repository that synth writes for this environment; the same one for the same name.
   *
   * @throws SocleError when the name is malformed
   */
  repository(name: string): Repository {
    const known = this.written.get(name);
    if (known) {
      return known;
    }
    const repository = new Repository(name);
    this.written.set(name, repository);
    return repository;
  }

  /**
   * Takes a layer as the next one in apply order. Called by the layer's constructor.
   *
   * @throws SocleError when the layer is not named `<environment>` or `<environment>-<layer>`
   */
  add(layer: Layer): void {
    const name = layer.node.id;
    if (name !== this.name && !name.startsWith(`${this.name}-`)) {
      throw new SocleError(this.name, [
        `the layer "${name}" belongs to this environment: name it "${this.name}" or "${this.name}-<layer>"`,
      ]);
    }
    this.ordered.push(layer);
  }
}
