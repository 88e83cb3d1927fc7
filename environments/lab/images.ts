import { createHash } from "node:crypto";
import { filesBelow, readProjectFile } from "../../constructs/core/files";
import { publicName } from "./names";
import { CONTAINERS } from "./network";
import { type LabSettings } from "./settings";

/** Our own images, each a folder of `images/`. */
export const IMAGES = [
  "agent",
  "airflow",
  "dagster",
  "data-quality",
  "duckdb-dbt",
  "feedback",
  "fine-tuning",
  "flink",
  "k3s-gpu",
  "mcp-server",
  "spark",
  "superset",
  "trm",
] as const;
export type ImageName = (typeof IMAGES)[number];

/** Where pods pull images from, and `make lab-up` pushes them to: its name with its port. */
export function registryAddress(settings: Pick<LabSettings, "domain">): string {
  return `${publicName(settings, "registry")}:${CONTAINERS.registry.port}`;
}

/** Repository of one of our images in the registry of the lab. */
export function imageRepository(settings: Pick<LabSettings, "domain">, name: ImageName): string {
  return `${registryAddress(settings)}/lab/${name}`;
}

/**
 * Tag of one of our images: another one for every other content of its folder, the same on every machine. It is the
 * beginning of the SHA-256 of what `sha256sum` prints for the folder's files, sorted by path; `make lab-up` builds and
 * pushes the image under it.
 */
export function imageTag(name: ImageName): string {
  const folder = `images/${name}`;
  const lines = filesBelow(folder).map((file) => `${sha256(readProjectFile(`${folder}/${file}`))}  ${file}\n`);
  return sha256(lines.join("")).slice(0, 12);
}

/** One of our images with its tag. */
export function labImage(settings: Pick<LabSettings, "domain">, name: ImageName): string {
  return `${imageRepository(settings, name)}:${imageTag(name)}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
