import { POLICIES } from "../../../constructs/policy/policies";
import { viridialDns } from "../../../environments/viridial-staging/dns";
import { SETTINGS, type ViridialSettings } from "../../../environments/viridial-staging/settings";
import { refusal } from "../../support/inputs";
import { jsonOf, testEnvironment, testLayer } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

function build(waf: ViridialSettings["waf"]) {
  const environment = testEnvironment("viridial-staging", "http");
  const clusterLayer = testLayer(environment, "viridial-staging-cluster");
  const layer = viridialDns(environment, { clusterLayer, settings: { ...SETTINGS, waf } });
  return { layer, json: jsonOf(layer) };
}

const { layer, json } = build("none");
const filtered = build("cloudflare");

describe("the layer viridial-staging-dns", () => {
  test("THEN it points the environment, its API and every tenant to the load balancer", () => {
    const records = Object.values(json.resource?.["cloudflare_dns_record"] ?? {}).filter(({ type }) => type === "A");
    expect(records.map(({ name }) => name)).toEqual([
      "${var.domain_name}",
      '${join(".", ["api", var.domain_name])}',
      '${join(".", ["*", var.tenant_domain])}',
    ]);
    for (const { content, proxied, zone_id: zone } of records) {
      expect([content, proxied, zone]).toEqual([
        "${data.terraform_remote_state.viridial_staging_cluster.outputs.load_balancer_ip}",
        "${var.proxied}",
        "${var.zone_id}",
      ]);
    }
  });

  test("THEN it reads the cluster's layer only, and has one provider, whose token is not here", () => {
    expect(layer.reads.map(({ node }) => node.id)).toEqual(["viridial-staging-cluster"]);
    expect(json.provider).toEqual({ cloudflare: [{}] });
    expect(JSON.stringify(json.variable)).not.toContain("token");
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
  });

  test("THEN Let's Encrypt alone may give certificates for the environment's name", () => {
    const records = Object.values(json.resource?.["cloudflare_dns_record"] ?? {}).filter(({ type }) => type === "CAA");
    expect(records.map(({ name, data }) => [name, (data as { value: string }).value])).toEqual([
      ["${var.domain_name}", "letsencrypt.org"],
      ["${var.domain_name}", "letsencrypt.org"],
    ]);
  });

  test("GIVEN the setting waf THEN rules are there for cloudflare only, and the README says what they replace", () => {
    expect(json.resource?.["cloudflare_ruleset"]).toBeUndefined();
    expect(Object.keys(filtered.json.resource?.["cloudflare_ruleset"] ?? {})).toEqual([
      "zone_firewall_custom",
      "zone_firewall_managed",
    ]);
    const titles = ({ layer: of }: typeof filtered) => of.readmeSections.map(({ title }) => title);
    expect(titles(filtered)).toEqual([...titles({ layer, json }), "Web application firewall"]);
  });
});

describeWithTerraform("the inputs of viridial-staging-dns", () => {
  const VALID = { viridial_staging_cluster_state_address: "https://example.com", zone_id: "0".repeat(32) };
  test("GIVEN the zone's id THEN nothing else is asked for", () => {
    expect(refusal(json, VALID)).toBe("");
    expect(refusal(filtered.json, VALID)).toBe("");
  });

  test.each<[string, typeof json, Record<string, unknown>, string]>([
    ["the zone's name", json, { zone_id: "viridial.com" }, "zone_id takes 32 hexadecimal digits"],
    ["a name in capitals", json, { domain_name: "Staging.viridial.com" }, "domain_name takes a domain in lower case"],
    ["a wildcard", json, { tenant_domain: "*.viridial.com" }, "tenant_domain takes a domain in lower case"],
    [
      "a firewall that sees nothing",
      filtered.json,
      { proxied: false },
      "proxied is false, but the setting waf is cloudflare",
    ],
  ])("fails for %s", (_name, of, values, message) => {
    expect(refusal(of, { ...VALID, ...values })).toContain(message);
  });
});
