import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Fn, TerraformLocal, TerraformOutput, TerraformVariable } from "cdktf";
import { parse } from "yaml";
import {
  assertUserDataFits,
  type CloudConfig,
  knownBytes,
  renderCloudConfig,
  shellAssignments,
  userDataFits,
} from "../../../constructs/compute/cloud-config";
import { synthesizeLayer } from "../../support/construct";
import { describeWithProgram } from "../../support/programs";
import { describeWithTerraform } from "../../support/terraform";

const SCRIPT = '#!/bin/bash\necho "${HOME}" %{x} $PATH\n';
const CONFIG: CloudConfig = {
  timezone: "UTC",
  packages: ["jq"],
  write_files: [{ path: "/usr/local/sbin/x", content: SCRIPT, permissions: "0755" }],
  runcmd: [["systemctl", "start", "x"]],
};

describe("renderCloudConfig", () => {
  test("GIVEN data THEN it is YAML under cloud-init's header, and the same data again once Terraform has unescaped it", () => {
    const text = renderCloudConfig(CONFIG);

    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(parse(text.replace(/([$%])\1\{/g, "$1{"))).toEqual(CONFIG);
  });

  test("GIVEN a script THEN it stands in the text line by line, what Terraform would read being escaped", () => {
    expect(renderCloudConfig(CONFIG)).toContain(
      '    content: |\n      #!/bin/bash\n      echo "$${HOME}" %%{x} $PATH\n',
    );
  });

  test("GIVEN a token THEN Terraform fills it in", () => {
    const { json } = synthesizeLayer((layer) => {
      const zone = new TerraformVariable(layer, "zone", { type: "string", description: "Zone" });
      new TerraformOutput(layer, "text", {
        value: renderCloudConfig({ timezone: zone.stringValue }),
        description: "Text",
      });
    });

    expect(json.output?.["text"]).toMatchObject({ value: "#cloud-config\ntimezone: ${var.zone}\n" });
  });

  test("GIVEN a long line THEN it is not folded", () => {
    const long = `${"word ".repeat(60)}end`;
    expect(renderCloudConfig({ runcmd: [["echo", long]] })).toContain(long);
  });

  describeWithTerraform("through the real Terraform", () => {
    test("GIVEN scripts with ${ and %{ THEN the machine gets them as they were written", () => {
      const text = renderCloudConfig(CONFIG);
      const written = text.replace("$${HOME}", "${HOME}").replace("%%{x}", "%{x}");

      expect(written).not.toBe(text);
      expect(evaluated(text, (reference) => Fn.sha256(reference))).toBe(
        createHash("sha256").update(written).digest("hex"),
      );
    });
  });

  describeWithProgram("cloud-init", "the real cloud-init schema", () => {
    const check = (text: string) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-cloud-init-"));
      try {
        fs.writeFileSync(path.join(folder, "user-data"), text);
        return spawnSync("cloud-init", ["schema", "--config-file", path.join(folder, "user-data")], {
          encoding: "utf8",
        });
      } finally {
        fs.rmSync(folder, { recursive: true });
      }
    };

    test("GIVEN what is rendered THEN it is valid", () => {
      expect(check(renderCloudConfig(CONFIG)).stdout).toMatch(/Valid/);
    });

    test("fails for a key of the wrong type", () => {
      const broken = { ...CONFIG, runcmd: { start: "x" } } as unknown as CloudConfig;
      expect(check(renderCloudConfig(broken)).status).not.toBe(0);
    });
  });
});

describe("shellAssignments", () => {
  test("GIVEN values THEN each is a quoted assignment on a line of its own", () => {
    expect(shellAssignments({ A: "1", B: "two words" })).toBe("A='1'\nB='two words'\n");
  });
});

describe("the size of user data", () => {
  test("GIVEN umlauts and escapes THEN bytes are counted as the machine gets them", () => {
    expect(knownBytes("é")).toBe(2);
    expect(knownBytes("$${x}")).toBe(4);
  });

  test("GIVEN a text of exactly the limit THEN it is accepted", () => {
    expect(() => assertUserDataFits("x", "a".repeat(16_384))).not.toThrow();
  });

  test("fails one byte above the limit, saying size and limit", () => {
    expect(() => assertUserDataFits("kauri-aws/server", "a".repeat(16_385))).toThrow(
      "kauri-aws/server: the user data has 16385 bytes before any input is added; at most 16384 fit",
    );
  });

  describeWithTerraform("the precondition, evaluated by Terraform", () => {
    const planned = (text: string, limit: number) =>
      evaluated(text, (reference) => userDataFits(reference, limit).condition as string);

    test.each([
      ["a", 10],
      ["é", 20],
      ["😀", 40],
    ])("GIVEN ten times %s THEN %d bytes fit and one less does not", (character, bytes) => {
      expect(planned(character.repeat(10), bytes)).toBe("true");
      expect(planned(character.repeat(10), bytes - 1)).toBe("false");
    });
  });
});

/** What Terraform makes of an expression about a text, which it knows as a local. */
function evaluated(text: string, expression: (reference: string) => string): string | undefined {
  const { json } = synthesizeLayer((layer) => {
    const local = new TerraformLocal(layer, "user_data", text);
    new TerraformOutput(layer, "result", { value: expression(local.asString), description: "Result" });
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "socle-user-data-"));
  try {
    fs.writeFileSync(
      path.join(folder, "main.tf.json"),
      JSON.stringify({ locals: json.locals, output: { result: json.output?.["result"] } }),
    );
    const { stdout } = spawnSync(
      process.env["TERRAFORM_BINARY_NAME"] ?? "terraform",
      ["plan", "-no-color", "-input=false"],
      { cwd: folder, encoding: "utf8" },
    );
    return /result = "?(\w+)/.exec(stdout)?.[1];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
