import { join } from "node:path";

import { describeWithTerraform } from "../../support/terraform";
import { NETWORK, Project } from "./project";
import { FIXTURE_SCHEMAS, run, type Finished } from "./support";

const START = join(__dirname, "../../../tools/start.mjs");

describeWithTerraform("the offline command", () => {
  let project: Project;
  beforeEach(() => {
    project = new Project({ demo: [NETWORK] });
    project.write("environments/demo/offline.yaml", "inputs: { cidr: 10.0.0.0/16 }");
  });
  afterEach(() => project.dispose());

  const offline = (...args: string[]): Promise<Finished> =>
    run(process.execPath, [START, "tools/offline/cli.ts", ...args], {
      cwd: project.path,
      // As in a shell: the tests' own server is not there.
      env: { TF_REATTACH_PROVIDERS: undefined, TF_CLI_CONFIG_FILE: undefined },
    });

  test("plan ENV prints Terraform's plan, a table and what cannot be seen", async () => {
    // WHEN
    const { code, stdout } = await offline("plan", "demo", "--schemas", FIXTURE_SCHEMAS);

    // THEN
    expect(stdout).toContain("== demo-network: ok\n");
    expect(stdout).toContain("Plan: 1 to add, 0 to change, 0 to destroy.");
    expect(stdout).toMatch(/\nlayer {9}resources {2}verdict {2}seconds\ndemo-network {2}1 {10}ok {7}\d+\.\d\n/);
    expect(stdout).toContain("Not seen offline: value lists, ranges, formats");
    // No colour codes where nobody looks at a terminal.
    expect(stdout).not.toContain("\u001b");
    expect(code).toBe(0);
  });

  test("validate fails with the exit code 1 when a layer does", async () => {
    // GIVEN
    project.write("cdktf.out/stacks/demo-network/cdk.tf.json", { resource: { aws_vpc: { v: { cidr: 1 } } } });

    // WHEN
    const { code, stdout } = await offline("validate", "--schemas", FIXTURE_SCHEMAS);

    // THEN
    expect(stdout).toMatch(/\ndemo-network {2}- {10}failed {3}\d+\.\d\n/);
    expect(code).toBe(1);
  });

  test("fails on an unknown environment without a stack trace", async () => {
    const { code, text } = await offline("plan", "lab", "--schemas", FIXTURE_SCHEMAS);
    expect(text.trim()).toBe('Unknown environment "lab". Known: demo.');
    expect(code).toBe(1);
  });

  test("run makes Terraform offline for any command and passes its exit code on", async () => {
    // GIVEN
    project.write("main.tf.json", { resource: { random_pet: { p: {} } } });

    // WHEN
    const { code, text } = await offline(
      ...["run", "--schemas", FIXTURE_SCHEMAS, "--"],
      ...["sh", "-c", "terraform init >/dev/null && terraform providers schema -json | head -c 24; exit 7"],
    );

    // THEN
    expect(text).toContain('{"format_version":"1.0",');
    expect(code).toBe(7);
  });

  test("run says which command could not be started", async () => {
    const { code, text } = await offline("run", "--schemas", FIXTURE_SCHEMAS, "--", "no-such-command");
    expect(text.trim()).toBe("no-such-command could not be started: spawn no-such-command ENOENT");
    expect(code).toBe(1);
  });
});
