import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches } from "../../constructs/core/input-validation";
import { type Layer } from "../../constructs/core/layer";
import { type ViridialSettings } from "./settings";

/** The choices of ops for the layer viridial-staging-dns, each a Terraform variable of it. */
export type DnsInputs = ReturnType<typeof dnsInputs>;

export function dnsInputs(layer: Layer, { waf }: ViridialSettings) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const domain = (name: string, description: string, byDefault: string) =>
    input(name, {
      type: "string",
      description,
      default: byDefault,
      validation: [
        matches(
          name,
          "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$",
          `${name} takes a domain in lower case, such as "${byDefault}".`,
        ),
      ],
    });
  return {
    zoneId: input("zone_id", {
      type: "string",
      description: "Id of the zone at Cloudflare, from its overview page: 32 hexadecimal digits.",
      validation: [
        matches(
          "zone_id",
          "^[0-9a-f]{32}$",
          'zone_id takes 32 hexadecimal digits, such as "0123456789abcdef0123456789abcdef"; not the name of the zone.',
        ),
      ],
    }),
    domainName: domain(
      "domain_name",
      "Name that the environment is reached by; the API is api. before it. The same as in the layer -platform.",
      "staging.viridial.com",
    ),
    tenantDomain: domain(
      "tenant_domain",
      "Domain that tenants' host names are in. The same as in the layers of tenants.",
      "viridial.com",
    ),
    proxied: input("proxied", {
      type: "bool",
      description:
        "Whether requests go through Cloudflare, which then ends TLS and knows who is asking; give its blocks to trusted_proxy_cidr_blocks of the layer -platform first.",
      default: waf === "cloudflare",
      ...(waf === "cloudflare"
        ? {
            validation: [
              {
                condition: "${var.proxied}",
                errorMessage:
                  "proxied is false, but the setting waf is cloudflare: its rules see proxied requests only, and the gateway answers nobody else.",
              },
            ],
          }
        : {}),
    }),
    advancedCertificate: input("advanced_certificate", {
      type: "bool",
      description:
        "Whether the zone has Cloudflare's Advanced Certificate Manager with certificates for names two levels under it, such as api.staging.viridial.com: its free one is for one level.",
      default: false,
    }),
    ...(waf === "cloudflare"
      ? {
          paidPlan: input("paid_plan", {
            type: "bool",
            description:
              "Whether the zone's plan is a paid one, which may run Cloudflare's managed and OWASP rulesets; its free one has the Free Managed Ruleset by itself.",
            default: false,
          }),
        }
      : {}),
  };
}
