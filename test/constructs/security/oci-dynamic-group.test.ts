import { OciProvider } from "@cdktf/provider-oci/lib/provider";
import { OciInstanceGroup } from "../../../constructs/security/oci-dynamic-group";
import { only, synthesizeLayer } from "../../support/construct";

describe("OciInstanceGroup", () => {
  const { json } = synthesizeLayer((layer) => {
    const group = new OciInstanceGroup(layer, "nodes", {
      name: "app-nodes",
      tenancyId: "t-1",
      instanceIds: ["i-1", "i-2"],
      homeProvider: new OciProvider(layer, "home", { alias: "home", region: "r-1" }),
    });
    group.allow("read_logs", "Lets the instances read logs", "read log-groups in compartment id c-1");
  });

  test("THEN exactly the given instances belong to it, at the tenancy's root through its home region", () => {
    expect(only(json.resource?.["oci_identity_dynamic_group"])).toEqual({
      provider: "oci.home",
      compartment_id: "t-1",
      name: "app-nodes",
      description: "Instances of app-nodes",
      matching_rule: `\${format("ANY {%s}", join(", ", formatlist("instance.id = '%s'", ["i-1", "i-2"])))}`,
    });
  });

  test("WHEN it is allowed something THEN a policy named after it says that and nothing else", () => {
    expect(only(json.resource?.["oci_identity_policy"])).toEqual({
      provider: "oci.home",
      compartment_id: "t-1",
      name: "app-nodes-read-logs",
      description: "Lets the instances read logs",
      statements: [
        "Allow dynamic-group ${oci_identity_dynamic_group.nodes.name} to read log-groups in compartment id c-1",
      ],
    });
  });
});
