import { portProblems, wholeNumberProblems } from "../../../constructs/core/problems";

describe("wholeNumberProblems", () => {
  test("GIVEN whole numbers from 1 on THEN there is none", () => {
    expect(wholeNumberProblems({ retentionDays: 1, volumeGib: 10 })).toEqual([]);
  });

  test("fails for each number that is not one, by its name", () => {
    expect(wholeNumberProblems({ retentionDays: 0, replicas: 2, volumeGib: 1.5, "archive.days": NaN })).toEqual([
      "retentionDays is 0: use a whole number from 1 on",
      "volumeGib is 1.5: use a whole number from 1 on",
      "archive.days is NaN: use a whole number from 1 on",
    ]);
  });
});

describe("portProblems", () => {
  test.each([1, 443, 65535])("GIVEN the port %d THEN there is none", (port) => {
    expect(portProblems(port)).toEqual([]);
  });

  test.each([0, 65536, 80.5, NaN])("fails for %d", (port) => {
    expect(portProblems(port)).toEqual([`port ${port} is not between 1 and 65535`]);
  });
});
