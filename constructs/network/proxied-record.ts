import { Construct } from "constructs";
import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";

export interface ProxiedRecordProps {
  /** Id of the Cloudflare zone: 32 hexadecimal digits. */
  readonly zoneId: string;
  /** Fully qualified, such as `kauri.example.com`. */
  readonly hostname: string;
  /** IPv4 address behind the name. */
  readonly address: string;
}

/** A Cloudflare A record whose traffic goes through Cloudflare, so the world does not learn the server's address. */
export class ProxiedRecord extends Construct {
  constructor(scope: Construct, id: string, props: ProxiedRecordProps) {
    super(scope, id);
    new DnsRecord(this, "Resource", {
      zoneId: props.zoneId,
      name: props.hostname,
      type: "A",
      content: props.address,
      proxied: true,
      // 1 is "automatic", the only value that a proxied record takes.
      ttl: 1,
    });
  }
}
