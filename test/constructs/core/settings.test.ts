import { z } from "zod";
import { SocleError } from "../../../constructs/core/error";
import { checkSettings } from "../../../constructs/core/settings";

const SCHEMA = z.strictObject({
  size: z.number().int(),
  region: z.enum(["eu-west-1", "eu-west-3"]).default("eu-west-1"),
  disks: z.array(z.strictObject({ gib: z.number().min(8) })),
});

const problemsOf = (settings: unknown): readonly string[] => {
  try {
    checkSettings("kauri-aws", SCHEMA, settings);
  } catch (error) {
    expect(error).toBeInstanceOf(SocleError);
    expect((error as SocleError).where).toBe("settings of kauri-aws");
    return (error as SocleError).problems;
  }
  return [];
};

describe("checkSettings", () => {
  test("GIVEN good settings WHEN they are checked THEN they come back with their defaults", () => {
    expect(checkSettings("kauri-aws", SCHEMA, { size: 1, disks: [{ gib: 8 }] })).toEqual({
      size: 1,
      region: "eu-west-1",
      disks: [{ gib: 8 }],
    });
  });

  test("fails for every bad key at once, naming the key, the value found and what is accepted", () => {
    expect(problemsOf({ size: "big", region: "mars", disks: [{ gib: 8 }, { gib: 7 }] })).toEqual([
      'size is "big": Invalid input: expected number, received string',
      'region is "mars": Invalid option: expected one of "eu-west-1"|"eu-west-3"',
      "disks.1.gib is 7: Too small: expected number to be >=8",
    ]);
  });

  test("fails for a missing key", () => {
    expect(problemsOf({ disks: [] })).toEqual(["size is missing: Invalid input: expected number, received undefined"]);
  });

  test("fails for a key that the schema does not know", () => {
    expect(problemsOf({ size: 1, disks: [], sise: 2 })).toEqual([
      '(all) is {"size":1,"disks":[],"sise":2}: Unrecognized key: "sise"',
    ]);
  });

  test("fails for settings that are no object", () => {
    expect(problemsOf(undefined)).toEqual(["(all) is missing: Invalid input: expected object, received undefined"]);
  });
});
