import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { repositoryFile } from "../../../tools/offline/files";
import { Folder } from "./support";

const ROOT = resolve(__dirname, "../../..");

describe("repositoryFile", () => {
  test.each(["tools/start.mjs", "tools/offline/tfplugin6.proto", "node_modules"])(
    "GIVEN the sources WHEN %s is asked for THEN it is found from the repository's root",
    (path) => {
      expect(repositoryFile(path)).toBe(join(ROOT, path));
    },
  );

  test("GIVEN a bundle in node_modules/.cache THEN the file is looked for upwards, the nearest one first", () => {
    // GIVEN
    const folder = new Folder();
    const bundles = join(folder.path, "node_modules/.cache/socle");
    mkdirSync(bundles, { recursive: true });
    folder.write("tools/a.proto", "outer");
    folder.write("tools/b.proto", "outer");
    folder.write("node_modules/tools/b.proto", "inner");

    // WHEN
    const found = ["tools/a.proto", "tools/b.proto"].map((path) => repositoryFile(path, bundles));
    folder.dispose();

    // THEN
    expect(found).toEqual([join(folder.path, "tools/a.proto"), join(folder.path, "node_modules/tools/b.proto")]);
  });

  test("fails for a file that is nowhere above, naming it as it was asked for", () => {
    expect(() => repositoryFile("tools/no-such.proto")).toThrow(
      new Error("tools/no-such.proto is missing from this repository"),
    );
  });
});
