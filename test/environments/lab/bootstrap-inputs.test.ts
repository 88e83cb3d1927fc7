import { labBootstrap } from "../../../environments/lab/bootstrap";
import { labServices } from "../../../environments/lab/services";
import { SETTINGS } from "../../../environments/lab/settings";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const environment = testEnvironment("lab");
const json = jsonOf(labBootstrap(environment, SETTINGS, labServices(environment, SETTINGS)));

test("GIVEN the layer THEN its inputs have these types and defaults, and none of them is a secret", () => {
  const variables = Object.entries(json.variable ?? {});

  expect(Object.fromEntries(variables.map(([name, { type, default: value }]) => [name, [type, value]]))).toEqual({
    gitlab_password_file: ["string", ""],
    secret_revisions: ["map(number)", {}],
  });
  expect(variables.filter(([, { sensitive }]) => sensitive)).toEqual([]);
  expect(variables.filter(([, { nullable }]) => nullable !== false)).toEqual([]);
});

describeWithTerraform("the inputs of lab-bootstrap", () => {
  test.each<[string, Record<string, unknown>]>([
    ["nothing", {}],
    ["another file", { gitlab_password_file: "/srv/lab_1/gitlab.password" }],
    ["raised entries", { secret_revisions: { "lab/postgresql/airflow": 2, "lab/minio/root": 1 } }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, values)).toBe("");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a path from the home", { gitlab_password_file: "~/gitlab" }, "gitlab_password_file takes an absolute path"],
    ["a relative path", { gitlab_password_file: "gitlab" }, "gitlab_password_file takes an absolute path"],
    ["a slash at the end", { gitlab_password_file: "/srv/" }, "gitlab_password_file takes an absolute path"],
    ["an entry that is none", { secret_revisions: { "lab/postgresql/mysql": 2 } }, "has an entry that is none of"],
    ["GitLab's, which is a file", { secret_revisions: { "lab/postgresql/gitlab": 2 } }, "has an entry that is none of"],
    ["zero", { secret_revisions: { "lab/minio/root": 0 } }, "secret_revisions takes whole numbers from 1 on"],
    ["a fraction", { secret_revisions: { "lab/minio/root": 1.5 } }, "secret_revisions takes whole numbers from 1 on"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, values)).toContain(message);
  });
});
