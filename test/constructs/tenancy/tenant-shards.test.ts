import fc from "fast-check";
import { shardName, shardOf } from "../../../constructs/tenancy/tenant-shards";

describe("shardOf", () => {
  test.each([
    ["agence-du-lac", 3, 27],
    ["immo-horizon", 1, 1],
    ["villa-conseil", 2, 18],
  ])("GIVEN %s THEN its shard is the same for ever: %i of 4, %i of 32", (id, ofFour, ofThirtyTwo) => {
    expect([shardOf(id, 4), shardOf(id, 32), shardOf(id, 1)]).toEqual([ofFour, ofThirtyTwo, 0]);
  });

  test("GIVEN any ids THEN no shard has far more than its share", () => {
    const ids = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{5,29}[a-z0-9]$/), { minLength: 400, maxLength: 600 });
    fc.assert(
      fc.property(ids, (some) => {
        const counts = Array.from({ length: 4 }, (_, shard) => some.filter((id) => shardOf(id, 4) === shard).length);
        expect(Math.max(...counts)).toBeLessThan((some.length / 4) * 1.5);
        expect(counts.reduce((sum, each) => sum + each)).toBe(some.length);
      }),
      { numRuns: 20 },
    );
  });
});

describe("shardName", () => {
  test("THEN names sort as numbers do", () => {
    expect([0, 7, 31].map(shardName)).toEqual(["00", "07", "31"]);
  });
});
