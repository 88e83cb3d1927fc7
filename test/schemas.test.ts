import { existsSync } from "node:fs";
import { join } from "node:path";

import { schemaFiles } from "../tools/offline/schemas";
import { compareUsage, usedTypes } from "../tools/offline/usage";

const ROOT = join(__dirname, "..");

const HOW_TO_MEND =
  "schemas/ does not fit cdktf.out/. Run `make schemas` (without a Terraform registry: `make schemas SCHEMAS_FROM=<folder of *.json.gz>`).";

describe("schemas/", () => {
  test("holds exactly the types that cdktf.out/ uses", () => {
    // GIVEN
    const used = usedTypes(join(ROOT, "cdktf.out"));
    const folder = join(ROOT, "schemas");

    // WHEN
    const differences = compareUsage(used, existsSync(folder) ? schemaFiles(folder) : []);

    // THEN
    expect(differences.length === 0 ? [] : [HOW_TO_MEND, ...differences]).toEqual([]);
  });
});
