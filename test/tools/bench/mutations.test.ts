import { mutations } from "../../../tools/bench/mutations";

describe("mutations", () => {
  const json = {
    "//": { metadata: {} },
    resource: {
      aws_vpc: {
        network: {
          "//": { metadata: { path: "x" } },
          cidr_block: "10.0.0.0/24",
          tags: { Name: "x" },
          filter: [{ name: "a" }],
        },
      },
    },
    variable: { size: { type: "number", default: { free: 1 } } },
  };
  const all = [...mutations(json)];

  test("GIVEN a configuration THEN each key of each block is renamed once; comments, free maps and defaults are not entered", () => {
    expect(all.map(({ path }) => path)).toEqual([
      "resource.aws_vpc.network.cidr_block",
      "resource.aws_vpc.network.tags",
      "resource.aws_vpc.network.filter",
      "resource.aws_vpc.network.filter.0.name",
      "variable.size.type",
      "variable.size.default",
    ]);
  });

  test("WHEN a key is renamed THEN nothing else changes, and the original stays", () => {
    expect(all[3]?.json).toEqual({
      ...json,
      resource: {
        aws_vpc: { network: { ...json.resource.aws_vpc.network, filter: [{ name_x: "a" }] } },
      },
    });
    expect(json.resource.aws_vpc.network.filter).toEqual([{ name: "a" }]);
  });
});
