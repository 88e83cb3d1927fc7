import { PRODUCTION, SETTINGS } from "../../../../environments/viridial-staging/settings";
import { synthesizeData, valuesOf } from "../../../support/viridial-data";

describe("the search index of viridial-staging-data", () => {
  test("GIVEN a profile THEN its volume and its memory go by it", () => {
    const sizes = (settings: typeof SETTINGS) => {
      const { persistence, resources } = valuesOf(synthesizeData(settings).json, "meilisearch") as {
        persistence: { size: string };
        resources: { limits: { memory: string } };
      };
      return [persistence.size, resources.limits.memory];
    };
    expect([sizes(SETTINGS), sizes(PRODUCTION)]).toEqual([
      ["10Gi", "768Mi"],
      ["40Gi", "2048Mi"],
    ]);
  });
});
