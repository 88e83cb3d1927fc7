import kauriAws from "../../../environments/kauri-aws";
import { addCloudflareRecord } from "../../../environments/kauri-aws/cloudflare";
import { SETTINGS } from "../../../environments/kauri-aws/settings";
import { synthesizeLayer, withApp } from "../../support/construct";

const RECORD = { zoneId: "0123456789abcdef0123456789abcdef", hostname: "kauri.example.com" };

describe("addCloudflareRecord", () => {
  const { layer, json } = synthesizeLayer((each) => addCloudflareRecord(each, { ...RECORD, address: "192.0.2.1" }));

  test("GIVEN a record THEN it is the only resource", () => {
    expect(json.resource).toEqual({
      cloudflare_dns_record: {
        dns: {
          zone_id: RECORD.zoneId,
          name: RECORD.hostname,
          type: "A",
          content: "192.0.2.1",
          proxied: true,
          ttl: 1,
        },
      },
    });
  });

  test("THEN its provider is Cloudflare's own and has no token here", () => {
    expect(json.terraform?.required_providers?.["cloudflare"]?.source).toBe("cloudflare/cloudflare");
    expect(json.provider).toEqual({ cloudflare: [{}] });
    expect(json.variable).toBeUndefined();
  });

  test("THEN ops are told which token they need, and where", () => {
    expect(layer.readmeSections).toEqual([
      { title: "Cloudflare", body: expect.stringContaining("needs `CLOUDFLARE_API_TOKEN`") as string },
    ]);
  });
});

describe("the setting cloudflareRecord of kauri-aws", () => {
  const build = (settings: Parameters<typeof kauriAws>[1]) =>
    withApp((app) => {
      const layers = kauriAws(app, settings).layers;
      return layers.map((layer) => ({
        json: layer.toTerraform(),
        sections: layer.readmeSections.map(({ title }) => title),
      }));
    });

  test("GIVEN it THEN the record points to the server", () => {
    const [built] = build({ ...SETTINGS, cloudflareRecord: RECORD });

    expect(built?.json.resource?.["cloudflare_dns_record"]?.["dns"]).toMatchObject({
      name: "kauri.example.com",
      content: "${aws_eip.server_address.public_ip}",
    });
    expect(built?.sections).toContain("Cloudflare");
  });

  test("GIVEN none THEN no provider asks for a token, and the README does not speak of one", () => {
    const [built] = build(SETTINGS);

    expect(Object.keys(built?.json.terraform?.required_providers ?? {})).toEqual(["aws"]);
    expect(built?.sections).not.toContain("Cloudflare");
  });
});
