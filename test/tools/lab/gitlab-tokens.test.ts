import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ensureReadToken, ensureRootToken } from "../../../tools/lab/gitlab-tokens";
import { Secrets } from "../../../tools/lab/secrets";
import { messageOf, temporaryFolder } from "../../support/layers";
import { FakeGitLab } from "./fake-gitlab";
import { fakePrograms } from "./support";

const path = process.env["PATH"] ?? "";

describe("tokens of GitLab", () => {
  let gitlab: FakeGitLab;
  let secrets: Secrets;
  let log: string;
  beforeEach(async () => {
    gitlab = await FakeGitLab.start();
    secrets = new Secrets(join(temporaryFolder(), "secrets"));
    secrets.ensure();
    log = join(temporaryFolder(), "log");
    docker(gitlab.console);
  });
  afterEach(async () => {
    process.env["PATH"] = path;
    await gitlab.stop();
  });

  const docker = (script: string) => {
    process.env["PATH"] = `${fakePrograms({ docker: `echo "docker $*" >> ${log}\n${script}` })}:${path}`;
  };
  const calls = () => readFileSync(log, "utf8").trim().split("\n");

  test("GIVEN none THEN GitLab's console makes root's token, which is in a file of mode 0600 and in no argument", async () => {
    // WHEN
    const { token, made } = await ensureRootToken(gitlab.url, secrets);

    // THEN
    expect(made).toBe(true);
    expect(token).toMatch(/^glpat-[0-9a-f]{40}$/);
    expect(secrets.read("gitlab_token")).toBe(token);
    expect(statSync(secrets.path("gitlab_token")).mode & 0o777).toBe(0o600);
    expect(calls()).toEqual(["docker exec --interactive lab-gitlab gitlab-rails runner -"]);
  });

  test("GIVEN one that works THEN it stays, and the console is not used", async () => {
    gitlab.tokens.add("glpat-known");
    secrets.write("gitlab_token", "glpat-known");
    docker("exit 9");
    expect(await ensureRootToken(gitlab.url, secrets)).toEqual({ token: "glpat-known", made: false });
  });

  test("GIVEN one that no longer works THEN another takes its place", async () => {
    secrets.write("gitlab_token", "glpat-expired");
    const { token, made } = await ensureRootToken(gitlab.url, secrets);
    expect([made, secrets.read("gitlab_token")]).toEqual([true, token]);
    expect(token).not.toBe("glpat-expired");
  });

  test("fails with the console's words, without the token", async () => {
    docker('cat >&2; echo "more" >&2; exit 1');
    const message = await messageOf(() => ensureRootToken(gitlab.url, secrets));
    expect(message).toBe('GitLab\'s console made no token: user = User.find_by_username!("root")');
    expect(secrets.read("gitlab_token")).toBeUndefined();
    docker("grep set_token >&2; exit 1");
    expect(await messageOf(() => ensureRootToken(gitlab.url, secrets))).toBe(
      'GitLab\'s console made no token: token.set_token("…")',
    );
  });

  test("fails for a console that says nothing and makes nothing", async () => {
    docker("exit 0");
    expect(await messageOf(() => ensureRootToken(gitlab.url, secrets))).toBe(
      "GitLab does not accept the token that its own console has just made.",
    );
    expect(secrets.read("gitlab_token")).toBeUndefined();
  });

  test("THEN readers get a login of their own, which may read and not write, and only one of it", async () => {
    // GIVEN
    const { token: root } = await ensureRootToken(gitlab.url, secrets);
    await gitlab.addGroup("lab", "private");
    await gitlab.addProject("lab/platform-gitops", "private");
    const ensure = () => ensureReadToken(gitlab.url, root, secrets, "platform-gitops");

    // WHEN
    const first = await ensure();

    // THEN
    expect(first.made).toBe(true);
    expect(gitlab.deployTokens).toEqual([
      { id: 3, name: "argocd", username: "argocd", scopes: ["read_repository"], token: first.token },
    ]);
    expect(statSync(secrets.path("gitlab_read_token")).mode & 0o777).toBe(0o600);
    expect(await ensure()).toEqual({ token: first.token, made: false });

    // WHEN its file is lost, or another GitLab has come
    writeFileSync(secrets.path("gitlab_read_token"), "gldt-of-another");
    const second = await ensure();

    // THEN
    expect(second).toEqual({ token: "gldt-4", made: true });
    expect(gitlab.deployTokens.map(({ token }) => token)).toEqual(["gldt-4"]);
  });
});
