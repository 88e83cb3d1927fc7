import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { DATABASE_NEEDS } from "../../../environments/lab/bootstrap";
import { bootstrapReadme } from "../../../environments/lab/bootstrap-readme";
import { temporaryFolder } from "../../support/layers";

const SECTIONS = bootstrapReadme({ name: "lab", domain: "lab.local", keepData: true, needs: DATABASE_NEEDS });

/** The commands of a section, all of them. */
function commandsOf(title: string): string {
  const body = SECTIONS.find((section) => section.title === title)?.body ?? "";
  return [...body.matchAll(/```sh\n([^]*?)```/g)].map(([, commands]) => commands).join("");
}

/**
 * Runs commands with a stand-in for Docker, which notes what it was given, with the secrets of its environment and its
 * input, and gives the answer.
 */
function run(commands: string, answer: string) {
  const folder = temporaryFolder();
  const calls = path.join(folder, "calls");
  const docker = [
    "#!/bin/sh",
    `echo "$* | VAULT_TOKEN=$VAULT_TOKEN PGPASSWORD=\${PGPASSWORD:-} | $(cat)" >>"${calls}"`,
    `printf '%s' '${answer}'`,
  ].join("\n");
  fs.writeFileSync(path.join(folder, "docker"), docker, { mode: 0o755 });
  fs.writeFileSync(path.join(folder, "vault_token"), "root-token\n");
  const { status, stderr, stdout } = spawnSync("sh", ["-euc", commands], {
    encoding: "utf8",
    input: "",
    env: { PATH: `${folder}:${process.env["PATH"]}`, secrets: folder, VAULT_TOKEN: "root-token" },
  });
  return { status, stderr, stdout, folder, calls: fs.readFileSync(calls, "utf8").split("\n").slice(0, -1) };
}

describe("the README of the layer lab-bootstrap", () => {
  test("WHEN one logs in as a role THEN the containers' programs do it, and no password is an argument", () => {
    const { status, stderr, calls } = run(commandsOf("Databases"), "s3cret");

    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(calls).toEqual([
      "exec --env VAULT_TOKEN lab-vault vault kv get -mount=kv -field=password lab/postgresql/airflow | VAULT_TOKEN=root-token PGPASSWORD= | ",
      "exec --interactive --tty --env PGPASSWORD lab-postgres psql --host=postgres.lab.local --username=airflow airflow | VAULT_TOKEN=root-token PGPASSWORD=s3cret | ",
    ]);
  });

  test("WHEN Terraform's login is made twice THEN root makes the SecretID each time, a file of its owner's alone", () => {
    const once = commandsOf("A login for Terraform that is less than root");
    const { status, stderr, stdout, calls, folder } = run(`${once}${once}printf '%s' "$VAULT_TOKEN"`, "made");

    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: "", stdout: "made" });
    const made =
      "exec --env VAULT_TOKEN lab-vault vault write -force -field=secret_id auth/approle/role/terraform/secret-id | VAULT_TOKEN=root-token PGPASSWORD= | ";
    const loggedIn =
      "exec --interactive lab-vault vault write -field=token auth/approle/login role_id=lab-terraform secret_id=- | VAULT_TOKEN=root-token PGPASSWORD= | made";
    expect(calls).toEqual([made, loggedIn, made, loggedIn]);
    expect((fs.statSync(path.join(folder, "vault_secret_id")).mode & 0o777).toString(8)).toBe("600");
  });
});
