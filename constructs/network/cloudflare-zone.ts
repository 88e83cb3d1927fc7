import { Fn, type IResolvable, Op, Token } from "cdktf";
import { Construct } from "constructs";
import { DataCloudflareZone } from "@cdktf/provider-cloudflare/lib/data-cloudflare-zone";
import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";
import { Ruleset } from "@cdktf/provider-cloudflare/lib/ruleset";
import { SocleError } from "../core/error";
import { Layer } from "../core/layer";

/**
 * Rulesets of Cloudflare's own, which paid plans may run.
 * @see https://developers.cloudflare.com/waf/managed-rules/
 */
const MANAGED_RULESETS = {
  "Cloudflare Managed Ruleset": "efb7b8c949ac4650a09736fc376e9aee",
  "Cloudflare OWASP Core Ruleset": "4814384a9e5d4991b9815dcfc25d2f1f",
};

/** Paths that only scanners ask for: nothing of ours is there. */
const SCANNED_PATHS = ["/.env", "/.git/", "/wp-login.php", "/wp-admin/", "/xmlrpc.php", "/phpmyadmin/", "/cgi-bin/"];

/** How long a name that is not proxied may be remembered, in seconds; of proxied ones Cloudflare says so itself. */
const TTL_SECONDS = 300;

export interface CloudflareZoneProps {
  /** Id of the zone: 32 hexadecimal digits. A token is fine. */
  readonly zoneId: string;
  /** Whether the zone has certificates that are paid for, which cover names further below than one level. */
  readonly advancedCertificate: boolean | IResolvable;
}

export interface AddressRecordProps {
  /** In full, or with `*` as its first label. A token is fine. */
  readonly name: string;
  /** IPv4 address behind it. */
  readonly address: string;
  /** Whether requests go through Cloudflare, so that the world does not learn the address. */
  readonly proxied: boolean | IResolvable;
}

export interface FirewallProps {
  /** Hosts that the rules are for: names, and domains of which every name below is one. Others of the zone stay as they are. */
  readonly names: readonly string[];
  readonly domains: readonly string[];
  /** Whether the zone's plan is a paid one, which may run Cloudflare's managed rulesets. */
  readonly paidPlan: IResolvable;
}

/**
 * A zone of Cloudflare's DNS that is there already. Records and rules are added by verbs; a plan fails with a sentence
 * when a record is not in the zone, or would be proxied under a name that the zone's certificate is not for.
 *
 * @see https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
 */
export class CloudflareZone extends Construct {
  /** Name of the zone, as Cloudflare says it. */
  readonly name: string;
  /** Says in Cloudflare's dashboard where a record comes from. */
  private readonly comment: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: CloudflareZoneProps,
  ) {
    super(scope, id);
    this.comment = `Terraform: ${Layer.of(this).node.id}`;
    this.name = new DataCloudflareZone(this, "Resource", { zoneId: props.zoneId }).name;
  }

  /** Points a name to an address. */
  addAddress(id: string, { name, address, proxied }: AddressRecordProps): void {
    const labels = (of: string) => Fn.lengthOf(Fn.split(".", of));
    new DnsRecord(this, id, {
      zoneId: this.props.zoneId,
      name,
      type: "A",
      content: address,
      proxied,
      // 1 is "automatic", the only value that a proxied record takes.
      ttl: Token.asNumber(Fn.conditional(proxied, 1, TTL_SECONDS)),
      comment: this.comment,
      lifecycle: {
        precondition: [
          {
            condition: Op.or(Op.eq(name, this.name), Fn.endswith(name, Fn.join("", [".", this.name]))),
            errorMessage: `${name} is not in the zone ${this.name}: give names of it, or the id of another zone.`,
          },
          {
            condition: Op.or(
              Op.or(Op.not(proxied), this.props.advancedCertificate),
              Op.lte(labels(name), Op.add(labels(this.name), 1)),
            ),
            errorMessage: `${name} is more than one level under ${this.name}, so Cloudflare's universal certificate is not for it: choose a name one level under, do not proxy, or buy Advanced Certificate Manager for the zone and say so.`,
          },
        ],
      },
    });
  }

  /**
   * Lets one authority, and no other, give certificates for a name and what is below it, wildcards too. Cloudflare adds
   * those that it uses itself.
   *
   * @param authority its domain, such as `letsencrypt.org`
   * @see https://developers.cloudflare.com/ssl/edge-certificates/caa-records/
   */
  addCertificateAuthority(id: string, name: string, authority: string): void {
    for (const tag of ["issue", "issuewild"]) {
      const record = new DnsRecord(this, `${id}_${tag}`, {
        zoneId: this.props.zoneId,
        name,
        type: "CAA",
        ttl: TTL_SECONDS,
        comment: this.comment,
      });
      // The bindings take flags for a map: the provider's type is dynamic.
      record.addOverride("data", { flags: 0, tag, value: authority });
    }
  }

  /**
   * Filters requests to some hosts of the zone: scanners' paths on every plan, and Cloudflare's managed rulesets on paid
   * ones. The zone has one ruleset for each of the two phases, which is then this one: rules made by hand go.
   *
   * @throws SocleError when no host is named, which would be none
   */
  addFirewall(id: string, { names, domains, paidPlan }: FirewallProps): void {
    SocleError.throwIfAny(this.node.path, [
      ...(names.length + domains.length > 0 ? [] : ["the firewall is for no host: name at least one"]),
    ]);
    const host = [
      ...names.map((name) => `http.host eq "${name}"`),
      ...domains.map((domain) => `ends_with(http.host, ".${domain}")`),
    ].join(" or ");
    const paths = SCANNED_PATHS.map((path) => `starts_with(lower(http.request.uri.path), "${path}")`).join(" or ");
    new Ruleset(this, `${id}_custom`, {
      zoneId: this.props.zoneId,
      name: "Viridial: what nobody asks for",
      kind: "zone",
      phase: "http_request_firewall_custom",
      rules: [
        {
          ref: "scanned_paths",
          description: "Paths that only scanners ask for",
          expression: `(${host}) and (${paths})`,
          action: "block",
          enabled: true,
        },
      ],
    });
    const managed = new Ruleset(this, `${id}_managed`, {
      zoneId: this.props.zoneId,
      name: "Viridial: managed rulesets",
      kind: "zone",
      phase: "http_request_firewall_managed",
      rules: Object.entries(MANAGED_RULESETS).map(([description, ruleset]) => ({
        ref: ruleset,
        description,
        expression: `(${host})`,
        action: "execute",
        actionParameters: { id: ruleset },
        enabled: true,
      })),
    });
    managed.addOverride("count", Fn.conditional(paidPlan, 1, 0));
  }
}
