import { Fn, Op, Token } from "cdktf";
import { Construct } from "constructs";
import { DataOciCoreImages } from "@cdktf/provider-oci/lib/data-oci-core-images";
import { DataOciIdentityAvailabilityDomains } from "@cdktf/provider-oci/lib/data-oci-identity-availability-domains";
import { DataOciIdentityFaultDomains } from "@cdktf/provider-oci/lib/data-oci-identity-fault-domains";
import { addressOf, expression } from "../core/address";

export interface OciPlacementProps {
  readonly tenancyId: string;
  readonly compartmentId: string;
  /** Number of the availability domain, from 1 on; a region has one or three. */
  readonly availabilityDomain: number;
}

/** Ampere: the only shape of the Always Free tier that runs more than a toy. */
export const ARM_SHAPE = "VM.Standard.A1.Flex";

/** Where servers go and what they boot: an availability domain, its fault domains, and the newest Ubuntu for arm64. */
export class OciPlacement extends Construct {
  readonly availabilityDomain: string;
  readonly imageId: string;
  private readonly faultDomains: string[];

  constructor(scope: Construct, id: string, props: OciPlacementProps) {
    super(scope, id);
    const domains = new DataOciIdentityAvailabilityDomains(this, "availability_domains", {
      compartmentId: props.tenancyId,
      lifecycle: {
        postcondition: [
          {
            condition: Op.gte(Fn.lengthOf(expression(this, "self.availability_domains")), props.availabilityDomain),
            errorMessage: `This region has \${length(self.availability_domains)} availability domain(s), and number ${props.availabilityDomain} is asked for: set availability_domain to one that exists.`,
          },
        ],
      },
    });
    this.availabilityDomain = Fn.element(
      Token.asList(expression(this, `${addressOf(domains)}.availability_domains[*].name`)),
      Token.asNumber(Op.sub(props.availabilityDomain, 1)),
    ) as string;
    const faults = new DataOciIdentityFaultDomains(this, "fault_domains", {
      availabilityDomain: this.availabilityDomain,
      compartmentId: props.compartmentId,
    });
    this.faultDomains = Token.asList(expression(this, `${addressOf(faults)}.fault_domains[*].name`));
    this.imageId = new DataOciCoreImages(this, "ubuntu", {
      compartmentId: props.compartmentId,
      operatingSystem: "Canonical Ubuntu",
      operatingSystemVersion: "24.04",
      shape: ARM_SHAPE,
      state: "AVAILABLE",
      sortBy: "TIMECREATED",
      sortOrder: "DESC",
    }).images.get(0).id;
  }

  /** A fault domain: servers with following indices share no rack. */
  faultDomain(index: number): string {
    return Fn.element(this.faultDomains, index);
  }
}
