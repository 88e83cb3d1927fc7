import { TerraformLocal, TerraformVariable } from "cdktf";
import { OciPlacement } from "../../../constructs/compute/oci-placement";
import { only, synthesizeLayer } from "../../support/construct";

describe("OciPlacement", () => {
  const { json } = synthesizeLayer((layer) => {
    const domain = new TerraformVariable(layer, "domain", { type: "number", description: "Domain" });
    const placement = new OciPlacement(layer, "placement", {
      tenancyId: "t-1",
      compartmentId: "c-1",
      availabilityDomain: domain.numberValue,
    });
    new TerraformLocal(layer, "domain_name", placement.availabilityDomain);
    new TerraformLocal(layer, "image", placement.imageId);
    new TerraformLocal(layer, "fault_domain", placement.faultDomain(1));
  });

  test("THEN the availability domain is counted from 1, and fault domains go round", () => {
    expect(json.locals).toMatchObject({
      domain_name:
        "${element(data.oci_identity_availability_domains.placement_availability_domains.availability_domains[*].name, (var.domain - 1))}",
      fault_domain: "${element(data.oci_identity_fault_domains.placement_fault_domains.fault_domains[*].name, 1)}",
    });
  });

  test("GIVEN a number that the region does not have THEN the plan fails and says how many there are", () => {
    expect(only(json.data?.["oci_identity_availability_domains"])).toEqual({
      compartment_id: "t-1",
      lifecycle: {
        postcondition: [
          {
            condition: "${(length(self.availability_domains) >= var.domain)}",
            error_message:
              "This region has ${length(self.availability_domains)} availability domain(s), and number ${var.domain} is asked for: set availability_domain to one that exists.",
          },
        ],
      },
    });
  });

  test("THEN the image is the newest Ubuntu 24.04 that the ARM shape boots", () => {
    expect(only(json.data?.["oci_core_images"])).toEqual({
      compartment_id: "c-1",
      operating_system: "Canonical Ubuntu",
      operating_system_version: "24.04",
      shape: "VM.Standard.A1.Flex",
      state: "AVAILABLE",
      sort_by: "TIMECREATED",
      sort_order: "DESC",
    });
    expect(json.locals).toMatchObject({ image: "${data.oci_core_images.placement_ubuntu.images[0].id}" });
  });
});
