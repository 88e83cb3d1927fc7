import { App, TerraformStack } from "cdktf";
import { SocleError } from "./error";
import { Layer } from "./layer";

/** What synth tells of a layer as soon as it is written. */
export interface LayerProgress {
  readonly layer: Layer;
  readonly seconds: number;
}

/**
 * The cdktf App of Socle. It differs in two ways: all problems of all layers are reported at once, and a reference from
 * one layer to another is refused, since cdktf's automatic ones copy a backend without what ops give at init.
 */
export class SocleApp extends App {
  /** @param outdir an existing folder that cdktf may write to */
  constructor(
    outdir: string,
    private readonly onLayer: (progress: LayerProgress) => void = () => {},
  ) {
    super({ outdir, stackTraces: false });
  }

  /**
   * Writes `cdk.tf.json` of every layer and cdktf's `manifest.json`.
   *
   * @throws SocleError with the problem of each layer that cannot be resolved (its first), or else with every problem
   * that the layers' and constructs' validations found
   */
  override synth(): void {
    const stacks = this.node.children.filter((child) => TerraformStack.isStack(child));
    SocleError.throwIfAny("synth", stacks.flatMap(prepare));
    const problems = this.node
      .findAll()
      .flatMap((construct) =>
        construct.node
          .validate()
          .map((problem) => (construct.node.path ? `${construct.node.path}: ${problem}` : problem)),
      );
    SocleError.throwIfAny("synth", problems);

    const session = { outdir: this.outdir, manifest: this.manifest, skipValidation: true };
    for (const stack of stacks) {
      const start = performance.now();
      stack.synthesizer.synthesize(session);
      if (stack instanceof Layer) {
        this.onLayer({ layer: stack, seconds: (performance.now() - start) / 1000 });
      }
    }
    this.manifest.writeToFile();
  }

  /** @throws SocleError always: names both layers and says what to do instead */
  override crossStackReference(from: TerraformStack, to: TerraformStack, identifier: string): never {
    throw new SocleError(to.node.path, [
      `refers to ${identifier} of the layer "${from.node.id}": layers have states of their own. ` +
        `Make it an output of "${from.node.id}" and read it in "${to.node.id}" with layer.read(earlier).getString("<output>")`,
    ]);
  }
}

/**
 * Resolves a layer for the first time and gives what is wrong with it. cdktf puts words of its own around the error of
 * a token; only the stack trace of the token is worth keeping, if there is one.
 */
function prepare(stack: TerraformStack): string[] {
  try {
    stack.prepareStack();
    return [];
  } catch (error) {
    if (!(error instanceof SocleError)) {
      throw error;
    }
    const [trace = ""] = /\nObject creation stack:[^]*/.exec(error.message) ?? [];
    return error.problems.map((problem) => `${error.where}: ${problem}${trace}`);
  }
}
