import { PublicNetwork } from "../../../constructs/network/public-network";
import { synthesizeLayer } from "../../support/construct";

describe("PublicNetwork", () => {
  const build = (cidrBlock: string) =>
    synthesizeLayer((layer) => new PublicNetwork(layer, "network", { name: "app", cidrBlock }));

  test("GIVEN a /24 THEN the VPC has one public subnet, its first quarter, that gives no public address by itself", () => {
    const { json } = build("10.20.0.0/24");

    expect(json.resource?.["aws_vpc"]).toEqual({
      network: {
        cidr_block: "10.20.0.0/24",
        enable_dns_hostnames: true,
        enable_dns_support: true,
        tags: { Name: "app" },
      },
    });
    expect(json.resource?.["aws_subnet"]).toEqual({
      network_public: {
        availability_zone: "${element(data.aws_availability_zones.network_available.names, 0)}",
        cidr_block: "${cidrsubnet(aws_vpc.network.cidr_block, 2, 0)}",
        lifecycle: { ignore_changes: ["availability_zone"] },
        map_public_ip_on_launch: false,
        tags: { Name: "app-public" },
        vpc_id: "${aws_vpc.network.id}",
      },
    });
    expect(json.data?.["aws_availability_zones"]).toEqual({
      network_available: {
        filter: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
        state: "available",
      },
    });
  });

  test("WHEN it is synthesized THEN the subnet's only way out is the Internet gateway", () => {
    const { json } = build("10.20.0.0/24");

    expect(json.resource?.["aws_route"]).toEqual({
      network_to_internet: {
        destination_cidr_block: "0.0.0.0/0",
        gateway_id: "${aws_internet_gateway.network_internet.id}",
        route_table_id: "${aws_route_table.network_public_routes.id}",
      },
    });
    expect(json.resource?.["aws_route_table_association"]).toEqual({
      network_public_association: {
        route_table_id: "${aws_route_table.network_public_routes.id}",
        subnet_id: "${aws_subnet.network_public.id}",
      },
    });
    expect(Object.keys(json.resource ?? {})).not.toContain("aws_nat_gateway");
  });

  test("WHEN it is synthesized THEN the VPC's default security group has no rules", () => {
    expect(build("10.20.0.0/24").json.resource?.["aws_default_security_group"]).toEqual({
      network_closed: { tags: { Name: "app-default-closed" }, vpc_id: "${aws_vpc.network.id}" },
    });
  });

  test.each(["10.20.0.0/16", "10.20.0.7/24", "10.20.0.0", "nonsense"])("fails for the block %s", (cidrBlock) => {
    expect(() => build(cidrBlock)).toThrow(
      `test/network: cidrBlock is "${cidrBlock}": use a /24 such as "10.20.0.0/24"`,
    );
  });
});
