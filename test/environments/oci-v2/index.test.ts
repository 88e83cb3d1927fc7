import { Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
import ociV2 from "../../../environments/oci-v2";
import { type OciSettings, SETTINGS } from "../../../environments/oci-v2/settings";
import { withApp } from "../../support/construct";
import { jsonOf, messageOf } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

describe("oci-v2", () => {
  const build = (settings: OciSettings = SETTINGS) => withApp((app) => ociV2(app, settings));

  test("GIVEN the settings as they are THEN it has two layers with their states in GitLab", () => {
    const { layers } = build();

    expect(layers.map(({ node }) => node.id)).toEqual(["oci-v2", "oci-v2-platform"]);
    expect(layers[1]?.reads).toEqual([layers[0]]);
    for (const layer of layers) {
      expect(jsonOf(layer).terraform?.backend).toEqual({
        http: { lock_method: "POST", unlock_method: "DELETE", retry_wait_min: 5 },
      });
    }
  });

  test("fails with all problems at once: the key, the value found, what is accepted", async () => {
    const wrong = {
      ...SETTINGS,
      backend: "gcs",
      k3s: { version: "v1.35.8+k3s1", sha256: "abc" },
      vaultNamespace: "Vault_1",
      colour: "green",
    } as unknown as OciSettings;

    expect((await messageOf(() => build(wrong))).split("\n")).toEqual([
      "settings of oci-v2: 5 problems",
      '  - backend is "gcs": Invalid option: expected one of "local"|"s3"|"http"',
      '  - k3s.version is "v1.35.8+k3s1": use a release of 1.36 such as v1.36.4+k3s1',
      '  - k3s.sha256 is "abc": use the SHA-256 in hexadecimal, 64 digits in lower case',
      '  - vaultNamespace is "Vault_1": use a namespace\'s name',
      expect.stringContaining('Unrecognized key: "colour"'),
    ]);
  });

  test("fails for a network that is not a private /16", () => {
    expect(() => build({ ...SETTINGS, vcnCidrBlock: "10.30.0.0/24" })).toThrow(
      'oci-v2/network: cidrBlock is "10.30.0.0/24": use a /16 of a private range, such as "10.30.0.0/16"',
    );
  });
});

describeWithTerraform("oci-v2 through Terraform", () => {
  beforeAll(() => {
    Testing.setupJest();
  });

  test("GIVEN the synthesized layers THEN cdktf's own matcher finds them valid", () => {
    withApp((app) => {
      ociV2(app, { ...SETTINGS, backend: "local" });
      app.synth();
      expect(app.outdir).toBeValidTerraform();
    });
  });
});
