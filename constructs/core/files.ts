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
