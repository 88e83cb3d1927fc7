import { OciProvider } from "@cdktf/provider-oci/lib/provider";
import { OciInstanceGroup } from "../../../constructs/security/oci-dynamic-group";
import { OciUnsealKey } from "../../../constructs/security/oci-unseal-key";
import { only, synthesizeLayer } from "../../support/construct";

describe("OciUnsealKey", () => {
  const { json } = synthesizeLayer((layer) => {
    const key = new OciUnsealKey(layer, "unseal", { name: "app-unseal", compartmentId: "c-1" });
    key.grantUse(
      new OciInstanceGroup(layer, "nodes", {
        name: "app-nodes",
        tenancyId: "t-1",
        instanceIds: ["i-1", "i-2"],
        homeProvider: new OciProvider(layer, "home", { alias: "home", region: "r-1" }),
      }),
    );
  });

  test("THEN key and vault are of the free kind, and kept", () => {
    expect(only(json.resource?.["oci_kms_vault"])).toEqual({
      compartment_id: "c-1",
      display_name: "app-unseal",
      vault_type: "DEFAULT",
      lifecycle: { prevent_destroy: true },
    });
    expect(only(json.resource?.["oci_kms_key"])).toEqual({
      compartment_id: "c-1",
      display_name: "app-unseal",
      management_endpoint: "${oci_kms_vault.unseal_vault.management_endpoint}",
      protection_mode: "SOFTWARE",
      key_shape: { algorithm: "AES", length: 32 },
      lifecycle: { prevent_destroy: true },
    });
  });

  test("WHEN a group is granted it THEN its instances use this key, and no other", () => {
    expect(only(json.resource?.["oci_identity_policy"])).toEqual({
      provider: "oci.home",
      compartment_id: "t-1",
      name: "app-nodes-unseal",
      description: "Lets Vault on these instances unseal itself",
      statements: [
        "Allow dynamic-group ${oci_identity_dynamic_group.nodes.name} to use keys in compartment id c-1 where target.key.id = '${oci_kms_key.unseal.id}'",
      ],
    });
  });
});
