import { wholeNumberProblems } from "../../../constructs/core/problems";

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
