import { Fn } from "cdktf";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { type Environment } from "../../constructs/core/environment";
import { Layer, type ReadmeSection } from "../../constructs/core/layer";
import { CloudflareZone } from "../../constructs/network/cloudflare-zone";
import { dnsInputs } from "./dns-inputs";
import { type ViridialSettings } from "./settings";

const section = (title: string, ...lines: string[]): ReadmeSection => ({ title, body: lines.join("\n") });

const README: readonly ReadmeSection[] = [
  section(
    "When to apply it",
    "Only where the zone is at Cloudflare, and any time after the cluster: no other layer reads it. Where DNS is elsewhere, leave it out and",
    "make the same records there by hand. Its provider takes `CLOUDFLARE_API_TOKEN`: a token for the one zone with *Zone: read*, *DNS: edit*, and",
    "*Zone WAF: edit* where the setting `waf` is `cloudflare`.",
  ),
  section(
    "Tenants' names",
    "One record for all of them, `*.<tenant_domain>`: a new tenant changes nothing here, and a zone of the free plan does not hold a record for",
    "each of many. Every name below the domain that has no record of its own then leads here, where the gateway answers only what it",
    "knows. Where production has the same zone, give staging a zone, or a domain, of its own.",
    "",
    'The gateway\'s certificate has to be good for them: `certificate_names = ["*.<tenant_domain>"]` and `dns01_enabled = true` in the layer',
    "-platform, since Let's Encrypt gives a wildcard for proof by DNS only.",
  ),
  section(
    "Proxied names",
    "Cloudflare's universal certificate is for the zone and one level under it: `staging.viridial.com` and `acme.viridial.com`, but not",
    "`api.staging.viridial.com`. With `proxied = true` a plan refuses names further below, until one of two holds: `domain_name` is the zone",
    "itself, so that the API is one level under it; or the zone has Advanced Certificate Manager, 10 USD a month when Cloudflare",
    "introduced it, with certificates for `*.staging.viridial.com` ordered, and `advanced_certificate = true`. Set the zone's SSL/TLS mode to",
    "*Full (strict)*: the gateway has certificates that everybody trusts.",
  ),
  section(
    "Certificate authorities",
    "CAA records let Let's Encrypt alone give certificates for `domain_name` and what is below it. None is made for the zone itself: it would",
    "bind names that are not this environment's.",
  ),
];

const FIREWALL_README = section(
  "Web application firewall",
  "The rules are for this environment's host names only, but Cloudflare keeps one list of custom rules and one of managed rulesets for a",
  "zone: this layer's take the place of what is there. Import existing ones first, or leave `waf` as it was.",
);

/**
 * The layer of DNS records at Cloudflare, which is applied only where the zone is there: a layer of its own, so that nobody
 * else is asked for a token.
 */
export function viridialDns(
  environment: Environment,
  { clusterLayer, settings }: { readonly clusterLayer: Layer; readonly settings: ViridialSettings },
): Layer {
  const layer = new Layer(environment, `${environment.name}-dns`, {
    description: "DNS records at Cloudflare for the environment, its API and its tenants; optional.",
    readme: settings.waf === "cloudflare" ? [...README, FIREWALL_README] : README,
  });
  const inputs = dnsInputs(layer, settings);
  // Its token comes from CLOUDFLARE_API_TOKEN.
  new CloudflareProvider(layer, "cloudflare");
  const address = layer.read(clusterLayer).getString("load_balancer_ip");
  layer.addStateSecret({
    what: `\`data.terraform_remote_state.${clusterLayer.node.id.replaceAll("-", "_")}\`: \`kubernetes_client_key\`, \`kubeconfig\`, \`bootstrap_token\``,
    why: "A state keeps all outputs of an earlier one that it reads, although only the load balancer's address is used here.",
  });

  const zone = new CloudflareZone(layer, "zone", {
    zoneId: inputs.zoneId.stringValue,
    advancedCertificate: inputs.advancedCertificate.booleanValue,
  });
  const proxied = inputs.proxied.booleanValue;
  const domainName = inputs.domainName.stringValue;
  const tenantDomain = inputs.tenantDomain.stringValue;
  zone.addAddress("environment", { name: domainName, address, proxied });
  zone.addAddress("api", { name: Fn.join(".", ["api", domainName]), address, proxied });
  zone.addAddress("tenants", { name: Fn.join(".", ["*", tenantDomain]), address, proxied });
  zone.addCertificateAuthority("authority", domainName, "letsencrypt.org");
  if (inputs.paidPlan) {
    zone.addFirewall("firewall", {
      names: [domainName],
      domains: [domainName, tenantDomain],
      paidPlan: inputs.paidPlan.booleanValue,
    });
  }
  return layer;
}
