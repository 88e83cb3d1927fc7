import { plannedState } from "../../../tools/offline/plan";
import type { Block } from "../../../tools/offline/schemas";
import { emptyBlock, UNKNOWN } from "../../../tools/offline/values";
import { fixtureBlock } from "./support";

describe("plannedState", () => {
  const parameter = fixtureBlock("aws_ssm_parameter");
  const proposed = { ...emptyBlock(parameter), name: "p", type: "String", value_wo: "secret", value_wo_version: 1 };

  test("is null when the resource is destroyed", () => {
    expect(plannedState(parameter, proposed, null)).toBeNull();
  });

  test("keeps what is configured, and leaves to apply what only the provider knows", () => {
    expect(plannedState(parameter, null, proposed)).toMatchObject({
      name: "p",
      description: null,
      arn: UNKNOWN,
      id: UNKNOWN,
      value_wo: null,
      value_wo_version: 1,
    });
  });

  test("is the prior state when only a write-only value differs", () => {
    const prior = { ...proposed, value_wo: null, id: "1", arn: null };
    expect(plannedState(parameter, prior, { ...proposed, id: "1", arn: null })).toBe(prior);
  });

  describe("with blocks in a set", () => {
    const server = fixtureBlock("hcloud_server");
    const network = (known: object): object => ({
      alias_ips: null,
      ip: null,
      mac_address: null,
      network_id: null,
      subnet_id: null,
      ...known,
    });
    const withNetworks = (...networks: object[]): Record<string, unknown> => ({
      ...emptyBlock(server),
      name: "s",
      server_type: "cx23",
      network: networks,
    });
    const first = network({
      network_id: 1,
      alias_ips: ["10.0.0.2"],
      ip: "10.0.0.1",
      mac_address: "aa",
      subnet_id: "1-a",
    });
    const second = network({
      network_id: 2,
      alias_ips: ["10.1.0.2"],
      ip: "10.1.0.1",
      mac_address: "bb",
      subnet_id: "2-a",
    });

    test("takes over what the provider computed, whatever their order", () => {
      const prior = withNetworks(first, second);
      const next = withNetworks(network({ network_id: 2 }), network({ network_id: 1, alias_ips: ["10.0.0.2"] }));
      expect(plannedState(server, prior, next)).toBe(prior);
    });

    test("plans a changed block anew and leaves the other", () => {
      const planned = plannedState(
        server,
        withNetworks(first, second),
        withNetworks(network({ network_id: 1 }), network({ network_id: 3 })),
      );
      expect(planned).toMatchObject({
        network: [first, { network_id: 3, alias_ips: UNKNOWN, ip: UNKNOWN, mac_address: UNKNOWN, subnet_id: UNKNOWN }],
      });
    });

    test("uses no prior block twice", () => {
      const planned = plannedState(
        server,
        withNetworks(first),
        withNetworks(network({ network_id: 1 }), network({ network_id: 1, ip: "10.0.0.1" })),
      );
      expect(planned).toMatchObject({ network: [first, { network_id: 1, mac_address: UNKNOWN }] });
    });

    test("matches blocks that hold sets of blocks", () => {
      const inner = { attributes: { a: { type: "string", optional: true }, b: { type: "string", computed: true } } };
      const outer: Block = {
        block_types: {
          outer: { nesting_mode: "set", block: { block_types: { inner: { nesting_mode: "set", block: inner } } } },
        },
      };
      const prior = {
        outer: [
          {
            inner: [
              { a: "1", b: "x" },
              { a: "2", b: "y" },
            ],
          },
        ],
      };
      const next = {
        outer: [
          {
            inner: [
              { a: "2", b: null },
              { a: "1", b: null },
            ],
          },
        ],
      };
      expect(plannedState(outer, prior, next)).toBe(prior);
    });
  });
});
