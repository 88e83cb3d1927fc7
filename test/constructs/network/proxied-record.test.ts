import { ProxiedRecord } from "../../../constructs/network/proxied-record";
import { synthesizeLayer } from "../../support/construct";

describe("ProxiedRecord", () => {
  test("GIVEN a name and an address THEN the record goes through Cloudflare with an automatic TTL", () => {
    const { json } = synthesizeLayer(
      (layer) => new ProxiedRecord(layer, "dns", { zoneId: "z", hostname: "kauri.example.com", address: "192.0.2.1" }),
    );

    expect(json.resource).toEqual({
      cloudflare_dns_record: {
        dns: { zone_id: "z", name: "kauri.example.com", type: "A", content: "192.0.2.1", proxied: true, ttl: 1 },
      },
    });
  });
});
