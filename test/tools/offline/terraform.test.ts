import { chmodSync, realpathSync } from "node:fs";
import { join } from "node:path";

import {
  cleanEnvironment,
  diagnosticsOf,
  plannedResources,
  renderDiagnostic,
  runTerraform,
  terraformBinary,
  type TerraformDiagnostic,
  terraformProblem,
} from "../../../tools/offline/terraform";
import { describeWithTerraform } from "../../support/terraform";
import { Folder } from "./support";

const before = { ...process.env };
let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  process.env = { ...before };
  folder.dispose();
});

/** Names a shell script as the Terraform of this test. */
function pretend(script: string): string {
  const binary = join(folder.path, "terraform");
  folder.write("terraform", `#!/bin/sh\n${script}\n`);
  chmodSync(binary, 0o755);
  process.env["TERRAFORM_BINARY_NAME"] = binary;
  return binary;
}

const ACCEPTED = "Install Terraform or OpenTofu 1.11 or later, or name it in TERRAFORM_BINARY_NAME.";

describe("terraformBinary", () => {
  test.each([
    [undefined, "terraform"],
    ["", "terraform"],
    ["tofu", "tofu"],
  ])("GIVEN TERRAFORM_BINARY_NAME %p THEN it is %s", (name, binary) => {
    delete process.env["TERRAFORM_BINARY_NAME"];
    Object.assign(process.env, name === undefined ? {} : { TERRAFORM_BINARY_NAME: name });

    expect(terraformBinary()).toBe(binary);
  });
});

describe("terraformProblem", () => {
  const version = (text: string) => pretend(`echo '{"terraform_version": "${text}"}'`);

  test.each(["1.11.0", "1.11.0-beta1", "1.12.3", "2.0.0"])("GIVEN version %s THEN there is none", (text) => {
    version(text);

    expect(terraformProblem()).toBeUndefined();
  });

  test.each(["1.10.9", "0.15.5"])("fails for version %s, saying which is accepted", (text) => {
    const binary = version(text);

    expect(terraformProblem()).toBe(`${binary} has version ${text}. ${ACCEPTED}`);
  });

  test("fails for a program that is not there", () => {
    process.env["TERRAFORM_BINARY_NAME"] = "no-such-terraform";

    expect(terraformProblem()).toBe(`no-such-terraform was not found. ${ACCEPTED}`);
  });

  test("fails for a program that is there and does not work, with what it says", () => {
    const binary = pretend('echo "no such architecture" >&2; exit 3');

    expect(terraformProblem()).toBe(
      `\`${binary} version -json\` ended with exit code 3 (no such architecture). ${ACCEPTED}`,
    );
  });

  test("fails for a program that prints something else", () => {
    const binary = pretend("echo Terraform v1.11.4");

    expect(terraformProblem()).toMatch(`\`${binary} version -json\` did not print JSON (`);
    expect(terraformProblem()).toMatch(ACCEPTED);
  });
});

describe("runTerraform", () => {
  test("GIVEN arguments, a folder and an environment THEN the program has these, and its output comes apart", async () => {
    pretend('echo "$@ $WORD"; pwd >&2');

    expect(await runTerraform(folder.path, ["plan", "-json"], { ...process.env, WORD: "hello" })).toEqual({
      code: 0,
      stdout: "plan -json hello\n",
      stderr: `${realpathSync(folder.path)}\n`,
    });
  });

  test.each([
    ["its exit code", "exit 2", 2],
    ["1 where a signal ended it", "kill -9 $$", 1],
  ])("fails with %s, without throwing", async (_what, script, code) => {
    pretend(script);

    expect((await runTerraform(folder.path, [], process.env)).code).toBe(code);
  });

  test("fails for a program that is not there", async () => {
    process.env["TERRAFORM_BINARY_NAME"] = "no-such-terraform";

    await expect(runTerraform(folder.path, [], process.env)).rejects.toThrow("spawn no-such-terraform ENOENT");
  });
});

describe("cleanEnvironment", () => {
  test("GIVEN variables of Terraform's THEN only logging, the server's own and batch mode are left", () => {
    process.env = {
      PATH: "/bin",
      TF_VAR_region: "mars",
      TF_WORKSPACE: "other",
      TF_CLI_ARGS_plan: "-destroy",
      TF_LOG: "debug",
      TF_LOG_PATH: "log",
      TF_CLI_CONFIG_FILE: "theirs",
      TF_INPUT: "1",
    };

    expect(cleanEnvironment({ TF_CLI_CONFIG_FILE: "ours" })).toEqual({
      PATH: "/bin",
      TF_LOG: "debug",
      TF_LOG_PATH: "log",
      TF_CLI_CONFIG_FILE: "ours",
      TF_IN_AUTOMATION: "1",
      TF_INPUT: "0",
    });
  });
});

const lines = (...messages: object[]) => messages.map((message) => `${JSON.stringify(message)}\n`).join("");

describe("diagnosticsOf", () => {
  const error: TerraformDiagnostic = { severity: "error", summary: "Wrong", detail: "Not right." };

  test("GIVEN the output of validate THEN its one document is read", () => {
    expect(diagnosticsOf(JSON.stringify({ valid: false, diagnostics: [error] }, null, 2))).toEqual([error]);
  });

  test("GIVEN the output of plan THEN the diagnostics among its lines are read", () => {
    const stdout = `${lines({ type: "version" }, { type: "diagnostic", diagnostic: error })}not JSON\n`;

    expect(diagnosticsOf(stdout)).toEqual([error]);
  });

  test("GIVEN no output THEN there is none", () => {
    expect(diagnosticsOf("")).toEqual([]);
  });
});

describe("plannedResources", () => {
  const planned = (addr: string) => ({ type: "planned_change", change: { resource: { addr } } });

  test.each([
    "aws_vpc.network",
    'aws_subnet.a["data.x"]',
    "aws_ebs_volume.data",
    "module.network.aws_vpc.main",
    'module.data["a.b"].aws_vpc.main',
  ])("GIVEN %s THEN it is counted", (address) => {
    expect(plannedResources(lines(planned(address)))).toBe(1);
  });

  test.each([
    "data.aws_ami.server",
    'data.aws_ami.server["a.b"]',
    "module.network.data.aws_ami.server",
    'module.network["a.b"].module.inner[0].data.aws_ami.server',
  ])("GIVEN %s THEN it is not, since it is only read", (address) => {
    expect(plannedResources(lines(planned(address)))).toBe(0);
  });

  test("GIVEN other lines THEN only planned changes count", () => {
    const change = { resource: { addr: "aws_vpc.a" } };
    const stdout = lines({ type: "resource_drift", change }, { type: "change_summary" }, planned("aws_vpc.a"));

    expect(plannedResources(stdout)).toBe(1);
  });
});

describeWithTerraform("a plan of the real Terraform", () => {
  test("GIVEN managed resources and a data source that is read late THEN only the former are counted", async () => {
    folder.write("main.tf.json", {
      resource: { terraform_data: { data: { input: "x" }, other: { count: 2 } } },
      data: {
        terraform_remote_state: {
          late: { backend: "local", config: { path: "${terraform_data.data.id}" } },
        },
      },
    });
    const environment = cleanEnvironment({ CHECKPOINT_DISABLE: "1" });
    await runTerraform(folder.path, ["init"], environment);

    const { code, stdout } = await runTerraform(folder.path, ["plan", "-json"], environment);

    expect(code).toBe(0);
    expect(stdout).toContain("data.terraform_remote_state.late");
    expect(plannedResources(stdout)).toBe(3);
  });
});

describe("renderDiagnostic", () => {
  const constructs: Readonly<Record<string, string>> = { "aws_vpc.main": "demo/network/vpc" };
  const render = (diagnostic: TerraformDiagnostic) => renderDiagnostic(diagnostic, (address) => constructs[address]);

  test("GIVEN all of it THEN place, code, construct and detail come in Terraform's order", () => {
    const text = render({
      severity: "error",
      summary: "Unsupported argument",
      detail: "Not expected here.",
      address: "aws_vpc.main",
      range: { filename: "cdk.tf.json", start: { line: 7 } },
      snippet: { context: "resource.aws_vpc.main", code: '"cidr": 1,\n"x": 2', start_line: 7 },
    });

    expect(text.split("\n")).toEqual([
      "Error: Unsupported argument",
      "",
      "  on cdk.tf.json line 7, in resource.aws_vpc.main:",
      '  7: "cidr": 1,',
      '  8: "x": 2',
      "  construct: demo/network/vpc",
      "",
      "Not expected here.",
      "",
    ]);
  });

  test("GIVEN an address without a place THEN the address stands there", () => {
    expect(render({ severity: "warning", summary: "Deprecated", address: "aws_eip.x" }).split("\n")).toEqual([
      "Warning: Deprecated",
      "",
      "  with aws_eip.x",
      "",
    ]);
  });

  test("GIVEN a snippet that names the construct THEN that is looked up where there is no address", () => {
    const snippet = { context: "aws_vpc.main", code: "x", start_line: 1 };

    expect(render({ severity: "error", summary: "Wrong", snippet })).toContain("\n  construct: demo/network/vpc\n");
  });

  test("GIVEN a summary alone THEN nothing is made up", () => {
    expect(render({ severity: "error", summary: "No" })).toBe("Error: No\n");
  });
});
