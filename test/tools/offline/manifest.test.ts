import { join } from "node:path";

import { OfflineError } from "../../../tools/offline/errors";
import { readEnvironments } from "../../../tools/offline/manifest";
import { NETWORK, Project, SERVERS } from "./project";
import { Folder } from "./support";

const NETWORK_LAYER = {
  name: "demo-network",
  directory: "stacks/demo-network",
  reads: [],
  inputs: [{ name: "cidr", type: "string", required: true }],
};
const SERVERS_LAYER = {
  name: "demo-servers",
  directory: "stacks/demo-servers",
  reads: ["demo-network"],
  inputs: [],
};

describe("readEnvironments", () => {
  let project: Project;
  let out: string;
  beforeEach(() => {
    project = new Project({ demo: [NETWORK, SERVERS], lab: [] });
    out = join(project.path, "cdktf.out");
  });
  afterEach(() => project.dispose());

  test("GIVEN what synth wrote THEN all environments come, their layers in apply order", () => {
    expect(readEnvironments(out)).toEqual([
      { name: "demo", layers: [NETWORK_LAYER, SERVERS_LAYER] },
      { name: "lab", layers: [] },
    ]);
  });

  test("GIVEN one name THEN only that environment comes", () => {
    expect(readEnvironments(out, "lab")).toEqual([{ name: "lab", layers: [] }]);
  });

  test("GIVEN keys that are for other readers THEN they are left out", () => {
    project.write("cdktf.out/socle.json", { version: 1, environments: [{ name: "demo", layers: [], capacity: {} }] });

    expect(readEnvironments(out)).toEqual([{ name: "demo", layers: [] }]);
  });

  test("fails for an environment that is not there, naming those that are", () => {
    expect(() => readEnvironments(out, "prod")).toThrow(
      new OfflineError('Unknown environment "prod". Known: demo, lab.'),
    );
  });

  test("fails before the first synth", () => {
    const folder = new Folder();
    const act = () => readEnvironments(folder.path);
    expect(act).toThrow(OfflineError);
    expect(act).toThrow("socle.json was not found: run `make synth` first, or name its folder with --out.");
    folder.dispose();
  });

  test("fails for another shape, naming each place where it differs", () => {
    project.write("cdktf.out/socle.json", { environments: [{ name: 1, layers: [{ ...NETWORK_LAYER, reads: "x" }] }] });

    expect(() => readEnvironments(out)).toThrow(
      new OfflineError(`${join(out, "socle.json")} does not have the expected shape: run \`make synth\` again.`, [
        "environments.0.name: Invalid input: expected string, received number",
        "environments.0.layers.0.reads: Invalid input: expected array, received string",
      ]),
    );
  });

  test("fails for a file that is broken off, without a stack trace", () => {
    project.write("cdktf.out/socle.json", '{"environments": [');

    const act = () => readEnvironments(out);
    expect(act).toThrow(OfflineError);
    expect(act).toThrow(/socle\.json is not JSON: .*\. Run `make synth` again\.$/);
  });
});
