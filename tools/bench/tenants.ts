import * as fs from "node:fs";
import * as path from "node:path";
import { copyApp } from "./vanilla";

/** Where an environment with tenants has its list, and the number of layers that they are spread over. */
const LIST = "environments/viridial-staging/tenants.yaml";
const SETTINGS = "environments/viridial-staging/settings.ts";

/** A list of so many tenants: the same ones each time, of the smallest plan. */
export function tenantsYaml(count: number): string {
  const entries = Array.from({ length: count }, (_, index) => {
    const id = `tenant-${String(index).padStart(6, "0")}`;
    const organizationId = `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
    return `  - { id: ${id}, name: Tenant ${index}, organizationId: ${organizationId}, plan: starter, subdomain: ${id} }\n`;
  });
  return `tenants:\n${entries.join("")}`;
}

/**
 * Copies the app into a folder, with its tenants spread over another number of layers.
 *
 * @throws Error when the settings do not say how many there are
 */
export function writeTenantsApp(root: string, folder: string, shards: number): void {
  copyApp(root, folder);
  const file = path.join(folder, SETTINGS);
  const before = fs.readFileSync(file, "utf8");
  if (!/tenantShards: \d+/.test(before)) {
    throw new Error(`${SETTINGS} has no number at tenantShards`);
  }
  fs.writeFileSync(file, before.replace(/tenantShards: \d+/g, `tenantShards: ${shards}`));
}

/** Gives an app from {@link writeTenantsApp} so many tenants. */
export function writeTenants(folder: string, count: number): void {
  fs.writeFileSync(path.join(folder, LIST), tenantsYaml(count));
}

/** Files below two folders that are not the same in both, with `/`, sorted. */
export function differingFiles(one: string, other: string): string[] {
  const filesIn = (folder: string) =>
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  const read = (folder: string, file: string) => {
    const full = path.join(folder, file);
    return fs.existsSync(full) ? fs.readFileSync(full, "utf8") : undefined;
  };
  return [...new Set([...filesIn(one), ...filesIn(other)])]
    .filter((file) => read(one, file) !== read(other, file))
    .map((file) => file.replaceAll(path.sep, "/"))
    .sort();
}
