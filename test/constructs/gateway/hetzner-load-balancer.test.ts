import { TerraformCount } from "cdktf";
import { HetznerLoadBalancer } from "../../../constructs/gateway/hetzner-load-balancer";
import { HetznerNetwork } from "../../../constructs/network/hetzner-network";
import { synthesizeLayer } from "../../support/construct";

describe("HetznerLoadBalancer", () => {
  const build = (use: (loadBalancer: HetznerLoadBalancer) => void, props: { internal?: boolean } = {}) => {
    const { json, layer } = synthesizeLayer((scope) => {
      const network = new HetznerNetwork(scope, "network", {
        name: "app",
        cidrBlock: "10.40.0.0/16",
        deleteProtection: false,
      });
      use(
        new HetznerLoadBalancer(scope, "lb", {
          name: "app",
          location: "nbg1",
          network,
          privateIp: "10.40.0.251",
          deleteProtection: true,
          ...props,
        }),
      );
    });
    return { resource: json.resource ?? {}, layer };
  };
  const HTTP = { port: 80, targetPort: 30080, purpose: "HTTP" };

  test("THEN it is in the network, and protected", () => {
    const { resource } = build(() => {});

    expect(resource["hcloud_load_balancer"]?.["lb"]).toEqual({
      name: "app",
      load_balancer_type: "lb11",
      location: "nbg1",
      delete_protection: true,
    });
    expect(resource["hcloud_load_balancer_network"]?.["lb_network"]).toEqual({
      load_balancer_id: "${hcloud_load_balancer.lb.id}",
      network_id: "${hcloud_network.network.id}",
      ip: "10.40.0.251",
      depends_on: ["hcloud_network_subnet.network_servers"],
    });
  });

  test("WHEN it listens THEN it checks the target's port, tells the client's address, and the layer lists the port", () => {
    const { resource, layer } = build((lb) => lb.listen("http", HTTP));

    expect(resource["hcloud_load_balancer_service"]?.["lb_http"]).toEqual({
      load_balancer_id: "${hcloud_load_balancer.lb.id}",
      protocol: "tcp",
      listen_port: 80,
      destination_port: 30080,
      proxyprotocol: true,
      health_check: { protocol: "tcp", port: 30080, interval: 10, timeout: 3, retries: 3 },
    });
    expect(layer.openPorts).toEqual([{ port: 80, protocol: "tcp", from: "world", purpose: "HTTP" }]);
  });

  test("WHEN it forwards to servers THEN it reaches them at their private addresses, once it is in the network", () => {
    const { resource } = build((lb) => {
      lb.forwardTo({ id: "one", serverId: 7 });
      lb.forwardTo({ id: "many", serverId: 8, count: TerraformCount.of(2) });
    });
    const target = {
      type: "server",
      load_balancer_id: "${hcloud_load_balancer.lb.id}",
      use_private_ip: true,
      depends_on: ["hcloud_load_balancer_network.lb_network"],
    };

    expect(resource["hcloud_load_balancer_target"]).toEqual({
      lb_one: { ...target, server_id: 7 },
      lb_many: { ...target, server_id: 8, count: 2 },
    });
  });

  test("GIVEN an internal one WHEN it listens THEN it has no public interface before, and no port is open", () => {
    const { resource, layer } = build((lb) => lb.listen("api", { ...HTTP, proxyProtocol: false }), { internal: true });

    expect(resource["hcloud_load_balancer_network"]?.["lb_network"]).toMatchObject({ enable_public_interface: false });
    expect(resource["hcloud_load_balancer_service"]?.["lb_api"]).toMatchObject({
      proxyprotocol: false,
      depends_on: ["hcloud_load_balancer_network.lb_network"],
    });
    expect(layer.openPorts).toEqual([]);
  });

  test("fails for ports out of range, all at once", () => {
    expect(() => build((lb) => lb.listen("http", { ...HTTP, port: 0, targetPort: 65536 }))).toThrow(
      /port of "http" is 0, which is not between 1 and 65535[\s\S]*targetPort of "http" is 65536, which is not/,
    );
  });

  test("fails for a port that is taken", () => {
    expect(() =>
      build((lb) => {
        lb.listen("http", HTTP);
        lb.listen("web", HTTP);
      }),
    ).toThrow('test/lb: port 80 of "web" is listened on by "http" already');
  });
});
