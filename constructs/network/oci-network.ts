import { Fn, type IResolvable, Token } from "cdktf";
import { Construct } from "constructs";
import { CoreDefaultSecurityList } from "@cdktf/provider-oci/lib/core-default-security-list";
import { CoreInternetGateway } from "@cdktf/provider-oci/lib/core-internet-gateway";
import { CoreNatGateway } from "@cdktf/provider-oci/lib/core-nat-gateway";
import { CoreRouteTable } from "@cdktf/provider-oci/lib/core-route-table";
import { CoreServiceGateway } from "@cdktf/provider-oci/lib/core-service-gateway";
import { CoreSubnet } from "@cdktf/provider-oci/lib/core-subnet";
import { CoreVcn } from "@cdktf/provider-oci/lib/core-vcn";
import { DataOciCoreServices } from "@cdktf/provider-oci/lib/data-oci-core-services";
import { addressOf, expression } from "../core/address";
import { SocleError } from "../core/error";

export interface OciNetworkProps {
  /** Prefix of every resource's display name: lower-case words joined by `-`. */
  readonly name: string;
  readonly compartmentId: string;
  /** IPv4 block of the VCN: a /16. Its first three /24s become the subnets. */
  readonly cidrBlock: string;
  /** Whether the private subnet has a way out: a NAT and a service gateway, which many free tenancies may not make. */
  readonly gateways: IResolvable;
}

/**
 * A VCN with a public subnet, a private one and one for databases.
 *
 * All three are there whatever {@link OciNetworkProps.gateways} says, so that a change of it destroys no subnet under a
 * running server. The default security list, which OCI opens for SSH from anywhere, is emptied: what may pass is said by
 * network security groups alone.
 */
export class OciNetwork extends Construct {
  readonly vcnId: string;
  /** Block of the VCN, as given. */
  readonly cidrBlock: string;
  /** Routed to the Internet; its network interfaces may have public addresses. */
  readonly publicSubnetId: string;
  /** No public addresses; a way out only with the gateways. */
  readonly privateSubnetId: string;
  /** For private endpoints; no route out of the VCN. */
  readonly databaseSubnetId: string;

  /** @throws SocleError when the block is not a /16 of a private range, or the name cannot be a DNS label */
  constructor(scope: Construct, id: string, props: OciNetworkProps) {
    super(scope, id);
    const { name, compartmentId, cidrBlock } = props;
    const dnsLabel = name.replaceAll("-", "");
    SocleError.throwIfAny(this.node.path, [
      ...(/^(10\.\d{1,3}|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/.test(cidrBlock)
        ? []
        : [`cidrBlock is "${cidrBlock}": use a /16 of a private range, such as "10.30.0.0/16"`]),
      ...(/^[a-z][a-z0-9]{0,14}$/.test(dnsLabel)
        ? []
        : [
            `name is "${name}": without its dashes it becomes a DNS label, so use at most 15 lower-case letters and digits, the first a letter`,
          ]),
    ]);

    const vcn = new CoreVcn(this, "Resource", { compartmentId, cidrBlocks: [cidrBlock], displayName: name, dnsLabel });
    new CoreDefaultSecurityList(this, "closed", {
      manageDefaultResourceId: vcn.defaultSecurityListId,
      displayName: `${name}-closed`,
    });

    const internet = new CoreInternetGateway(this, "internet", { compartmentId, vcnId: vcn.id, displayName: name });
    const count = Token.asNumber(Fn.conditional(props.gateways, 1, 0));
    const nat = new CoreNatGateway(this, "nat", { count, compartmentId, vcnId: vcn.id, displayName: name });
    const services = new DataOciCoreServices(this, "oracle_services", {
      filter: [{ name: "name", values: ["All .* Services In Oracle Services Network"], regex: true }],
    });
    const service = services.services.get(0);
    const serviceGateway = new CoreServiceGateway(this, "oracle", {
      count,
      compartmentId,
      vcnId: vcn.id,
      displayName: name,
      services: [{ serviceId: service.id }],
    });

    const routes = (routeId: string) => ({ compartmentId, vcnId: vcn.id, displayName: `${name}-${routeId}` });
    const toInternet = new CoreRouteTable(this, "public_routes", {
      ...routes("public"),
      routeRules: [
        {
          description: "Everything else to the Internet",
          destination: "0.0.0.0/0",
          destinationType: "CIDR_BLOCK",
          networkEntityId: internet.id,
        },
      ],
    });
    const throughGateways = new CoreRouteTable(this, "private_routes", routes("private"));
    throughGateways.addOverride("dynamic.route_rules", [
      {
        for_each: expression(this, `${addressOf(nat)}[*].id`),
        content: {
          description: "Everything else through NAT",
          destination: "0.0.0.0/0",
          destination_type: "CIDR_BLOCK",
          network_entity_id: "${route_rules.value}",
        },
      },
      {
        for_each: expression(this, `${addressOf(serviceGateway)}[*].id`),
        content: {
          description: "Oracle's own services without leaving its network",
          destination: service.cidrBlock,
          destination_type: "SERVICE_CIDR_BLOCK",
          network_entity_id: "${route_rules.value}",
        },
      },
    ]);
    const nowhere = new CoreRouteTable(this, "database_routes", routes("database"));

    const subnet = (subnetId: string, index: number, routeTableId: string, isPrivate: boolean) =>
      new CoreSubnet(this, subnetId, {
        compartmentId,
        vcnId: vcn.id,
        cidrBlock: cidrBlock.replace(/\.0\.0\/16$/, `.${index}.0/24`),
        displayName: `${name}-${subnetId}`,
        dnsLabel: subnetId,
        routeTableId,
        prohibitPublicIpOnVnic: isPrivate,
        prohibitInternetIngress: isPrivate,
      }).id;
    this.vcnId = vcn.id;
    this.cidrBlock = cidrBlock;
    this.publicSubnetId = subnet("public", 0, toInternet.id, false);
    this.privateSubnetId = subnet("private", 1, throughGateways.id, true);
    this.databaseSubnetId = subnet("database", 2, nowhere.id, true);
  }
}
