import { TerraformVariable } from "cdktf";
import { Firewall } from "../../../constructs/network/firewall";
import { synthesizeLayer } from "../../support/construct";

describe("Firewall", () => {
  const build = (use: (firewall: Firewall, admins: TerraformVariable) => void) =>
    synthesizeLayer((layer) => {
      const admins = new TerraformVariable(layer, "admins", { type: "list(string)", description: "Admins" });
      use(new Firewall(layer, "firewall", { name: "app", description: "The server", vpcId: "vpc-1" }), admins);
    });

  test("GIVEN no call THEN nothing comes in and everything may go out", () => {
    const { json, layer } = build(() => {});

    expect(json.resource?.["aws_vpc_security_group_ingress_rule"]).toBeUndefined();
    expect(json.resource?.["aws_vpc_security_group_egress_rule"]).toEqual({
      firewall_to_anywhere: {
        cidr_ipv4: "0.0.0.0/0",
        description: "Packages, container images and AWS APIs",
        ip_protocol: "-1",
        security_group_id: "${aws_security_group.firewall.id}",
      },
    });
    // Rules inside the group would fight with the rules that are resources of their own.
    expect(json.resource?.["aws_security_group"]).toEqual({
      firewall: { name: "app", description: "The server", vpc_id: "vpc-1", tags: { Name: "app" } },
    });
    expect(layer.openPorts).toEqual([]);
  });

  test("WHEN a port is opened to the world THEN the rule names it and the layer lists it", () => {
    const { json, layer } = build((firewall) => firewall.allowFromWorld("https", { port: 443, purpose: "HTTPS" }));

    expect(json.resource?.["aws_vpc_security_group_ingress_rule"]).toEqual({
      firewall_https: {
        cidr_ipv4: "0.0.0.0/0",
        description: "HTTPS from anywhere",
        from_port: 443,
        ip_protocol: "tcp",
        security_group_id: "${aws_security_group.firewall.id}",
        to_port: 443,
      },
    });
    expect(layer.openPorts).toEqual([{ port: 443, protocol: "tcp", from: "world", purpose: "HTTPS" }]);
  });

  test("WHEN a port is opened to an input THEN there is one rule for each of its blocks", () => {
    const { json, layer } = build((firewall, admins) =>
      firewall.allowFrom(admins, "ssh", { port: 22, purpose: "SSH" }),
    );

    expect(json.resource?.["aws_vpc_security_group_ingress_rule"]).toEqual({
      firewall_ssh: {
        cidr_ipv4: "${each.value}",
        description: "SSH from admins",
        for_each: "${toset(var.admins)}",
        from_port: 22,
        ip_protocol: "tcp",
        security_group_id: "${aws_security_group.firewall.id}",
        to_port: 22,
      },
    });
    expect(layer.openPorts).toEqual([{ port: 22, protocol: "tcp", from: "admins", purpose: "SSH" }]);
  });

  test.each([0, 65536, 22.5])("fails for port %d", (port) => {
    expect(() => build((firewall) => firewall.allowFromWorld("p", { port, purpose: "P" }))).toThrow(
      `test/firewall: port ${port} is not between 1 and 65535`,
    );
  });

  test("fails when a port is opened twice, whoever it is for", () => {
    expect(() =>
      build((firewall, admins) => {
        firewall.allowFrom(admins, "ssh", { port: 22, purpose: "SSH" });
        firewall.allowFromWorld("ssh_world", { port: 22, purpose: "SSH" });
      }),
    ).toThrow("test/firewall: port 22 is open already: one call for each port");
  });
});
