import * as fs from "node:fs";
import * as path from "node:path";

/** The repository's folder: the nearest one above this code (in source or bundled) that holds `cdktf.json`. */
function projectRoot(): string {
  let folder = __dirname;
  while (!fs.existsSync(path.join(folder, "cdktf.json"))) {
    const parent = path.dirname(folder);
    if (parent === folder) {
      throw new Error(`no cdktf.json in ${__dirname} or a folder above it`);
    }
    folder = parent;
  }
  return folder;
}

/**
 * Reads a text file of this repository, such as a script that goes into user data.
 *
 * @param file path from the repository's folder, with `/`
 * @throws Error when the file is missing
 */
export function readProjectFile(file: string): string {
  return fs.readFileSync(path.join(projectRoot(), file), "utf8");
}

/**
 * Names of the files in a folder of this repository, in alphabetical order.
 *
 * @param folder path from the repository's folder, with `/`
 * @throws Error when the folder is missing
 */
export function listProjectFiles(folder: string): string[] {
  return fs.readdirSync(path.join(projectRoot(), folder)).sort();
}

/** What programs leave beside sources, such as Python's compiled modules. */
const LEFT_BEHIND = /(^|\/)(__pycache__|\.pytest_cache|\.venv|target|logs)(\/|$)|\.pyc$/;

/**
 * Files below a folder of this repository, whatever folders they are in, by path below it in alphabetical order; without
 * what programs leave beside them.
 *
 * @param folder path from the repository's folder, with `/`
 * @throws Error when the folder is missing
 */
export function filesBelow(folder: string): string[] {
  const root = path.join(projectRoot(), folder);
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .filter((file) => !LEFT_BEHIND.test(file))
    .sort();
}
