import { TerraformCount, TerraformLocal, TerraformVariable } from "cdktf";
import { type ListenerProps, NetworkLoadBalancer } from "../../../constructs/gateway/network-load-balancer";
import { only, synthesizeLayer } from "../../support/construct";

describe("NetworkLoadBalancer", () => {
  const build = (listeners: Record<string, Partial<ListenerProps>>) =>
    synthesizeLayer((layer) => {
      const balancer = new NetworkLoadBalancer(layer, "lb", {
        name: "app",
        compartmentId: "c-1",
        subnetId: "s-1",
        securityGroupId: "g-1",
      });
      new TerraformLocal(layer, "ip", balancer.publicIp);
      for (const [id, props] of Object.entries(listeners)) {
        balancer.listen(id, {
          port: 80,
          targetPort: 30080,
          targets: [{ id: "server", ipAddress: "10.0.0.5" }],
          ...props,
        });
      }
    });

  test("THEN it is public, in its security group, and its public address is known", () => {
    const { resource, locals } = build({}).json;

    expect(only(resource?.["oci_network_load_balancer_network_load_balancer"])).toEqual({
      compartment_id: "c-1",
      display_name: "app",
      subnet_id: "s-1",
      network_security_group_ids: ["g-1"],
      is_private: false,
      is_preserve_source_destination: false,
    });
    expect(locals).toEqual({
      ip: "${[for each in oci_network_load_balancer_network_load_balancer.lb.ip_addresses : each.ip_address if each.is_public][0]}",
    });
  });

  test("WHEN it listens THEN it forwards to healthy targets and hides the sender, unless by the PROXY protocol", () => {
    const { resource } = build({ http: { proxyProtocol: true } }).json;
    const id = "${oci_network_load_balancer_network_load_balancer.lb.id}";
    const set = "${oci_network_load_balancer_backend_set.lb_http_targets.name}";

    expect(only(resource?.["oci_network_load_balancer_backend_set"])).toEqual({
      network_load_balancer_id: id,
      name: "http",
      policy: "FIVE_TUPLE",
      is_preserve_source: false,
      health_checker: { protocol: "TCP", port: 30080, interval_in_millis: 10000, timeout_in_millis: 3000, retries: 3 },
    });
    expect(only(resource?.["oci_network_load_balancer_backend"])).toEqual({
      network_load_balancer_id: id,
      backend_set_name: set,
      ip_address: "10.0.0.5",
      port: 30080,
      depends_on: ["oci_network_load_balancer_backend_set.lb_http_targets"],
    });
    expect(only(resource?.["oci_network_load_balancer_listener"])).toEqual({
      network_load_balancer_id: id,
      name: "http",
      default_backend_set_name: set,
      port: 80,
      protocol: "TCP",
      is_ppv2enabled: true,
      depends_on: ["oci_network_load_balancer_backend.lb_http_server"],
    });
  });

  test("GIVEN several listeners THEN each waits for the one before: OCI refuses changes at the same time", () => {
    const { resource } = build({ http: {}, ssh: { port: 22, targetPort: 22 } }).json;

    expect(resource?.["oci_network_load_balancer_backend_set"]?.["lb_ssh_targets"]).toMatchObject({
      depends_on: ["oci_network_load_balancer_listener.lb_http"],
    });
    expect(resource?.["oci_network_load_balancer_listener"]?.["lb_ssh"]).toMatchObject({ is_ppv2enabled: false });
  });

  test("GIVEN targets by count THEN there is a backend for each", () => {
    const { json } = synthesizeLayer((layer) => {
      const nodes = new TerraformVariable(layer, "nodes", { type: "number", description: "Nodes" });
      const count = TerraformCount.of(nodes.numberValue);
      const balancer = new NetworkLoadBalancer(layer, "lb", {
        name: "app",
        compartmentId: "c-1",
        subnetId: "s-1",
        securityGroupId: "g-1",
      });
      balancer.listen("http", { port: 80, targetPort: 30080, targets: [{ id: "agent", ipAddress: "x", count }] });
    });

    expect(only(json.resource?.["oci_network_load_balancer_backend"])).toMatchObject({ count: "${var.nodes}" });
  });

  test("fails with all problems of a listener", () => {
    expect(() => build({ http: { port: 0, targetPort: 70000, targets: [] } })).toThrow(
      [
        "test/lb: 3 problems",
        '  - port of "http" is 0, which is not between 1 and 65535',
        '  - targetPort of "http" is 70000, which is not between 1 and 65535',
        '  - "http" has no target to forward to',
      ].join("\n"),
    );
  });

  test("fails when two listen on one port, naming both", () => {
    expect(() => build({ http: {}, web: {} })).toThrow('test/lb: port 80 of "web" is listened on by "http" already');
  });
});
