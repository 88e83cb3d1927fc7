import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { synthesize } from "../../../constructs/core/synthesize";
import lab from "../../../environments/lab";
import { type Scenario, SCENARIO_NAMES } from "../../../environments/lab/catalogue";
import { type LabSettings, SETTINGS } from "../../../environments/lab/settings";
import { runLayers } from "../../../tools/offline/layers";
import { temporaryFolder } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const ROOT = path.resolve(__dirname, "../../..");

interface Offline {
  layers: Record<string, { inputs: Record<string, unknown> }>;
}

/** A folder with the lab's values for offline plans, and a scenario chosen in lab-platform besides. */
function offlineValues(scenario: Scenario): string {
  const root = temporaryFolder();
  const file = path.join("environments", "lab", "offline.yaml");
  const values = parse(fs.readFileSync(path.join(ROOT, file), "utf8")) as Offline;
  values.layers ??= {};
  const platform = (values.layers["lab-platform"] ??= { inputs: {} });
  platform.inputs = { ...platform.inputs, scenario };
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), stringify(values));
  return root;
}

/** Synthesizes the lab, and plans, applies and plans again every layer in order: what Terraform thinks of each. */
async function apply(scenario: Scenario, settings: LabSettings = SETTINGS) {
  const out = path.join(temporaryFolder(), "cdktf.out");
  const load = () => Promise.resolve({ default: (app: Parameters<typeof lab>[0]) => lab(app, settings) });
  await synthesize({ lab: load }, { outdir: out });
  const results = await runLayers({
    command: "plan",
    environment: "lab",
    root: offlineValues(scenario),
    out,
    schemas: path.join(ROOT, "schemas"),
    showPlan: false,
    colour: false,
    report: () => {},
  });
  return results.map(({ layer, verdict, text }) => [layer, verdict, verdict === "ok" ? "" : text]);
}

const ALL_OK = ["services", "bootstrap", "forge", "cluster", "platform", "security", "data", "genai", "streaming"].map(
  (name) => [`lab-${name}`, "ok", ""],
);

describeWithTerraform("the lab in every scenario", () => {
  test.each(SCENARIO_NAMES)(
    "GIVEN the scenario %s WHEN it is planned and applied offline THEN Terraform takes every layer, and a second plan is empty",
    async (scenario) => {
      expect(await apply(scenario)).toEqual(ALL_OK);
    },
    300_000,
  );

  test("GIVEN charts that Terraform applies itself, and Calico, THEN it takes every layer too", async () => {
    expect(await apply("data-serve", { ...SETTINGS, delivery: "helm", cni: "calico" })).toEqual(ALL_OK);
  }, 300_000);
});
