import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "./support/layers";
import { ENVIRONMENTS } from "./support/repository";
import { describeWithTerraform } from "./support/terraform";

describeWithTerraform("every layer through the real Terraform, offline", () => {
  let outdir: string;
  const node = (...args: string[]) =>
    spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, CDKTF_OUTDIR: outdir },
      // A whole environment's plans are longer than Node's default of 1 MiB.
      maxBuffer: 64 * 2 ** 20,
    });

  beforeAll(() => {
    outdir = path.join(temporaryFolder(), "cdktf.out");
    const { status, stderr } = node("tools/start.mjs", "main.ts");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test.each(ENVIRONMENTS)(
    "GIVEN %s as it is synthesized THEN each layer is planned and applied in order, and a second plan is empty",
    (environment) => {
      const { status, stdout, stderr } = node(
        "--import",
        "tsx",
        "tools/offline/cli.ts",
        "plan",
        environment,
        "--out",
        outdir,
      );

      expect(`${status}\n${stderr}\n${status === 0 ? "" : stdout}`.trim()).toBe("0");
      const layers = fs.readdirSync(path.join(outdir, "stacks")).filter((name) => name.startsWith(environment));
      for (const layer of layers) {
        expect(stdout).toMatch(new RegExp(`^${layer} +\\d+ +ok `, "m"));
      }
    },
  );
});
