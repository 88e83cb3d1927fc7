import * as fs from "node:fs";
import * as path from "node:path";
import { CoreVcn } from "@cdktf/provider-oci/lib/core-vcn";
import { CoreVolumeBackupPolicyAssignment } from "@cdktf/provider-oci/lib/core-volume-backup-policy-assignment";
import { OciProvider } from "@cdktf/provider-oci/lib/provider";
import { Aspects } from "cdktf";
import { FreeformTags } from "../../../constructs/policy/freeform-tags";
import { testApp, testEnvironment, testLayer } from "../../support/layers";

test("GIVEN resources that can be tagged THEN they are, but for those with tags of their own", () => {
  const app = testApp();
  const layer = testLayer(testEnvironment("test", "local", app));
  Aspects.of(layer).add(new FreeformTags({ Environment: "test" }));
  new OciProvider(layer, "oci", {});
  new CoreVcn(layer, "plain", { compartmentId: "c" });
  new CoreVcn(layer, "own", { compartmentId: "c", freeformTags: { Team: "a" } });
  new CoreVolumeBackupPolicyAssignment(layer, "untaggable", { assetId: "a", policyId: "p" });
  app.synth();

  const file = path.join(app.outdir, "stacks", "test", "cdk.tf.json");
  const { resource } = JSON.parse(fs.readFileSync(file, "utf8")) as {
    resource: Record<string, Record<string, Record<string, unknown>>>;
  };
  expect(resource["oci_core_vcn"]?.["plain"]?.["freeform_tags"]).toEqual({ Environment: "test" });
  expect(resource["oci_core_vcn"]?.["own"]?.["freeform_tags"]).toEqual({ Team: "a" });
  expect(resource["oci_core_volume_backup_policy_assignment"]?.["untaggable"]).not.toHaveProperty("freeform_tags");
});
