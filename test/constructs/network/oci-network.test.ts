import { TerraformVariable } from "cdktf";
import { OciNetwork, type OciNetworkProps } from "../../../constructs/network/oci-network";
import { only, synthesizeLayer } from "../../support/construct";

describe("OciNetwork", () => {
  const build = (props: Partial<OciNetworkProps> = {}) =>
    synthesizeLayer((layer) => {
      const gateways = new TerraformVariable(layer, "gateways", { type: "bool", description: "Gateways" });
      new OciNetwork(layer, "network", {
        name: "my-app",
        compartmentId: "c-1",
        cidrBlock: "10.30.0.0/16",
        gateways: gateways.booleanValue,
        ...props,
      });
    });

  test("THEN there is a public, a private and a database subnet, whatever the gateways", () => {
    const { resource } = build().json;

    expect(only(resource?.["oci_core_vcn"])).toEqual({
      compartment_id: "c-1",
      cidr_blocks: ["10.30.0.0/16"],
      display_name: "my-app",
      dns_label: "myapp",
    });
    const subnet = (id: string, block: string, closed: boolean) => ({
      compartment_id: "c-1",
      vcn_id: "${oci_core_vcn.network.id}",
      cidr_block: block,
      display_name: `my-app-${id}`,
      dns_label: id,
      route_table_id: `\${oci_core_route_table.network_${id}_routes.id}`,
      prohibit_public_ip_on_vnic: closed,
      prohibit_internet_ingress: closed,
    });
    expect(resource?.["oci_core_subnet"]).toEqual({
      network_public: subnet("public", "10.30.0.0/24", false),
      network_private: subnet("private", "10.30.1.0/24", true),
      network_database: subnet("database", "10.30.2.0/24", true),
    });
  });

  test("THEN the default security list, which OCI opens for SSH, is empty", () => {
    expect(only(build().json.resource?.["oci_core_default_security_list"])).toEqual({
      manage_default_resource_id: "${oci_core_vcn.network.default_security_list_id}",
      display_name: "my-app-closed",
    });
  });

  test("THEN public routes lead to the Internet, private ones through the gateways that there are, the database's nowhere", () => {
    const { resource, data } = { ...build().json };

    expect(resource?.["oci_core_route_table"]).toEqual({
      network_public_routes: {
        compartment_id: "c-1",
        vcn_id: "${oci_core_vcn.network.id}",
        display_name: "my-app-public",
        route_rules: [
          {
            description: "Everything else to the Internet",
            destination: "0.0.0.0/0",
            destination_type: "CIDR_BLOCK",
            network_entity_id: "${oci_core_internet_gateway.network_internet.id}",
          },
        ],
      },
      network_private_routes: {
        compartment_id: "c-1",
        vcn_id: "${oci_core_vcn.network.id}",
        display_name: "my-app-private",
        dynamic: {
          route_rules: [
            {
              for_each: "${oci_core_nat_gateway.network_nat[*].id}",
              content: {
                description: "Everything else through NAT",
                destination: "0.0.0.0/0",
                destination_type: "CIDR_BLOCK",
                network_entity_id: "${route_rules.value}",
              },
            },
            {
              for_each: "${oci_core_service_gateway.network_oracle[*].id}",
              content: {
                description: "Oracle's own services without leaving its network",
                destination: "${data.oci_core_services.network_oracle_services.services[0].cidr_block}",
                destination_type: "SERVICE_CIDR_BLOCK",
                network_entity_id: "${route_rules.value}",
              },
            },
          ],
        },
      },
      network_database_routes: {
        compartment_id: "c-1",
        vcn_id: "${oci_core_vcn.network.id}",
        display_name: "my-app-database",
      },
    });
    expect(only(resource?.["oci_core_nat_gateway"])["count"]).toBe("${var.gateways ? 1 : 0}");
    expect(only(resource?.["oci_core_service_gateway"])).toMatchObject({
      count: "${var.gateways ? 1 : 0}",
      services: [{ service_id: "${data.oci_core_services.network_oracle_services.services[0].id}" }],
    });
    expect(only(data?.["oci_core_services"])["filter"]).toEqual([
      { name: "name", values: ["All .* Services In Oracle Services Network"], regex: true },
    ]);
  });

  test("fails with both problems: a block that is no private /16, a name that is no DNS label", () => {
    expect(() => build({ cidrBlock: "8.8.0.0/16", name: "a-name-that-is-too-long" })).toThrow(
      [
        "test/network: 2 problems",
        '  - cidrBlock is "8.8.0.0/16": use a /16 of a private range, such as "10.30.0.0/16"',
        '  - name is "a-name-that-is-too-long": without its dashes it becomes a DNS label, so use at most 15 lower-case letters and digits, the first a letter',
      ].join("\n"),
    );
  });

  test.each(["10.30.0.0/24", "10.30.1.0/16", "172.32.0.0/16", "192.169.0.0/16"])("fails for the block %s", (block) => {
    expect(() => build({ cidrBlock: block })).toThrow(`cidrBlock is "${block}"`);
  });

  test.each(["172.16.0.0/16", "172.31.0.0/16", "192.168.0.0/16"])("GIVEN the block %s THEN it is taken", (block) => {
    expect(only(build({ cidrBlock: block }).json.resource?.["oci_core_vcn"])["cidr_blocks"]).toEqual([block]);
  });
});
