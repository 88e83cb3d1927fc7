import { accessTable, clusterAccess, containerAccess } from "./access";
import { type Choice, type ChoiceChange, changeChoice, readChoice, writeChoice } from "./choice";
import { containersWell } from "./containers";
import { ensureReadToken, ensureRootToken } from "./gitlab-tokens";
import { GPU_IMAGE, imagesOf, pushImages } from "./images";
import { checkInputs } from "./input-check";
import type { LabLayer } from "./lab";
import { LabError } from "./lab-error";
import { publish } from "./publish";
import {
  configurationHash,
  defaultScenario,
  describePlan,
  imagesFolder,
  inputsOf,
  noteApplied,
  outputsOf,
  type Session,
  terraformOf,
} from "./session";

/** The layer whose inputs say what runs. */
const CHOOSING_LAYER = "lab-platform";

export interface UpOptions {
  readonly change: ChoiceChange;
  /** Address of GitLab. */
  readonly gitlabUrl: string;
}

/**
 * Applies the lab's layers in order, each when what it needs is healthy, and says at the end what is where. What is there
 * already stays: run again, it goes on where it stopped.
 *
 * @throws LabError at the first layer that does not succeed; Interrupted when somebody stops it
 */
export async function up(session: Session, { change, gitlabUrl }: UpOptions): Promise<void> {
  const { lab, out, secrets, report } = session;
  const choice = changeChoice(lab, readChoice(secrets), change);
  for (const layer of lab.layers.filter(({ name }) => name === CHOOSING_LAYER)) {
    const { scenario = "", extra_components: extra = "" } = inputsOf(session, choice).variables;
    await checkInputs(out, layer, { scenario, extra_components: extra });
  }
  const made = secrets.ensure();
  report(`secrets: ${secrets.folder}${made.length === 0 ? "" : ` (made: ${made.join(", ")})`}`);
  writeChoice(secrets, choice);
  report(`scenario: ${describeChoice(session, choice)}`);

  const steps = new Steps(session, choice, gitlabUrl);
  for (const [index, layer] of lab.layers.entries()) {
    try {
      await steps.layer(layer, index);
    } catch (error) {
      report(`\nStopped at ${layer.name}, layer ${index + 1} of ${lab.layers.length}. make lab-refresh goes on there.`);
      // Interrupted, a program that was running says something of its own.
      throw session.interruption.error() ?? error;
    }
  }
  report(`\nThe lab runs (${elapsed(steps.started)}).\n`);
  report(accessTable([...containerAccess(secrets), ...(await clusterAccess(secrets, outputsOf(session)))], secrets));
}

class Steps {
  readonly started = Date.now();

  constructor(
    private readonly session: Session,
    private readonly choice: Choice,
    private readonly gitlabUrl: string,
  ) {}

  async layer(layer: LabLayer, index: number): Promise<void> {
    const { lab, interruption, report, secrets } = this.session;
    interruption.check();
    report(`\n[${index + 1}/${lab.layers.length}] ${layer.name} (${elapsed(this.started)}): ${layer.description}`);
    await this.before(layer);
    const terraform = terraformOf(this.session, layer);
    await terraform.init();
    await terraform.apply(inputsOf(this.session, this.choice), (summary) => {
      report(`  ${describePlan(summary)}`);
      if (summary !== undefined) {
        noteApplied(secrets, layer.name, undefined);
      }
    });
    noteApplied(secrets, layer.name, configurationHash(layer));
    await containersWell(interruption, (line) => report(`  ${line}`));
    await this.after(layer);
    interruption.check();
  }

  private async before({ name }: LabLayer): Promise<void> {
    if (name === "lab-cluster" && this.choice.gpu) {
      await this.images([GPU_IMAGE]);
    }
    if (name === CHOOSING_LAYER) {
      await this.images(
        imagesOf(this.choice.scenario ?? defaultScenario(this.session.lab) ?? "", this.choice.extraComponents),
      );
    }
  }

  private async after({ name }: LabLayer): Promise<void> {
    if (name === "lab-forge") {
      await this.publish();
    }
  }

  private images(names: readonly string[]): Promise<void> {
    const { interruption, registry, report } = this.session;
    interruption.check();
    return pushImages({
      folder: imagesFolder(this.session),
      names,
      registry,
      report: (line) => report(`  ${line}`),
    });
  }

  /** GitLab runs: Argo CD finds its repositories there only after this. */
  private async publish(): Promise<void> {
    const { lab, out, secrets, report } = this.session;
    const root = await ensureRootToken(this.gitlabUrl, secrets);
    report(`  GitLab's token of root: ${root.made ? "made" : "still works"} (${secrets.path("gitlab_token")})`);
    const [first] = lab.repositories;
    if (first === undefined) {
      return;
    }
    await publish({
      out,
      repositories: lab.repositories,
      url: this.gitlabUrl,
      token: root.token,
      report: (name, result) => report(`  repository ${name}: ${result}`),
    });
    const read = await ensureReadToken(this.gitlabUrl, root.token, secrets, first.name);
    report(`  Argo CD's token: ${read.made ? "made" : "still works"}`);
  }
}

function describeChoice({ lab }: Session, { scenario, extraComponents, gpu }: Choice): string {
  return [
    scenario ?? defaultScenario(lab) ?? "there is none yet",
    ...extraComponents.map((component) => `+ ${component}`),
    ...(gpu ? ["with the GPU"] : []),
  ].join(" ");
}

/** Such as `3 min 12 s`. */
function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Extra components as a user writes them: `a,b`, or `none`. @throws LabError when a name is malformed */
export function extraComponents(text: string): readonly string[] {
  const names = text === "none" ? [] : text.split(",").map((name) => name.trim());
  const wrong = names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
  if (wrong.length > 0) {
    throw new LabError(`EXTRA takes names of components such as EXTRA=trino,superset, or EXTRA=none; found "${text}".`);
  }
  return [...new Set(names)];
}
