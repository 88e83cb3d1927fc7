import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../support/layers";
import { describeWithProgram } from "../support/programs";

const FOLDER = path.resolve("policies/trino");

/** Runs OPA on the policies, or on a changed copy of them. */
function opa(args: readonly string[], folder = FOLDER) {
  const { status, stdout, stderr } = spawnSync("opa", [...args, folder], { encoding: "utf8" });
  return { status, text: `${stdout}${stderr}` };
}

/** A copy of the policies with one text put in the place of another. */
function changed(file: string, found: string, put: string): string {
  const folder = temporaryFolder();
  fs.cpSync(FOLDER, folder, { recursive: true });
  const text = fs.readFileSync(path.join(folder, file), "utf8");
  expect(text).toContain(found);
  fs.writeFileSync(path.join(folder, file), text.replace(found, put));
  return folder;
}

describeWithProgram("opa", "GIVEN the policies of Trino", () => {
  test("THEN they are strict Rego, formatted", () => {
    expect(opa(["check", "--strict"])).toEqual({ status: 0, text: "" });
    expect(opa(["fmt", "--list", "--fail"])).toEqual({ status: 0, text: "" });
  });

  test("THEN their own tests pass, and there are tests", () => {
    const { status, text } = opa(["test"]);

    expect(status).toBe(0);
    expect(text).toMatch(/^PASS: (\d{2})\/\1\n$/);
  });

  test.each([
    ["allows what no rule names", "trino.rego", "default allow := false", "default allow := true"],
    ["lets another group administer", "roles.rego", '"groups": ["admins"]', '"groups": ["admins", "strangers"]'],
    ["lets an analyst write", "trino.rego", "\tgrant.write\n", ""],
    ["shows an address", "roles.rego", '"column": "email"', '"column": "mail"'],
    ["shows all rows to who has no region", "trino.rego", ':= "false" if', ':= "true" if'],
  ])("fails a test when a policy %s", (_, file, found, put) => {
    const { status, text } = opa(["test"], changed(file, found, put));

    expect(status).toBe(2);
    expect(text).toMatch(/^FAIL: /m);
  });
});
