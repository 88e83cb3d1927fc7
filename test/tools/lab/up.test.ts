import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describeWithTerraform } from "../../support/terraform";
import { LabProject, LAYERS } from "./project";

describeWithTerraform("lab up", () => {
  let project: LabProject;
  beforeEach(async () => {
    project = await LabProject.start();
  });
  afterEach(() => project.stop());

  const secret = (name: string) => readFileSync(join(project.secrets, name), "utf8");
  const choice = () => project.state("lab-platform")["terraform_data.choice"]?.["output"];

  test("GIVEN nothing THEN all layers are applied in order, with secrets, images, repositories and a table at the end", async () => {
    // WHEN
    const { code, output } = await project.up();

    // THEN
    expect([output, code]).toEqual([expect.stringContaining("The lab runs"), 0]);
    expect(output.match(/^\[.*?\] \S+/gm)).toEqual(LAYERS.map((layer, index) => `[${index + 1}/4] ${layer}`));
    expect(output).toContain(
      "(made: postgres_password, vault_token, gitlab_db_password, gitlab_root_password, k3s_token)",
    );
    expect(project.state("lab-services")["terraform_data.secrets"]?.["input"]).toBe(project.secrets);
    expect(choice()).toBe("etl-minimal: ");

    // AND GitLab had its token, its repository and readers before the layers that need them
    expect(await project.gitlab.git("lab/platform-gitops", "ls-tree", "--name-only", "main")).toBe("README.md");
    expect(project.state("lab-platform")["terraform_data.repository"]?.["input"]).toBe("argocd");
    expect(project.gitlab.deployTokens.map(({ token }) => token)).toEqual([secret("gitlab_read_token")]);

    // AND the images of this scenario, and no others, were built and pushed
    const built = project.docker().filter((call) => / (build|push) /.test(call));
    expect(built.map((call) => call.replace(/127\.0\.0\.1:\d+\/(\S+):[0-9a-f]{12}( .*)?$/, "$1"))).toEqual(
      ["airflow", "duckdb-dbt", "data-quality"].flatMap((name) => [
        `docker build --quiet --tag lab/${name}`,
        `docker push --quiet lab/${name}`,
      ]),
    );

    // AND nothing that is secret was printed, or is an argument of Docker
    for (const name of ["postgres_password", "vault_token", "gitlab_db_password", "k3s_token", "gitlab_token"]) {
      expect(statSync(join(project.secrets, name)).mode & 0o777).toBe(0o600);
      expect(`${output}${project.docker().join()}`).not.toContain(secret(name));
    }
    expect(output).toContain(`token: cat ${project.secrets}/vault_token\n`);

    // AND nobody else reads the states
    expect(statSync(join(project.folder, ".terraform-state")).mode & 0o777).toBe(0o700);
  });

  test("WHEN it runs again THEN nothing changes, and the secrets and tokens are the same", async () => {
    await project.up();
    const before = LAYERS.map((layer) => project.state(layer));
    const tokens = [secret("gitlab_token"), secret("gitlab_read_token"), secret("k3s_token")];
    const console = project.docker().filter((call) => call.startsWith("docker exec")).length;

    // WHEN
    const { code, output } = await project.up();

    // THEN
    expect(code).toBe(0);
    expect(output.match(/^ {2}nothing to do$/gm)).toHaveLength(4);
    expect(output).toContain("repository platform-gitops: unchanged");
    expect(LAYERS.map((layer) => project.state(layer))).toEqual(before);
    expect([secret("gitlab_token"), secret("gitlab_read_token"), secret("k3s_token")]).toEqual(tokens);
    expect(project.docker().filter((call) => call.startsWith("docker exec"))).toHaveLength(console);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "WHEN %s stops it half-way THEN Terraform ends in an orderly way, and the next run goes on there",
    async (signal) => {
      // WHEN
      let sent = false;
      const stopped = await project.run(project.upArguments("--scenario", "genai"), {
        env: { GO: "no" },
        onOutput: (text, kill) => {
          if (!sent && text.includes("waiting-here")) {
            sent = true;
            kill(signal);
          }
        },
      });

      // THEN
      expect(stopped.output).toContain("Stopping: what runs is ended in an orderly way.");
      expect(stopped.output).toContain("Stopped at lab-cluster, layer 3 of 4. make lab-refresh goes on there.");
      expect(stopped.code).toBe(signal === "SIGINT" ? 130 : 143);
      // What was made before is in the state, and no lock is left.
      expect(project.state("lab-cluster")["tls_private_key.authority"]).toBeDefined();
      expect(existsSync(join(project.folder, ".terraform-state/.lab-cluster.tfstate.lock.info"))).toBe(false);

      // WHEN
      const { code, output } = await project.up();

      // THEN
      expect([output, code]).toEqual([expect.stringContaining("The lab runs"), 0]);
      expect(output).toMatch(/\[2\/4\] lab-forge.*\n {2}nothing to do\n/);
      expect(output).toMatch(/\[3\/4\] lab-cluster.*\n {2}1 to add, 1 to destroy \(terraform_data\.slow\)\n/);
      expect(choice()).toBe("genai: ");
    },
  );

  test("GIVEN a choice THEN a later run without one keeps it, and one with another changes only that", async () => {
    await project.up("--scenario", "genai", "--extra", "trino,superset");
    expect(choice()).toBe("genai: superset,trino");
    const again = await project.up();
    expect(again.output).toContain("scenario: genai + trino + superset\n");
    expect(choice()).toBe("genai: superset,trino");
    await project.up("--extra", "none");
    expect(choice()).toBe("genai: ");
  });

  test("GIVEN a GPU THEN the nodes' image is built before the cluster, which knows of it", async () => {
    await project.up("--gpu");
    expect(project.docker().find((call) => call.startsWith("docker build"))).toMatch(
      /^docker build --quiet --tag 127\.0\.0\.1:\d+\/lab\/k3s-gpu:[0-9a-f]{12} /,
    );
    const [, image] = /--tag (\S+)/.exec(project.docker().find((call) => call.startsWith("docker build")) ?? "") ?? [];
    expect(project.state("lab-cluster")["terraform_data.slow"]?.["input"]).toBe(`true ${image}`);
  });

  test("GIVEN a container that is starting THEN the next layer waits for it", async () => {
    writeFileSync(join(project.folder, "health"), "starting");
    const { code, output } = await project.up();
    expect(code).toBe(0);
    expect(output).toMatch(/lab-services .*\n(?:.*\n)*? {2}waiting for lab-postgres \(running, starting\)\n\n\[2\/4\]/);
  });

  test("fails for a scenario that there is not, before anything happens, naming those there are", async () => {
    const { code, output } = await project.up("--scenario", "everything");
    expect([output, code]).toEqual([
      'Unknown scenario "everything". There are etl-minimal, genai: make lab-up SCENARIO=etl-minimal\n',
      1,
    ]);
    expect([existsSync(project.secrets), project.docker()]).toEqual([false, []]);
  });

  test("fails for extra components that are no names", async () => {
    const { code, output } = await project.up("--extra", "Trino;superset");
    expect([output, code]).toEqual([
      'EXTRA takes names of components such as EXTRA=trino,superset, or EXTRA=none; found "Trino;superset".\n',
      1,
    ]);
  });

  test("fails for an extra component that Terraform does not know, before the first layer", async () => {
    const { code, output } = await project.up("--extra", "nonsense");
    expect(code).toBe(1);
    expect(output).toContain("No such component.");
    expect(project.state("lab-services")).toEqual({});
  });

  test("fails where Terraform does, with its words and where it stopped, and leaves the later layers alone", async () => {
    project.stack("lab-forge", {
      resource: { terraform_data: { a: { provisioner: [{ "local-exec": { command: "exit 7" } }] } } },
    });
    const { code, output } = await project.up();
    expect(code).toBe(1);
    expect(output).toMatch(/exit status 7/);
    expect(output).toContain("Stopped at lab-forge, layer 2 of 4. make lab-refresh goes on there.\n");
    expect(output).toContain("terraform apply of lab-forge failed.");
    expect(project.state("lab-cluster")).toEqual({});
  });

  test("fails at the plan with Terraform's diagnostics", async () => {
    project.stack("lab-forge", { resource: { terraform_data: { a: { input: "${var.unknown}" } } } });
    const { code, output } = await project.up();
    expect(code).toBe(1);
    expect(output).toContain("terraform plan of lab-forge failed.\n\nError: Reference to undeclared input variable");
  });

  test("fails on a machine that is not fit, before anything happens, with how to mend it", async () => {
    const { code, output } = await project.run(["up"]);
    expect(code).toBe(1);
    expect(output).toMatch(/^docker +problem +The daemon does not answer: it says nothing\.$/m);
    expect(output).toContain("How to mend it");
    expect(output).toContain("Nothing was started. All that was looked at: make lab-doctor.");
    expect(existsSync(project.secrets)).toBe(false);
  });
});
