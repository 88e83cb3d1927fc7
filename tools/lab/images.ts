import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

import { complaint } from "./doctor-finding";
import { LabError } from "./lab-error";
import { ask } from "./program";

/** Where Docker pushes to: it accepts a registry without TLS on this address alone, and the same registry is there. */
export const REGISTRY = "127.0.0.1:5001";

/** What every repository of the lab's own images begins with. */
const NAMESPACE = "lab";

/** The nodes' image with NVIDIA's runtime. */
export const GPU_IMAGE = "k3s-gpu";

const ETL_MINIMAL = ["airflow", "duckdb-dbt", "data-quality"];

/** Own images that a scenario runs, by its name: folders of `images/`. */
export const SCENARIO_IMAGES: Readonly<Record<string, readonly string[]>> = {
  "etl-minimal": ETL_MINIMAL,
  "data-serve": [...ETL_MINIMAL, "superset"],
  genai: [...ETL_MINIMAL, "mcp-server", "agent", "feedback", "fine-tuning", "trm"],
  streaming: [...ETL_MINIMAL, "spark", "flink"],
};

/** Own images that a component runs where it is chosen by itself. */
export const COMPONENT_IMAGES: Readonly<Record<string, readonly string[]>> = {
  airflow: ETL_MINIMAL,
  superset: ["superset"],
  dagster: ["dagster"],
  spark: ["spark"],
  mcp: ["mcp-server"],
  flink: ["flink"],
  agents: ["agent", "feedback"],
  training: ["fine-tuning", "trm"],
};

/** The images that a choice needs, each once. */
export function imagesOf(scenario: string, extraComponents: readonly string[]): readonly string[] {
  const wanted = [
    ...(SCENARIO_IMAGES[scenario] ?? []),
    ...extraComponents.flatMap((component) => COMPONENT_IMAGES[component] ?? []),
  ];
  return [...new Set(wanted)];
}

/**
 * The tag of an image: another one for every other content of its folder, the same on every machine.
 * It is the beginning of the SHA-256 of what `sha256sum` prints for the folder's files, sorted by path.
 */
export function imageTag(folder: string): string {
  const lines = filesOf(folder)
    .map((file) => ({ path: relative(folder, file), hash: sha256(readFileSync(file)) }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .map(({ path, hash }) => `${hash}  ${path}\n`);
  return sha256(lines.join("")).slice(0, 12);
}

/** An image's name with the tag of its present content. */
export function imageReference(registry: string, folder: string, name: string): string {
  return `${registry}/${NAMESPACE}/${name}:${imageTag(folder)}`;
}

export interface ImagesOptions {
  /** The folder `images/`. */
  readonly folder: string;
  /** Folders in it. */
  readonly names: readonly string[];
  /** @default {@link REGISTRY} */
  readonly registry?: string;
  readonly report: (line: string) => void;
}

/**
 * Builds and pushes the images that the registry does not have with their present content.
 *
 * @throws LabError when one cannot be built or pushed, with Docker's words
 */
export async function pushImages({ folder, names, registry = REGISTRY, report }: ImagesOptions): Promise<void> {
  const missing = names.filter((name) => !existsSync(join(folder, name, "Dockerfile")));
  if (missing.length > 0) {
    throw new LabError(
      `There is no such image: ${missing.map((name) => join(folder, name, "Dockerfile")).join(", ")}.`,
    );
  }
  for (const name of names) {
    const reference = imageReference(registry, join(folder, name), name);
    if (await hasImage(reference)) {
      report(`image ${reference} is there`);
      continue;
    }
    report(`building ${reference} (docker build ${join(folder, name)})`);
    await docker("build", "--quiet", "--tag", reference, join(folder, name));
    await docker("push", "--quiet", reference);
  }
}

async function docker(...args: readonly string[]): Promise<void> {
  const outcome = await ask("docker", args);
  if (outcome.status !== 0) {
    // The end of the output has the step that failed.
    const last = outcome.stderr.trim().split("\n").slice(-12).join("\n");
    throw new LabError(`docker ${args.join(" ")} failed: ${last || complaint(outcome)}`);
  }
}

/** @see https://distribution.github.io/distribution/spec/api/#existing-manifests */
async function hasImage(reference: string): Promise<boolean> {
  const [, registry = "", repository = "", tag = ""] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const url = `http://${registry}/v2/${repository}/manifests/${tag}`;
  const types = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
  ];
  let status: number;
  try {
    ({ status } = await fetch(url, {
      method: "HEAD",
      headers: { Accept: types.join(", ") },
      signal: AbortSignal.timeout(30_000),
    }));
  } catch (error) {
    const cause = (error as { cause?: { message?: string } }).cause?.message ?? String(error);
    throw new LabError(`The registry does not answer at http://${registry} (${cause}).`);
  }
  if (status !== 200 && status !== 404) {
    throw new LabError(`The registry answered ${status} to HEAD ${url}.`);
  }
  return status === 200;
}

/** What programs leave beside sources: it makes no other image. Synth, which writes the tags, leaves out the same. */
const LEFT_BEHIND = /(^|\/)(__pycache__|\.pytest_cache|\.venv|target|logs)(\/|$)|\.pyc$/;

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !LEFT_BEHIND.test(relative(folder, file)));
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
