import { TerraformVariable } from "cdktf";
import { OciFirewall } from "../../../constructs/network/oci-firewall";
import { synthesizeLayer } from "../../support/construct";

interface Parts {
  readonly web: OciFirewall;
  readonly nodes: OciFirewall;
  readonly admins: TerraformVariable;
}

describe("OciFirewall", () => {
  const build = (use: (parts: Parts) => void) => {
    const { json, layer } = synthesizeLayer((scope) => {
      const group = (id: string) =>
        new OciFirewall(scope, id, { name: `app-${id}`, compartmentId: "c-1", vcnId: "v-1" });
      use({
        web: group("web"),
        nodes: group("nodes"),
        admins: new TerraformVariable(scope, "admins", { type: "list(string)", description: "Admins" }),
      });
    });
    return { rules: json.resource?.["oci_core_network_security_group_security_rule"], json, layer };
  };
  const SSH = { port: 22, purpose: "SSH" };
  const inWeb = { network_security_group_id: "${oci_core_network_security_group.web.id}", direction: "INGRESS" };
  const tcp = (port: number) => ({
    protocol: "6",
    tcp_options: { destination_port_range: { min: port, max: port } },
  });

  test("GIVEN no call THEN nothing comes in and nothing goes out", () => {
    const { rules, json, layer } = build(() => {});

    expect(rules).toBeUndefined();
    expect(json.resource?.["oci_core_network_security_group"]?.["web"]).toEqual({
      compartment_id: "c-1",
      vcn_id: "v-1",
      display_name: "app-web",
    });
    expect(layer.openPorts).toEqual([]);
  });

  test("WHEN a port is opened to the world THEN the rule names it and the layer lists it", () => {
    const { rules, layer } = build(({ web }) => web.allowFromWorld("https", { port: 443, purpose: "HTTPS" }));

    expect(rules).toEqual({
      web_https: {
        ...inWeb,
        ...tcp(443),
        description: "HTTPS from anywhere",
        source: "0.0.0.0/0",
        source_type: "CIDR_BLOCK",
      },
    });
    expect(layer.openPorts).toEqual([{ port: 443, protocol: "tcp", from: "world", purpose: "HTTPS" }]);
  });

  test("WHEN a port is opened to an input THEN there is one rule for each of its blocks", () => {
    const { rules, layer } = build(({ web, admins }) => web.allowFrom(admins, "ssh", SSH));

    expect(rules).toEqual({
      web_ssh: {
        ...inWeb,
        ...tcp(22),
        for_each: "${toset(var.admins)}",
        description: "SSH from admins",
        source: "${each.value}",
        source_type: "CIDR_BLOCK",
      },
    });
    expect(layer.openPorts).toEqual([{ port: 22, protocol: "tcp", from: "admins", purpose: "SSH" }]);
  });

  test("WHEN a port is opened to another group THEN both ends of the connection get a rule, and nothing is public", () => {
    const { rules, layer } = build(({ web, nodes }) => nodes.allowFromGroup(web, "ssh", SSH));

    expect(rules).toEqual({
      nodes_ssh: {
        ...tcp(22),
        network_security_group_id: "${oci_core_network_security_group.nodes.id}",
        direction: "INGRESS",
        description: "SSH from app-web",
        source: "${oci_core_network_security_group.web.id}",
        source_type: "NETWORK_SECURITY_GROUP",
      },
      web_to_nodes_ssh: {
        ...tcp(22),
        network_security_group_id: "${oci_core_network_security_group.web.id}",
        direction: "EGRESS",
        description: "SSH of app-nodes",
        destination: "${oci_core_network_security_group.nodes.id}",
        destination_type: "NETWORK_SECURITY_GROUP",
      },
    });
    expect(layer.openPorts).toEqual([]);
  });

  test("WHEN members may reach each other and anything THEN each is one rule", () => {
    const { rules } = build(({ web }) => {
      web.allowWithin("Among themselves");
      web.allowToAnywhere("Packages");
      web.allowPathMtuDiscovery();
    });

    expect(rules).toEqual({
      web_within: {
        ...inWeb,
        protocol: "all",
        description: "Among themselves",
        source: "${oci_core_network_security_group.web.id}",
        source_type: "NETWORK_SECURITY_GROUP",
      },
      web_to_anywhere: {
        ...inWeb,
        direction: "EGRESS",
        protocol: "all",
        description: "Packages",
        destination: "0.0.0.0/0",
        destination_type: "CIDR_BLOCK",
      },
      web_path_mtu: {
        ...inWeb,
        protocol: "1",
        description: "Path MTU discovery from anywhere",
        source: "0.0.0.0/0",
        source_type: "CIDR_BLOCK",
        icmp_options: { type: 3, code: 4 },
      },
    });
  });

  test.each([0, 65536, 22.5])("fails for port %d", (port) => {
    expect(() => build(({ web }) => web.allowFromWorld("p", { port, purpose: "P" }))).toThrow(
      `test/web: port ${port} is not between 1 and 65535`,
    );
  });

  test("GIVEN a port for admins and for a group THEN both are let in", () => {
    const { rules } = build(({ web, nodes, admins }) => {
      nodes.allowFrom(admins, "ssh", SSH);
      nodes.allowFromGroup(web, "ssh_from_web", SSH);
    });

    expect(Object.keys(rules ?? {}).sort()).toEqual(["nodes_ssh", "nodes_ssh_from_web", "web_to_nodes_ssh_from_web"]);
  });

  test("fails when a port is opened twice to the same, and to some beside the world", () => {
    const already = "is open to the world already: one call for each port and source";
    expect(() =>
      build(({ web, admins }) => {
        web.allowFromWorld("ssh", SSH);
        web.allowFrom(admins, "ssh_admins", SSH);
      }),
    ).toThrow(`test/web: port 22 ${already}`);
    expect(() =>
      build(({ web, admins }) => {
        web.allowFrom(admins, "ssh", SSH);
        web.allowFrom(admins, "ssh_again", SSH);
      }),
    ).toThrow("test/web: port 22 is open to admins already: one call for each port and source");
    expect(() =>
      build(({ web, admins }) => {
        web.allowFrom(admins, "ssh", SSH);
        web.allowFromWorld("ssh_world", SSH);
      }),
    ).toThrow("test/web: port 22 is open to admins already: one call for each port and source");
  });

  test("fails when a group is to let itself in as if it were another one", () => {
    expect(() => build(({ web }) => web.allowFromGroup(web, "ssh", SSH))).toThrow(
      "test/web: is asked to let itself in: allowWithin() is for that",
    );
  });
});
