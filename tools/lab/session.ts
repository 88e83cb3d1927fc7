import { existsSync } from "node:fs";
import { join } from "node:path";

import { type Choice, CHOICE_FILE } from "./choice";
import { READER } from "./gitlab-tokens";
import { GPU_IMAGE, imageReference } from "./images";
import { type Interruption } from "./interruption";
import type { Lab, LabLayer } from "./lab";
import { KUBECONFIG, type Secrets, TOKENS } from "./secrets";
import { type PlanSummary, type TerraformInputs, TerraformLayer } from "./terraform";

/** What every command that works on the lab as a whole needs. */
export interface Session {
  /** Folder that synth wrote. */
  readonly out: string;
  /** Folder of the repository, with `images/`. */
  readonly root: string;
  /** Where images are pushed to. */
  readonly registry: string;
  readonly lab: Lab;
  readonly secrets: Secrets;
  readonly interruption: Interruption;
  readonly report: (line: string) => void;
}

/** File beside the secrets: which content of each layer was applied here last, wholly. */
export const APPLIED_FILE = "applied.json";

/** Every file that the lab makes beside the generated secrets. */
export const OTHER_FILES: readonly string[] = [...Object.values(TOKENS), KUBECONFIG, CHOICE_FILE, APPLIED_FILE];

export function terraformOf({ out, interruption }: Session, layer: LabLayer): TerraformLayer {
  return new TerraformLayer(out, layer, interruption);
}

/** Every output of the layers that is a text; of two with one name the later layer's counts. */
export function outputsOf(session: Session): Readonly<Record<string, string>> {
  return Object.assign({}, ...session.lab.layers.map((layer) => terraformOf(session, layer).outputs)) as Record<
    string,
    string
  >;
}

/** What Terraform is given in this lab: secrets in the environment, which no list of processes shows to other users. */
export function inputsOf({ secrets, lab, root, registry }: Session, choice: Choice): TerraformInputs {
  const gpuFolder = join(root, "images", GPU_IMAGE);

  const variables = {
    secrets_dir: secrets.folder,
    secrets_owner: `${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`,
    scenario: choice.scenario ?? defaultScenario(lab),
    extra_components: JSON.stringify(choice.extraComponents),
    gpu: String(choice.gpu),
    gpu_image: choice.gpu && existsSync(gpuFolder) ? imageReference(registry, gpuFolder, GPU_IMAGE) : undefined,
  };
  const readToken = secrets.read(TOKENS.read);
  const env = {
    PGPASSWORD: secrets.read("postgres_password"),
    VAULT_TOKEN: secrets.read("vault_token"),
    GITLAB_TOKEN: secrets.read(TOKENS.root),
    TF_VAR_argocd_platform_repo_username: readToken === undefined ? undefined : READER,
    TF_VAR_argocd_platform_repo_password: readToken,
  };
  // What the user exports as TF_VAR_… goes first.
  const given = (name: string) => Boolean(process.env[name.startsWith("TF_VAR_") ? name : `TF_VAR_${name}`]);
  const known = (values: Readonly<Record<string, string | undefined>>) =>
    Object.fromEntries(
      Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && !given(entry[0])),
    );
  return { variables: known(variables), env: known(env) };
}

/** What runs where nobody has chosen: the input's default. */
export function defaultScenario({ layers }: Lab): string | undefined {
  const input = layers.flatMap(({ inputs }) => inputs).find(({ name }) => name === "scenario");
  return typeof input?.default === "string" ? input.default : undefined;
}

/** Layer → SHA-256 of the configuration that was applied wholly. */
export function readApplied(secrets: Secrets): Readonly<Record<string, string>> {
  return JSON.parse(secrets.read(APPLIED_FILE) ?? "{}") as Record<string, string>;
}

/** Notes what was applied; undefined where a run begins, so that one that does not end is seen. */
export function noteApplied(secrets: Secrets, layer: string, hash: string | undefined): void {
  const others = Object.entries(readApplied(secrets)).filter(([name]) => name !== layer);
  const entries = hash === undefined ? others : [...others, [layer, hash]];
  secrets.write(APPLIED_FILE, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

/** SHA-256 of a layer's configuration, as synth wrote it. */
export function configurationHash(layer: LabLayer): string {
  return layer.files["cdk.tf.json"] ?? "";
}

/** Such as `2 to add, 1 to destroy (docker_container.vault)`. */
export function describePlan(summary: PlanSummary | undefined): string {
  if (summary === undefined) {
    return "nothing to do";
  }
  const parts = [
    ...(summary.add > 0 ? [`${summary.add} to add`] : []),
    ...(summary.change > 0 ? [`${summary.change} to change`] : []),
    ...(summary.remove > 0 ? [`${summary.remove} to destroy (${summary.destroyed.join(", ")})`] : []),
  ];
  return parts.length === 0 ? "outputs change" : parts.join(", ");
}

export function imagesFolder({ root }: Pick<Session, "root">): string {
  return join(root, "images");
}
