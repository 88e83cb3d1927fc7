import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The absolute path of a file of this repository. It is looked for from here upwards, since this program runs from its
 * sources as well as from a bundle in `node_modules/.cache`.
 *
 * @param path relative to the repository's root
 */
export function repositoryFile(path: string, from = __dirname): string {
  const file = join(from, path);
  if (existsSync(file)) {
    return file;
  }
  if (dirname(from) === from) {
    throw new Error(`${path} is missing from this repository`);
  }
  return repositoryFile(path, dirname(from));
}
