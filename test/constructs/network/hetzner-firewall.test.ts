import { TerraformVariable } from "cdktf";
import { HetznerFirewall } from "../../../constructs/network/hetzner-firewall";
import { synthesizeLayer } from "../../support/construct";

describe("HetznerFirewall", () => {
  const build = (use: (firewall: HetznerFirewall, admins: TerraformVariable) => void) => {
    const { json, layer } = synthesizeLayer((scope) =>
      use(
        new HetznerFirewall(scope, "nodes", { name: "app-nodes" }),
        new TerraformVariable(scope, "admins", { type: "list(string)", description: "Admins" }),
      ),
    );
    return { firewall: json.resource?.["hcloud_firewall"]?.["nodes"], layer };
  };

  test("GIVEN no call THEN nothing comes in", () => {
    const { firewall, layer } = build(() => {});

    expect(firewall).toEqual({ name: "app-nodes" });
    expect(layer.openPorts).toEqual([]);
  });

  test("WHEN ports are opened to an input THEN there is one rule for each, and the layer lists them", () => {
    const { firewall, layer } = build((nodes, admins) => {
      nodes.allowFrom(admins, { port: 22, purpose: "SSH" });
      nodes.allowFrom(admins, { port: 6443, purpose: "API" });
    });
    const rule = (port: string, description: string) => ({
      description,
      direction: "in",
      protocol: "tcp",
      port,
      source_ips: "${var.admins}",
    });

    expect(firewall?.["rule"]).toEqual([rule("22", "SSH from admins"), rule("6443", "API from admins")]);
    expect(layer.openPorts).toEqual([
      { port: 22, protocol: "tcp", from: "admins", purpose: "SSH" },
      { port: 6443, protocol: "tcp", from: "admins", purpose: "API" },
    ]);
  });

  test.each([0, 65536, 22.5])("fails for port %d", (port) => {
    expect(() => build((nodes, admins) => nodes.allowFrom(admins, { port, purpose: "P" }))).toThrow(
      `test/nodes: port ${port} is not between 1 and 65535`,
    );
  });

  test("fails when a port is opened twice", () => {
    expect(() =>
      build((nodes, admins) => {
        nodes.allowFrom(admins, { port: 22, purpose: "SSH" });
        nodes.allowFrom(admins, { port: 22, purpose: "SSH" });
      }),
    ).toThrow("test/nodes: port 22 is open already: one call for each");
  });
});
