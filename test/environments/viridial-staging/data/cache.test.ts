import { PRODUCTION, SETTINGS } from "../../../../environments/viridial-staging/settings";
import { synthesizeData, valuesOf } from "../../../support/viridial-data";

describe("the cache of viridial-staging-data", () => {
  test("GIVEN staging THEN it holds 192 MiB; GIVEN production THEN a gigabyte", () => {
    const first = (settings: typeof SETTINGS) =>
      (valuesOf(synthesizeData(settings).json, "valkey")["valkeyConfig"] as string).split("\n")[0];
    expect([first(SETTINGS), first(PRODUCTION)]).toEqual(["maxmemory 192mb", "maxmemory 1024mb"]);
  });
});
