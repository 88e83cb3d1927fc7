import { join, resolve } from "node:path";

import { readLab } from "../../../tools/lab/lab";
import { readFakes } from "../../../tools/offline/settings";
import { type OfflineServer, startOfflineServer } from "../../../tools/offline/start";
import { describeWithTerraform } from "../../support/terraform";
import { LabProject, type LabRun } from "./project";

const ROOT = resolve(__dirname, "../../..");

/** Every layer is planned and applied, some of them twice. */
const MINUTES_5 = 300_000;

/** PostgreSQL does not run as root, and a layer refuses it: where tests run as root, files are said to be another user's. */
const OWNER: Record<string, string> = process.getuid?.() === 0 ? { TF_VAR_secrets_owner: "1000:1000" } : {};

/** The end of what a command said that failed. */
const problem = ({ code, output }: LabRun) => (code === 0 ? "" : output.slice(-3000));

/** `lab up` with the lab's own layers and Terraform itself; providers, Docker and GitLab are not real. */
describeWithTerraform("the lab as a whole", () => {
  const { layers } = readLab(join(ROOT, "cdktf.out"));
  let server: OfflineServer;
  let project: LabProject;
  beforeAll(async () => {
    server = await startOfflineServer({ schemas: join(ROOT, "schemas"), fakes: readFakes(ROOT, "lab") });
    project = await LabProject.whole();
  }, MINUTES_5);
  afterAll(async () => {
    await project.stop();
    await server.stop();
  });

  const run = (args: readonly string[]) => project.run(args, { env: { ...server.env, ...OWNER } });

  test(
    "THEN it comes up with what lab-up gives it, goes down without its volumes, and comes back",
    async () => {
      // WHEN
      const up = await run(project.upArguments());

      // THEN
      expect(problem(up)).toBe("");
      expect(up.output.match(/^\[\d+\/\d+\] \S+/gm)).toEqual(
        layers.map(({ name }, index) => `[${index + 1}/${layers.length}] ${name}`),
      );
      expect(layers.map(({ name }) => [name, Object.keys(project.state(name)).length > 0])).toEqual(
        layers.map(({ name }) => [name, true]),
      );

      // WHEN
      const volumes = () =>
        layers.flatMap(({ name }) =>
          Object.keys(project.state(name)).filter((each) => each.startsWith("docker_volume.")),
        );
      const before = volumes();
      const down = await run(["down"]);

      // THEN
      expect(problem(down)).toBe("");
      expect(before.length).toBeGreaterThan(0);
      expect(volumes()).toEqual(before);
      expect(
        layers.flatMap(({ name }) =>
          Object.keys(project.state(name)).filter((each) => each.startsWith("docker_container.")),
        ),
      ).toEqual([]);

      // WHEN
      const again = await run(project.upArguments());

      // THEN
      expect(problem(again)).toBe("");
    },
    MINUTES_5,
  );

  test("fails for what the lab's own inputs refuse, before the first layer", async () => {
    const { code, output } = await run(project.upArguments("--extra", "vllm"));
    expect(code).toBe(1);
    expect(output).toMatch(/^Nothing was started:\n {2}- /);
  });
});
