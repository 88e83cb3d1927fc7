import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { changeChoice, readChoice, writeChoice } from "../../../tools/lab/choice";
import { readLab, type Lab } from "../../../tools/lab/lab";
import { Secrets } from "../../../tools/lab/secrets";
import { messageOf, temporaryFolder } from "../../support/layers";

const layer = { name: "lab-services", description: "x", directory: "stacks/lab-services", inputs: [], files: {} };

describe("what synth wrote of the lab", () => {
  const read = (content: unknown): Lab => {
    const out = temporaryFolder();
    writeFileSync(join(out, "socle.json"), JSON.stringify(content));
    return readLab(out);
  };

  test("THEN layers are in their order, and an environment without repositories or scenarios has none", () => {
    const lab = read({
      environments: [
        { name: "kauri-aws", layers: [] },
        { name: "lab", layers: [layer] },
      ],
    });
    expect(lab).toEqual({ layers: [layer], repositories: [], scenarios: {} });
  });

  test("fails where nothing was synthesized, or not the lab, or with another shape", async () => {
    expect(await messageOf(() => readLab("/nowhere"))).toBe(
      "/nowhere/socle.json was not found: run `make synth` first.",
    );
    expect(await messageOf(() => read({ environments: [] }))).toMatch(
      /has no environment "lab": run `make synth` without ENV, or with ENV=lab\.$/,
    );
    expect(await messageOf(() => read({ environments: [{ name: "lab" }] }))).toMatch(
      /does not have the expected shape: run `make synth` again\.\n {2}- environments\.0\.layers: /,
    );
  });
});

describe("the choice", () => {
  const nodes = {
    nodeType: "x",
    nodeCount: 1,
    rows: [],
    available: { cpuMillis: 1, memoryMib: 1 },
    requested: { cpuMillis: 0, memoryMib: 0 },
  };
  const lab: Lab = { layers: [], repositories: [], scenarios: { "etl-minimal": nodes, genai: nodes } };

  test("GIVEN nothing said THEN what was remembered stays; GIVEN something THEN that alone changes", () => {
    const secrets = new Secrets(temporaryFolder());
    expect(readChoice(secrets)).toEqual({ extraComponents: [], gpu: false });
    writeChoice(secrets, { scenario: "genai", extraComponents: ["zot"], gpu: true });
    const remembered = readChoice(secrets);
    expect(changeChoice(lab, remembered, {})).toEqual({ scenario: "genai", extraComponents: ["zot"], gpu: true });
    expect(changeChoice(lab, remembered, { gpu: false, extraComponents: [] })).toEqual({
      scenario: "genai",
      extraComponents: [],
      gpu: false,
    });
  });

  test("fails for a remembered scenario that there is no longer", () => {
    expect(() => changeChoice(lab, { scenario: "all", extraComponents: [], gpu: false }, {})).toThrow(
      'Unknown scenario "all". There are etl-minimal, genai: make lab-up SCENARIO=etl-minimal',
    );
  });

  test("fails for a file that somebody has spoilt", async () => {
    const secrets = new Secrets(temporaryFolder());
    secrets.write("choice.json", "{");
    expect(await messageOf(() => readChoice(secrets))).toMatch(
      /choice\.json cannot be read: delete it, and say SCENARIO= again\.$/,
    );
  });
});
