import { TerraformVariable, type TerraformVariableConfig } from "cdktf";
import { matches, wholeNumber } from "../../../constructs/core/input-validation";
import { type Layer } from "../../../constructs/core/layer";
import { ACME_ISSUERS, certificateNames } from "../../../constructs/gateway/acme-issuers";
import { type ViridialSettings } from "../settings";

/** The choices of ops for the gateway, each a Terraform variable of the layer. */
export type GatewayInputs = ReturnType<typeof gatewayInputs>;

export function gatewayInputs(layer: Layer, { waf }: ViridialSettings) {
  const input = (name: string, config: TerraformVariableConfig) =>
    new TerraformVariable(layer, name, { nullable: false, ...config });
  const issuers = Object.keys(ACME_ISSUERS);

  const cloudflareApiToken = input("cloudflare_api_token", {
    type: "string",
    description:
      "Token for Cloudflare's API that may edit DNS of the zone, and nothing else; with dns01_enabled only. It reaches a Secret of the cluster and no state.",
    sensitive: true,
    nullable: true,
    validation: [
      {
        condition: "${!var.dns01_enabled || var.cloudflare_api_token != null}",
        errorMessage: "dns01_enabled needs cloudflare_api_token: cert-manager proves names by records that it makes.",
      },
    ],
  });
  // cdktf takes no null, and knows no ephemeral inputs: never in a plan file, nor in a state.
  cloudflareApiToken.addOverride("default", null);
  cloudflareApiToken.addOverride("ephemeral", true);

  return {
    domainName: input("domain_name", {
      type: "string",
      description:
        "Name that the environment is reached by; the API is api. before it. Both point to the load balancer.",
      default: "staging.viridial.com",
      validation: [
        matches(
          "domain_name",
          "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$",
          'domain_name takes a host name in lower case, such as "staging.viridial.com".',
        ),
      ],
    }),
    certificateIssuer: input("certificate_issuer", {
      type: "string",
      description:
        "Which of Let's Encrypt's authorities signs: letsencrypt-staging, whose certificates no browser trusts, until the names point here; then letsencrypt-production, which counts failures.",
      default: "letsencrypt-staging",
      validation: [
        {
          condition: `\${contains(${JSON.stringify(issuers)}, var.certificate_issuer)}`,
          errorMessage: `certificate_issuer takes ${issuers.join(" or ")}.`,
        },
      ],
    }),
    certificateNames: input("certificate_names", {
      type: "list(string)",
      description:
        'More names for the gateway\'s certificate, beside domain_name and api.: such as "*.viridial.com" for tenants one level under the zone.',
      default: [],
      validation: certificateNames("certificate_names", "dns01_enabled"),
    }),
    acmeEmail: input("acme_email", {
      type: "string",
      description:
        "Contact of the account at Let's Encrypt, or empty. It no longer writes before a certificate expires: Prometheus warns.",
      default: "",
      validation: [
        {
          condition: '${var.acme_email == "" || can(regex("^[^@\\\\s]+@[^@\\\\s]+\\\\.[^@\\\\s]+$", var.acme_email))}',
          errorMessage: 'acme_email takes an e-mail address such as "ops@example.com", or nothing.',
        },
      ],
    }),
    dns01Enabled: input("dns01_enabled", {
      type: "bool",
      description:
        "Proves names to Let's Encrypt by records in Cloudflare's DNS rather than by an answer over HTTP; wildcards need it.",
      default: false,
    }),
    cloudflareApiToken,
    cloudflareApiTokenRevision: input("cloudflare_api_token_revision", {
      type: "number",
      description:
        "Raise it by one to have a changed cloudflare_api_token written anew: Terraform keeps no value to compare with.",
      default: 1,
      validation: [wholeNumber("cloudflare_api_token_revision")],
    }),
    trustedProxyCidrBlocks: input("trusted_proxy_cidr_blocks", {
      type: "list(string)",
      description:
        waf === "cloudflare"
          ? "Blocks of Cloudflare's proxies (https://www.cloudflare.com/ips/): they are believed when they say who is asking, and nobody else is answered over HTTPS."
          : "Blocks of proxies in front of the load balancer, which are believed when they say who is asking: Cloudflare's (https://www.cloudflare.com/ips/) where its records are proxied. The coarse limit is for the proxy's address then.",
      default: [],
      validation: [
        {
          condition: "${alltrue([for block in var.trusted_proxy_cidr_blocks : can(cidrhost(block, 0))])}",
          errorMessage: 'trusted_proxy_cidr_blocks takes CIDR blocks, such as "173.245.48.0/20" or "2400:cb00::/32".',
        },
        {
          condition:
            '${alltrue([for block in var.trusted_proxy_cidr_blocks : try(tonumber(split("/", block)[1]), 8) >= 8])}',
          errorMessage:
            "trusted_proxy_cidr_blocks has a block wider than /8: whoever is in it could say that it is somebody else.",
        },
        ...(waf === "cloudflare"
          ? [
              {
                condition: "${length(var.trusted_proxy_cidr_blocks) > 0}",
                errorMessage:
                  "trusted_proxy_cidr_blocks is empty, so nobody would be answered: give Cloudflare's blocks, from https://www.cloudflare.com/ips/.",
              },
            ]
          : []),
      ],
    }),
    linkerdEnabled: input("linkerd_enabled", {
      type: "bool",
      description:
        "Installs the service mesh Linkerd; read Linkerd in the README first: it needs about 300 MiB that are not counted.",
      default: false,
    }),
  };
}
