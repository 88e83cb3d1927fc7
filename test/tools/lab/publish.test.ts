import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { GIT_GROUP } from "../../../environments/lab/names";
import { pushContent } from "../../../tools/lab/git";
import { GitLab } from "../../../tools/lab/gitlab";
import { GROUP, publish } from "../../../tools/lab/publish";
import { filesBelow, messageOf, temporaryFolder } from "../../support/layers";
import { FakeGitLab } from "./fake-gitlab";
import { fakePrograms } from "./support";

const TOKEN = "glpat-of-root";

describe("publishing", () => {
  test("THEN repositories are where Argo CD and Airflow look for them", () => {
    expect(GROUP).toBe(GIT_GROUP);
  });

  let gitlab: FakeGitLab;
  let out: string;
  let done: Record<string, string>;
  beforeEach(async () => {
    gitlab = await FakeGitLab.start(TOKEN);
    out = temporaryFolder();
    write("platform-gitops/apps/airflow.yaml", "kind: Application\n");
    write("platform-gitops/.gitignore", "*.log\n");
    write("airflow-helm/values.yaml", "executor: KubernetesExecutor\n");
  });
  afterEach(() => gitlab.stop());

  const write = (path: string, text: string) => {
    const file = join(out, "gitops", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const run = (options: { token?: string; url?: string; revision?: string } = {}) => {
    done = {};
    return publish({
      out,
      repositories: [
        { name: "platform-gitops", directory: "gitops/platform-gitops" },
        { name: "airflow-helm", directory: "gitops/airflow-helm", revision: options.revision ?? "1f3a" },
      ],
      url: options.url ?? gitlab.url,
      token: options.token ?? TOKEN,
      report: (name, result) => (done[name] = result),
    });
  };
  const files = (project: string, ref = "main") => gitlab.git(project, "ls-tree", "-r", "--name-only", ref);
  const history = (project: string) => gitlab.git(project, "log", "--format=%an <%ae> %s", "main");

  test("GIVEN an empty GitLab THEN group and projects are private, and have each folder's content on main", async () => {
    // WHEN
    await run();

    // THEN
    expect(done).toEqual({ "platform-gitops": "pushed", "airflow-helm": "pushed" });
    expect(gitlab.groups.map(({ path, visibility }) => [path, visibility])).toEqual([["lab", "private"]]);
    expect(gitlab.projects.map(({ path, visibility, default_branch: branch }) => [path, visibility, branch])).toEqual([
      ["lab/platform-gitops", "private", "main"],
      ["lab/airflow-helm", "private", "main"],
    ]);
    expect(await files("lab/platform-gitops")).toBe(".gitignore\napps/airflow.yaml");
    expect(await gitlab.git("lab/platform-gitops", "show", "main:apps/airflow.yaml")).toBe("kind: Application");
    expect(await history("lab/airflow-helm")).toBe("Socle <socle@lab.local> Publish what was synthesized (socle-1f3a)");
    expect(await gitlab.git("lab/airflow-helm", "rev-parse", "socle-1f3a")).toBe(
      await gitlab.git("lab/airflow-helm", "rev-parse", "main"),
    );
  });

  test("WHEN it runs again THEN there is no commit and no change in GitLab", async () => {
    await run();
    gitlab.requests.length = 0;

    // WHEN
    await run();

    // THEN
    expect(done).toEqual({ "platform-gitops": "unchanged", "airflow-helm": "unchanged" });
    expect(gitlab.requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
    expect((await history("lab/platform-gitops")).split("\n")).toHaveLength(1);
  });

  test("WHEN the content changes THEN one commit follows with exactly it, and the tag of the new revision", async () => {
    await run();
    write("airflow-helm/templates/extra.yaml", "kind: Secret\n");
    write("airflow-helm/run.sh", "#!/bin/sh\n");
    chmodSync(join(out, "gitops/airflow-helm/run.sh"), 0o755);
    // What a .gitignore of the content names is content all the same.
    write("airflow-helm/.gitignore", "templates/\n");
    rmSync(join(out, "gitops/airflow-helm/values.yaml"));

    // WHEN
    await run({ revision: "2b4c" });

    // THEN
    expect(done).toEqual({ "platform-gitops": "unchanged", "airflow-helm": "pushed" });
    expect(await files("lab/airflow-helm")).toBe(".gitignore\nrun.sh\ntemplates/extra.yaml");
    expect(await gitlab.git("lab/airflow-helm", "ls-tree", "main", "run.sh")).toMatch(/^100755 /);
    expect((await history("lab/airflow-helm")).split("\n")).toEqual([
      "Socle <socle@lab.local> Publish what was synthesized (socle-2b4c)",
      "Socle <socle@lab.local> Publish what was synthesized (socle-1f3a)",
    ]);
    expect(await files("lab/airflow-helm", "socle-1f3a")).toBe("values.yaml");
  });

  test("WHEN an earlier content comes back THEN main has it again, and its tag stays where it was", async () => {
    await run();
    const first = await gitlab.git("lab/airflow-helm", "rev-parse", "socle-1f3a");
    write("airflow-helm/values.yaml", "executor: CeleryExecutor\n");
    await run({ revision: "2b4c" });

    // WHEN
    write("airflow-helm/values.yaml", "executor: KubernetesExecutor\n");
    await run();

    // THEN
    expect(done["airflow-helm"]).toBe("pushed");
    expect(await gitlab.git("lab/airflow-helm", "show", "main:values.yaml")).toBe("executor: KubernetesExecutor");
    expect((await history("lab/airflow-helm")).split("\n")).toHaveLength(3);
    expect(await gitlab.git("lab/airflow-helm", "rev-parse", "socle-1f3a")).toBe(first);
  });

  test("GIVEN a tag that is missing on an unchanged main THEN it alone is pushed", async () => {
    await run();
    await gitlab.git("lab/airflow-helm", "tag", "--delete", "socle-1f3a");
    await run();
    expect(done["airflow-helm"]).toBe("pushed");
    expect(await files("lab/airflow-helm", "socle-1f3a")).toBe("values.yaml");
    expect((await history("lab/airflow-helm")).split("\n")).toHaveLength(1);
  });

  test("GIVEN a public project with commits of others THEN it becomes private, and their history stays", async () => {
    // GIVEN
    await gitlab.addGroup("lab", "public");
    await gitlab.addProject("lab/platform-gitops", "public");
    const theirs = temporaryFolder();
    writeFileSync(join(theirs, "README.md"), "by hand\n");
    const { authorization } = new GitLab(gitlab.url, TOKEN);
    await pushContent({ remote: `${gitlab.url}/lab/platform-gitops.git`, authorization, folder: theirs });

    // WHEN
    await run();

    // THEN
    expect(gitlab.groups[0]?.visibility).toBe("private");
    expect(gitlab.projects[0]?.visibility).toBe("private");
    expect(await files("lab/platform-gitops")).toBe(".gitignore\napps/airflow.yaml");
    expect((await history("lab/platform-gitops")).split("\n")).toHaveLength(2);
  });

  test("fails for a wrong token, with what is needed, and makes nothing", async () => {
    expect(await messageOf(() => run({ token: "glpat-wrong" }))).toBe(
      `GitLab does not accept the token (GET ${gitlab.url}/api/v4/groups/lab: 401 401 Unauthorized): ` +
        "it takes one with the scope api, of a user who may make groups.",
    );
    expect([gitlab.groups, gitlab.projects]).toEqual([[], []]);
  });

  test("fails for a push that is refused, with the server's word, and publishes the others", async () => {
    // GIVEN
    await run();
    gitlab.refusePushes("lab/platform-gitops", "this branch is protected");
    write("platform-gitops/apps/minio.yaml", "kind: Application\n");
    write("airflow-helm/values.yaml", "executor: LocalExecutor\n");

    // WHEN
    const message = await messageOf(() => run({ revision: "3d5e" }));

    // THEN
    expect(message).toMatch(
      /^Not everything was published:\n {2}- platform-gitops: git push: .*this branch is protected/,
    );
    expect(message).not.toContain(TOKEN);
    expect(done).toEqual({ "airflow-helm": "pushed" });
    expect(await files("lab/platform-gitops")).toBe(".gitignore\napps/airflow.yaml");
  });

  test("fails for a tag that stands for another content already", async () => {
    await run();
    write("airflow-helm/values.yaml", "executor: LocalExecutor\n");
    expect(await messageOf(() => run())).toContain(
      "airflow-helm: The tag socle-1f3a is there with another content: a revision stands for one content.",
    );
    expect(await gitlab.git("lab/airflow-helm", "show", "main:values.yaml")).toBe("executor: KubernetesExecutor");
  });

  test("fails for folders that are missing, all of them, before GitLab is asked", async () => {
    rmSync(join(out, "gitops"), { recursive: true });
    const message = await messageOf(() => run());
    expect(message).toContain("gitops/platform-gitops is missing");
    expect(message).toContain("gitops/airflow-helm is missing");
    expect(gitlab.requests).toEqual([]);
  });

  test("fails where no GitLab listens", async () => {
    await gitlab.stop();
    expect(await messageOf(() => run())).toMatch(
      /^GitLab does not answer at http:\/\/127\.0\.0\.1:\d+ \(.*ECONNREFUSED.*\): `make lab-status` says whether it runs\.$/,
    );
  });

  test("THEN the token is in no argument of git, in no file of its repository and not in what it prints", async () => {
    // GIVEN a git that notes its arguments and the files it was left with
    const log = join(temporaryFolder(), "log");
    const path = process.env["PATH"] ?? "";
    const real = path.split(":").find((folder) => folder === "/usr/bin") ?? "/usr/bin";
    process.env["PATH"] = `${fakePrograms({
      git: `echo "$*" >> ${log}\n${real}/git "$@"; status=$?\ncat "$GIT_DIR/config" >> ${log}; exit $status`,
    })}:${path}`;
    try {
      // WHEN
      await run();
    } finally {
      process.env["PATH"] = path;
    }

    // THEN
    const { log: text = "" } = filesBelow(dirname(log));
    expect(text).toContain("push --quiet --atomic");
    expect(text).toContain("[core]");
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain(Buffer.from(`oauth2:${TOKEN}`).toString("base64"));
  });
});
