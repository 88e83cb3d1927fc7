import { join } from "node:path";

import { OfflineError } from "../../../tools/offline/errors";
import { type Environment } from "../../../tools/offline/manifest";
import { readFakes, readSettings } from "../../../tools/offline/settings";
import { Folder } from "./support";

const FILE = join("environments", "demo", "offline.yaml");

const input = (name: string, type: string, required: boolean) => ({ name, type, required });
const DEMO: Environment = {
  name: "demo",
  layers: [
    {
      name: "demo-network",
      directory: "stacks/demo-network",
      reads: [],
      inputs: [input("cidr", "string", true), input("region", "string", false)],
    },
    {
      name: "demo-servers",
      directory: "stacks/demo-servers",
      reads: ["demo-network"],
      inputs: [input("region", "string", false), input("keys", "list(string)", true)],
    },
  ],
};
const OPTIONAL: Environment = {
  name: "demo",
  layers: [{ name: "demo", directory: "stacks/demo", reads: [], inputs: [input("region", "string", false)] }],
};

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

const read = (environment: Environment, yaml?: string) => {
  if (yaml !== undefined) {
    folder.write(FILE, yaml);
  }
  return readSettings(folder.path, environment);
};

describe("readSettings", () => {
  test("GIVEN common inputs and those of a layer THEN each layer has those that it declares, its own first", () => {
    const { inputs, fakes } = read(
      DEMO,
      [
        "inputs: { cidr: 10.0.0.0/16, region: eu-west-1, keys: [ops] }",
        "layers: { demo-servers: { inputs: { region: eu-west-3 } } }",
        "fakes: { aws_vpc.arn: arn }",
      ].join("\n"),
    );

    expect([...inputs]).toEqual([
      ["demo-network", { cidr: "10.0.0.0/16", region: "eu-west-1" }],
      ["demo-servers", { region: "eu-west-3", keys: ["ops"] }],
    ]);
    expect(fakes).toEqual({ "aws_vpc.arn": "arn" });
  });

  test.each([
    ["no file", undefined],
    ["an empty file", ""],
    ["an empty layer", "layers: { demo: {} }"],
  ])("GIVEN %s and no required input THEN nothing is set", (_what, yaml) => {
    expect(read(OPTIONAL, yaml)).toEqual({ fakes: {}, inputs: new Map([["demo", {}]]) });
  });

  test("GIVEN null for a required input THEN it is a value: Terraform decides about it", () => {
    const { inputs } = read(DEMO, "inputs: { cidr: null, keys: [] }");

    expect(inputs.get("demo-network")).toEqual({ cidr: null });
  });

  test("fails without a file for each required input, naming layer and type", () => {
    expect(() => read(DEMO)).toThrow(
      new OfflineError(`${FILE}:`, [
        'Layer demo-network requires the input "cidr" (string): give it a value.',
        'Layer demo-servers requires the input "keys" (list(string)): give it a value.',
      ]),
    );
  });

  test("fails for every unknown layer and input at once", () => {
    const yaml = [
      "inputs: { cidr: 10.0.0.0/16, keys: [], sidr: x }",
      "layers: { demo-disks: {}, demo-network: { inputs: { keys: [] } } }",
    ].join("\n");

    expect(() => read(DEMO, yaml)).toThrow(
      new OfflineError(`${FILE}:`, [
        "layers.demo-disks: demo has no such layer. Known: demo-network, demo-servers.",
        "inputs.sidr: no layer of demo declares this input.",
        "layers.demo-network.inputs.keys: demo-network does not declare this input.",
      ]),
    );
  });

  test("fails for a required input that only another layer is given", () => {
    expect(() => read(DEMO, "inputs: { cidr: x }\nlayers: { demo-network: { inputs: { cidr: y } } }")).toThrow(
      new OfflineError(`${FILE}:`, ['Layer demo-servers requires the input "keys" (list(string)): give it a value.']),
    );
  });

  test("fails for other keys, naming each place", () => {
    expect(() => read(OPTIONAL, "input: {}\nlayers: { demo: { fakes: {} } }")).toThrow(
      new OfflineError(`${FILE}: expected the keys inputs, layers and fakes.`, [
        'layers.demo: Unrecognized key: "fakes"',
        'file: Unrecognized key: "input"',
      ]),
    );
  });

  test("fails for a list in place of the keys", () => {
    expect(() => read(OPTIONAL, "- inputs")).toThrow(
      new OfflineError(`${FILE}: expected the keys inputs, layers and fakes.`, [
        "file: Invalid input: expected object, received array",
      ]),
    );
  });

  test("fails for a file that is not YAML", () => {
    const act = () => read(OPTIONAL, "inputs: {");
    expect(act).toThrow(OfflineError);
    expect(act).toThrow(`${FILE} is not YAML: `);
  });
});

describe("readFakes", () => {
  test("GIVEN fakes THEN they come without a look at the inputs", () => {
    folder.write(FILE, "inputs: { nobody_declares_it: 1 }\nfakes: { http.status_code: 404 }");

    expect(readFakes(folder.path, "demo")).toEqual({ "http.status_code": 404 });
  });

  test("GIVEN no file THEN there are none", () => {
    expect(readFakes(folder.path, "demo")).toEqual({});
  });

  test("fails for fakes that are no map", () => {
    folder.write(FILE, "fakes: [http.status_code]");

    expect(() => readFakes(folder.path, "demo")).toThrow(
      new OfflineError(`${FILE}: expected the keys inputs, layers and fakes.`, [
        "fakes: Invalid input: expected record, received array",
      ]),
    );
  });
});
