import { TerraformCount, TerraformLocal, TerraformVariable } from "cdktf";
import { OciArmServer, type OciArmServerProps } from "../../../constructs/compute/oci-arm-server";
import { OciPlacement } from "../../../constructs/compute/oci-placement";
import { only, synthesizeLayer } from "../../support/construct";

describe("OciArmServer", () => {
  const build = (more: (number: number) => Partial<OciArmServerProps> = () => ({})) => {
    const { json } = synthesizeLayer((layer) => {
      const number = new TerraformVariable(layer, "number", { type: "number", description: "Number" });
      const open = new TerraformVariable(layer, "open", { type: "bool", description: "Open" });
      const server = new OciArmServer(layer, "server", {
        name: "app",
        compartmentId: "c-1",
        placement: new OciPlacement(layer, "placement", {
          tenancyId: "t-1",
          compartmentId: "c-1",
          availabilityDomain: 1,
        }),
        subnetId: "s-1",
        publicAddress: open.booleanValue,
        securityGroupId: "g-1",
        ocpus: 2,
        memoryGib: 12,
        bootVolumeGib: 100,
        sshPublicKey: "ssh-ed25519 AAAA",
        userData: "#cloud-config\n",
        ...more(number.numberValue),
      });
      new TerraformLocal(layer, "ids", server.ids);
      new TerraformLocal(layer, "ips", server.publicIps);
      new TerraformLocal(layer, "private_ip", server.privateIp);
      new TerraformLocal(layer, "volume", server.bootVolumeId);
    });
    return { json, instance: only(json.resource?.["oci_core_instance"]) };
  };

  test("GIVEN one THEN it is an encrypted ARM instance in its group, with the given size, key and user data", () => {
    const { instance, json } = build();

    expect(instance).toMatchObject({
      compartment_id: "c-1",
      display_name: "app",
      shape: "VM.Standard.A1.Flex",
      shape_config: { ocpus: 2, memory_in_gbs: 12 },
      source_details: {
        source_type: "image",
        source_id: "${data.oci_core_images.placement_ubuntu.images[0].id}",
        boot_volume_size_in_gbs: 100,
      },
      create_vnic_details: {
        subnet_id: "s-1",
        assign_public_ip: "${tostring(var.open)}",
        nsg_ids: ["g-1"],
        hostname_label: "app",
        display_name: "app",
      },
      metadata: {
        ssh_authorized_keys: "ssh-ed25519 AAAA",
        user_data: "${base64encode(local.server_user_data)}",
      },
      is_pv_encryption_in_transit_enabled: true,
      availability_config: { recovery_action: "RESTORE_INSTANCE" },
    });
    expect(instance).not.toHaveProperty("count");
    expect(json.locals).toEqual({
      server_user_data: "#cloud-config\n",
      ids: ["${oci_core_instance.server.id}"],
      ips: ["${oci_core_instance.server.public_ip}"],
      private_ip: "${oci_core_instance.server.private_ip}",
      volume: "${oci_core_instance.server.boot_volume_id}",
    });
  });

  test("THEN the first version of the metadata service is off", () => {
    expect(build().instance["instance_options"]).toEqual({ are_legacy_imds_endpoints_disabled: true });
  });

  test("THEN nothing that changes by itself or by an input replaces it, and its boot volume outlives it", () => {
    expect(build().instance).toMatchObject({
      preserve_boot_volume: true,
      lifecycle: {
        ignore_changes: [
          "availability_domain",
          "create_vnic_details[0].assign_public_ip",
          "create_vnic_details[0].subnet_id",
          "fault_domain",
          "metadata",
          "source_details[0].source_id",
        ],
      },
    });
  });

  test("THEN its user data is measured against OCI's limit", () => {
    expect(build().instance).toMatchObject({
      lifecycle: { precondition: [{ condition: expect.stringContaining("<= 22500") as string }] },
    });
  });

  test("GIVEN a count THEN each has a number in its name and the fault domain after the one before", () => {
    const { instance, json } = build((number) => ({ count: TerraformCount.of(number), firstIndex: 1 }));

    expect(instance).toMatchObject({
      count: "${var.number}",
      display_name: "app-${(count.index + 1)}",
      fault_domain:
        "${element(data.oci_identity_fault_domains.placement_fault_domains.fault_domains[*].name, (count.index + 1))}",
    });
    expect(json.locals).toMatchObject({
      ids: "${oci_core_instance.server[*].id}",
      ips: "${oci_core_instance.server[*].public_ip}",
      private_ip: "${oci_core_instance.server[count.index].private_ip}",
      volume: "${oci_core_instance.server[count.index].boot_volume_id}",
    });
  });
});
