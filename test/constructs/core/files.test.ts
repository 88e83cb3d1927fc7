import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { filesBelow, listProjectFiles, readProjectFile } from "../../../constructs/core/files";

describe("readProjectFile", () => {
  const before = process.cwd();
  afterEach(() => process.chdir(before));

  test("GIVEN a path from the repository's folder WHEN it is read in another folder THEN its text comes back", () => {
    process.chdir(os.tmpdir());

    const expected = fs.readFileSync(path.join(__dirname, "../../../cdktf.json"), "utf8");
    expect(readProjectFile("cdktf.json")).toBe(expected);
  });

  test("fails for a missing file, naming it", () => {
    expect(() => readProjectFile("constructs/no-such-file")).toThrow(/ENOENT.*constructs\/no-such-file/);
  });
});

describe("listProjectFiles", () => {
  test("GIVEN a folder of the repository THEN its files come back in alphabetical order", () => {
    expect(listProjectFiles("test/constructs/core").filter((file) => file.startsWith("f"))).toEqual(["files.test.ts"]);
    expect(listProjectFiles("environments/viridial-staging/migrations").slice(0, 2)).toEqual([
      "V1__roles.sql",
      "V2__schema.sql",
    ]);
  });

  test("fails for a missing folder, naming it", () => {
    expect(() => listProjectFiles("constructs/no-such-folder")).toThrow(/ENOENT.*constructs\/no-such-folder/);
  });
});

describe("filesBelow", () => {
  test("GIVEN folders in a folder THEN every file comes back by its path, without what programs leave beside them", () => {
    const folder = "test/constructs/core/left-behind";
    const root = path.join(__dirname, "left-behind");
    for (const file of [
      "b/c.sql",
      "a.py",
      "__pycache__/a.pyc",
      "b/__pycache__/d.cpython.pyc",
      ".dvc/config",
      "target/x",
    ]) {
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), "");
    }
    try {
      expect(filesBelow(folder)).toEqual([".dvc/config", "a.py", "b/c.sql"]);
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  });

  test("fails for a missing folder, naming it", () => {
    expect(() => filesBelow("constructs/no-such-folder")).toThrow(/ENOENT.*constructs\/no-such-folder/);
  });
});
