import { HetznerNetwork } from "../../../constructs/network/hetzner-network";
import { synthesizeLayer } from "../../support/construct";

describe("HetznerNetwork", () => {
  const build = (cidrBlock: string, use: (network: HetznerNetwork) => void = () => {}) =>
    synthesizeLayer((scope) =>
      use(new HetznerNetwork(scope, "network", { name: "app", cidrBlock, deleteProtection: true })),
    ).json.resource;

  test("GIVEN a block THEN there is a network with it, and a subnet with its first /24", () => {
    const resource = build("10.40.0.0/16");

    expect(resource?.["hcloud_network"]).toEqual({
      network: { name: "app", ip_range: "10.40.0.0/16", delete_protection: true },
    });
    expect(resource?.["hcloud_network_subnet"]).toEqual({
      network_servers: {
        network_id: "${hcloud_network.network.id}",
        type: "cloud",
        network_zone: "eu-central",
        ip_range: "10.40.0.0/24",
      },
    });
  });

  test.each(["172.16.0.0/16", "172.31.0.0/16", "192.168.0.0/16", "10.255.0.0/16"])(
    "GIVEN %s THEN it is taken, and addresses are of its first /24",
    (block) => {
      build(block, (network) => expect(network.addressAt(250)).toBe(block.replace("0.0/16", "0.250")));
    },
  );

  test.each(["10.40.0.0/24", "10.40.1.0/16", "172.32.0.0/16", "8.8.0.0/16", "10.256.0.0/16"])(
    "fails for %s",
    (block) => {
      expect(() => build(block)).toThrow(
        `test/network: cidrBlock is "${block}"; a private IPv4 /16 such as 10.40.0.0/16 is accepted`,
      );
    },
  );

  test.each([1, 255, 2.5])("fails for the address %d", (host) => {
    expect(() => build("10.40.0.0/16", (network) => network.addressAt(host))).toThrow(
      `test/network: the address ${host} is not between 2 and 254`,
    );
  });
});
