import { Fn } from "cdktf";
import { Construct } from "constructs";
import { DataAwsAvailabilityZones } from "@cdktf/provider-aws/lib/data-aws-availability-zones";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { SocleError } from "../core/error";

export interface PublicNetworkProps {
  /** Prefix of every resource's `Name`. */
  readonly name: string;
  /** IPv4 block of the VPC: a /24. The one subnet takes its first quarter, a /26; the rest is room to grow. */
  readonly cidrBlock: string;
}

/**
 * A VPC of its own with one public subnet, for a server that needs no NAT gateway (which would cost more than it does).
 *
 * Nothing gets a public address by itself (`map_public_ip_on_launch` is off), and the VPC's default security group,
 * which would let its members talk to each other, is emptied.
 */
export class PublicNetwork extends Construct {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  /** What must exist before a server can reach the Internet. */
  readonly internetRoute: Route;

  /** @throws SocleError when `cidrBlock` is not a /24 with zero host bits */
  constructor(scope: Construct, id: string, props: PublicNetworkProps) {
    super(scope, id);
    if (!/^(\d{1,3}\.){3}0\/24$/.test(props.cidrBlock)) {
      throw new SocleError(this.node.path, [`cidrBlock is "${props.cidrBlock}": use a /24 such as "10.20.0.0/24"`]);
    }

    const vpc = new Vpc(this, "Resource", {
      cidrBlock: props.cidrBlock,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: props.name },
    });
    new DefaultSecurityGroup(this, "closed", { vpcId: vpc.id, tags: { Name: `${props.name}-default-closed` } });
    const gateway = new InternetGateway(this, "internet", { vpcId: vpc.id, tags: { Name: props.name } });

    const zones = new DataAwsAvailabilityZones(this, "available", {
      state: "available",
      // Local and Wavelength Zones are listed too once somebody has opted in to them.
      filter: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
    });
    const subnet = new Subnet(this, "public", {
      vpcId: vpc.id,
      cidrBlock: Fn.cidrsubnet(vpc.cidrBlock, 2, 0),
      availabilityZone: Fn.element(zones.names, 0),
      mapPublicIpOnLaunch: false,
      tags: { Name: `${props.name}-public` },
      // A zone that AWS adds later must not move the subnet, and with it the server and its data volume.
      lifecycle: { ignoreChanges: ["availability_zone"] },
    });
    const routes = new RouteTable(this, "public_routes", { vpcId: vpc.id, tags: { Name: `${props.name}-public` } });
    this.internetRoute = new Route(this, "to_internet", {
      routeTableId: routes.id,
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: gateway.id,
    });
    new RouteTableAssociation(this, "public_association", { subnetId: subnet.id, routeTableId: routes.id });

    this.vpcId = vpc.id;
    this.subnetId = subnet.id;
    this.availabilityZone = subnet.availabilityZone;
  }
}
