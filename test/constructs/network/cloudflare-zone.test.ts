import { TerraformVariable } from "cdktf";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { CloudflareZone } from "../../../constructs/network/cloudflare-zone";
import { synthesizeLayer } from "../../support/construct";

const ZONE = "0123456789abcdef0123456789abcdef";

function build(use: (zone: CloudflareZone, flag: TerraformVariable) => void) {
  return synthesizeLayer((layer) => {
    new CloudflareProvider(layer, "cloudflare");
    const flag = new TerraformVariable(layer, "flag", { type: "bool", description: "F" });
    const advancedCertificate = new TerraformVariable(layer, "advanced", { type: "bool", description: "A" })
      .booleanValue;
    use(new CloudflareZone(layer, "zone", { zoneId: ZONE, advancedCertificate }), flag);
  }).json;
}

describe("CloudflareZone", () => {
  test("GIVEN an address THEN it is a record that is proxied by input, and refused outside what the certificate is for", () => {
    const json = build((zone, flag) =>
      zone.addAddress("api", { name: "api.example.com", address: "192.0.2.1", proxied: flag.booleanValue }),
    );
    expect(json.resource).toEqual({
      cloudflare_dns_record: {
        zone_api: {
          zone_id: ZONE,
          name: "api.example.com",
          type: "A",
          content: "192.0.2.1",
          proxied: "${var.flag}",
          ttl: "${var.flag ? 1 : 300}",
          comment: "Terraform: test",
          lifecycle: {
            precondition: [
              {
                condition:
                  '${(("api.example.com" == data.cloudflare_zone.zone.name) || endswith("api.example.com", join("", [".", data.cloudflare_zone.zone.name])))}',
                error_message:
                  "api.example.com is not in the zone ${data.cloudflare_zone.zone.name}: give names of it, or the id of another zone.",
              },
              {
                condition:
                  '${((!var.flag || var.advanced) || (length(split(".", "api.example.com")) <= (length(split(".", data.cloudflare_zone.zone.name)) + 1)))}',
                error_message:
                  "api.example.com is more than one level under ${data.cloudflare_zone.zone.name}, so Cloudflare's universal certificate is not for it: choose a name one level under, do not proxy, or buy Advanced Certificate Manager for the zone and say so.",
              },
            ],
          },
        },
      },
    });
  });

  test("GIVEN a certificate authority THEN it alone may give certificates, wildcards too", () => {
    const json = build((zone) => zone.addCertificateAuthority("authority", "example.com", "letsencrypt.org"));
    expect(Object.values(json.resource?.["cloudflare_dns_record"] ?? {}).map(({ type, data }) => [type, data])).toEqual(
      [
        ["CAA", { flags: 0, tag: "issue", value: "letsencrypt.org" }],
        ["CAA", { flags: 0, tag: "issuewild", value: "letsencrypt.org" }],
      ],
    );
  });

  test("GIVEN a firewall THEN it filters the hosts that are named, with managed rulesets on a paid plan", () => {
    const json = build((zone, flag) =>
      zone.addFirewall("firewall", { names: ["a.example.com"], domains: ["example.com"], paidPlan: flag.booleanValue }),
    );
    const rulesets = json.resource?.["cloudflare_ruleset"] as Record<
      string,
      { phase: string; count?: unknown; rules: { action: string; expression: string }[] }
    >;
    const { zone_firewall_custom: custom, zone_firewall_managed: managed } = rulesets;
    expect([custom?.phase, custom?.count, managed?.phase, managed?.count]).toEqual([
      "http_request_firewall_custom",
      undefined,
      "http_request_firewall_managed",
      "${var.flag ? 1 : 0}",
    ]);
    expect(custom?.rules.map(({ action }) => action)).toEqual(["block"]);
    expect(managed?.rules.map(({ action }) => action)).toEqual(["execute", "execute"]);
    expect(managed?.rules[0]?.expression).toBe(
      '(http.host eq "a.example.com" or ends_with(http.host, ".example.com"))',
    );
    expect(custom?.rules[0]?.expression).toMatch(
      /^\(http\.host eq "a\.example\.com" or .*\) and \(starts_with\(lower\(http\.request\.uri\.path\), "\/\.env"\) or /,
    );
  });

  test("fails for a firewall of no host", () => {
    expect(() =>
      build((zone, flag) => zone.addFirewall("firewall", { names: [], domains: [], paidPlan: flag.booleanValue })),
    ).toThrow("test/zone: the firewall is for no host: name at least one");
  });
});
