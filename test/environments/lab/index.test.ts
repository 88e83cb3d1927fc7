import { Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import lab from "../../../environments/lab";
import { type LabSettings, SETTINGS } from "../../../environments/lab/settings";
import { withApp } from "../../support/construct";
import { jsonOf, messageOf } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

describe("lab", () => {
  const build = (settings: LabSettings = SETTINGS) => withApp((app) => lab(app, settings));

  test("GIVEN the settings as they are THEN its layers are in order, with their states beside cdktf.out/", () => {
    const { layers } = build();

    expect(layers.map(({ node }) => node.id)).toEqual(["lab-services"]);
    expect(layers.map((layer) => jsonOf(layer).terraform?.backend)).toEqual([
      { local: { path: "../../../.terraform-state/lab-services.tfstate" } },
    ]);
  });

  test("fails with all problems at once: the key, the value found, what is accepted", async () => {
    const wrong = {
      backend: "s3",
      domain: "lab",
      keepData: "yes",
      images: { postgres: "postgres:18.1-trixie", vault: "hashicorp/vault:latest", registry: "registry:3" },
    } as unknown as LabSettings;

    expect((await messageOf(() => build(wrong))).split("\n")).toEqual([
      "settings of lab: 6 problems",
      '  - backend is "s3": Invalid input: expected "local"',
      '  - domain is "lab": use a domain such as lab.local',
      '  - keepData is "yes": Invalid input: expected boolean, received string',
      '  - images.postgres is "postgres:18.1-trixie": use a full version such as postgres:17.7-bookworm',
      '  - images.vault is "hashicorp/vault:latest": use a full version such as hashicorp/vault:2.0.4',
      '  - images.registry is "registry:3": use a full version such as registry:3.0.0',
    ]);
  });
});

describeWithTerraform("lab through Terraform", () => {
  beforeAll(() => {
    Testing.setupJest();
  });

  test("GIVEN the synthesized layers THEN cdktf's own matcher finds them valid", () => {
    withApp((app) => {
      lab(app);
      app.synth();
      expect(app.outdir).toBeValidTerraform();
    });
  });
});
