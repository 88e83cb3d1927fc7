import { TerraformVariable } from "cdktf";
import { Server } from "../../../constructs/compute/server";
import { PublicNetwork } from "../../../constructs/network/public-network";
import { ServerRole } from "../../../constructs/security/service-role";
import { only, synthesizeLayer } from "../../support/construct";

describe("Server", () => {
  const { json, layer } = synthesizeLayer((scope) => {
    const spot = new TerraformVariable(scope, "spot", { type: "bool", description: "Spot" });
    const type = new TerraformVariable(scope, "type", { type: "string", description: "Type" });
    new Server(scope, "server", {
      name: "app",
      network: new PublicNetwork(scope, "network", { name: "app", cidrBlock: "10.0.0.0/24" }),
      securityGroupId: "sg-1",
      role: new ServerRole(scope, "role", { name: "app" }),
      instanceType: type.stringValue,
      keyName: "ops",
      useSpot: spot.booleanValue,
      dataVolumeGib: 80,
      tags: { Project: "app" },
      userData: (volumeId) => `#cloud-config\n# ${volumeId}\n`,
    });
  });
  const instance = only(json.resource?.["aws_instance"]);

  test("GIVEN a first boot that installs packages THEN the address is on an interface made before the instance", () => {
    expect(only(json.resource?.["aws_network_interface"])).toMatchObject({
      subnet_id: "${aws_subnet.network_public.id}",
      security_groups: ["sg-1"],
    });
    expect(only(json.resource?.["aws_eip"])).toEqual({
      domain: "vpc",
      network_interface: "${aws_network_interface.server_interface.id}",
      tags: { Name: "app" },
      depends_on: ["aws_route.network_to_internet"],
    });
    expect(instance).toMatchObject({
      primary_network_interface: { network_interface_id: "${aws_network_interface.server_interface.id}" },
      depends_on: ["aws_eip.server_address"],
    });
    // Each would conflict with the interface.
    for (const key of ["associate_public_ip_address", "subnet_id", "vpc_security_group_ids"]) {
      expect(instance).not.toHaveProperty(key);
    }
  });

  test("THEN the newest Canonical image for arm64 is looked up, and a newer one replaces nothing", () => {
    expect(only(json.data?.["aws_ami"])).toEqual({
      most_recent: true,
      owners: ["099720109477"],
      filter: [
        { name: "name", values: ["ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*"] },
        { name: "architecture", values: ["arm64"] },
        { name: "virtualization-type", values: ["hvm"] },
      ],
    });
    expect(instance).toMatchObject({
      ami: "${data.aws_ami.server_ubuntu.id}",
      user_data_replace_on_change: false,
      lifecycle: { ignore_changes: ["ami", "key_name", "user_data"] },
    });
  });

  test("THEN metadata takes tokens only, one hop away, and every disk is encrypted", () => {
    expect(instance).toMatchObject({
      metadata_options: {
        http_endpoint: "enabled",
        http_tokens: "required",
        http_put_response_hop_limit: 1,
        instance_metadata_tags: "disabled",
      },
      root_block_device: {
        volume_type: "gp3",
        volume_size: 20,
        encrypted: true,
        delete_on_termination: true,
        tags: { Project: "app", Name: "app-root" },
      },
    });
    expect(only(json.resource?.["aws_ebs_volume"])).toEqual({
      availability_zone: "${aws_subnet.network_public.availability_zone}",
      size: 80,
      type: "gp3",
      encrypted: true,
      final_snapshot: true,
      tags: { Name: "app-data" },
      lifecycle: { prevent_destroy: true },
    });
    expect(only(json.resource?.["aws_volume_attachment"])).toEqual({
      device_name: "/dev/sdf",
      volume_id: "${aws_ebs_volume.server_data.id}",
      instance_id: "${aws_instance.server.id}",
      stop_instance_before_detaching: true,
    });
  });

  test("WHEN Spot is switched THEN the instance is replaced, and its request survives a scheduled stop", () => {
    expect(only(json.resource?.["terraform_data"])).toEqual({ input: "${var.spot}" });
    expect(instance).toMatchObject({
      lifecycle: { replace_triggered_by: ["terraform_data.server_market"] },
      dynamic: {
        instance_market_options: {
          for_each: '${var.spot ? ["spot"] : []}',
          content: {
            market_type: "spot",
            spot_options: { spot_instance_type: "persistent", instance_interruption_behavior: "stop" },
          },
        },
      },
    });
  });

  test("GIVEN a burstable type THEN credits are standard; other types take no such block", () => {
    expect(instance).toMatchObject({
      dynamic: {
        credit_specification: {
          for_each: '${startswith(var.type, "t") ? ["standard"] : []}',
          content: { cpu_credits: "standard" },
        },
      },
    });
  });

  test("THEN the user data gets the volume's id and is measured", () => {
    expect(instance["user_data"]).toBe("${local.server_user_data}");
    expect(json.locals).toEqual({ server_user_data: "#cloud-config\n# ${aws_ebs_volume.server_data.id}\n" });
    expect(instance).toMatchObject({
      lifecycle: {
        precondition: [
          {
            condition: '${(floor(((length(trim(base64encode(local.server_user_data), "=")) * 3) / 4)) <= 16384)}',
            error_message: "The user data has more than 16384 bytes with these inputs: shorten the names among them.",
          },
        ],
      },
    });
  });

  test("THEN the README tells how to replace the server and how to cancel a Spot request", () => {
    expect(layer.readmeSections.map(({ title }) => title)).toEqual(["Replacing the server", "Spot"]);
    expect(layer.readmeSections[0]?.body).toContain("terraform apply -replace=aws_instance.server");
    expect(layer.readmeSections[1]?.body).toContain("aws ec2 cancel-spot-instance-requests");
  });
});
