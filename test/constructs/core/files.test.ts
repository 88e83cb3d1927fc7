import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { listProjectFiles, readProjectFile } from "../../../constructs/core/files";

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
