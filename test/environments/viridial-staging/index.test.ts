import { type Layer, type TerraformJson } from "../../../constructs/core/layer";
import { ENVIRONMENT_POLICIES, POLICIES } from "../../../constructs/policy/policies";
import viridialStaging from "../../../environments/viridial-staging";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../environments/viridial-staging/settings";
import { withApp } from "../../support/construct";
import { jsonOf } from "../../support/layers";

type Block = Readonly<Record<string, unknown>>;

const synthesized = (settings: ViridialSettings): readonly (readonly [Layer, TerraformJson])[] =>
  withApp((app) => viridialStaging(app, settings).layers.map((layer) => [layer, jsonOf(layer)] as const));

const PROFILES = [
  ["staging", SETTINGS],
  ["production", PRODUCTION],
  ["production with three control planes", { ...PRODUCTION, controlPlanes: 3 as const, workerCount: 2 }],
] as const satisfies readonly (readonly [string, ViridialSettings])[];

describe.each(PROFILES)("viridial-staging as %s", (_name, settings) => {
  const layers = synthesized(settings);

  test("THEN nothing is wrong with it, and all of it fits the nodes", () => {
    const problems = layers.flatMap(([layer]) =>
      layer.node.findAll().flatMap((construct) => construct.node.validate()),
    );
    expect(problems).toEqual([]);
    for (const [layer, json] of layers) {
      expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
    }
    expect(ENVIRONMENT_POLICIES.flatMap((policy) => policy(new Map(layers)))).toEqual([]);
  });
  const blocks = (type: string): Block[] =>
    layers.flatMap(([, json]) => Object.values(json.resource?.[type] ?? {}) as Block[]);

  test("THEN its layers are applied in this order", () => {
    const names = layers.map(([layer]) => layer.node.id.replace("viridial-staging-", ""));
    expect(names.filter((name) => !name.startsWith("tenants-"))).toEqual([
      "cluster",
      "platform",
      "vault",
      "data",
      "services",
      "dns",
    ]);
    expect(names.filter((name) => name.startsWith("tenants-"))).toEqual(
      Array.from({ length: settings.tenantShards }, (_, index) => `tenants-${String(index).padStart(2, "0")}`),
    );
    expect(names.indexOf("tenants-00")).toBe(names.indexOf("services") + 1);
  });

  describe("what can be reached from outside", () => {
    test("THEN layers declare 80 and 443 for the world, 22 and 6443 for admins, and nothing else", () => {
      const ports = layers.flatMap(([layer]) =>
        layer.openPorts.map(({ port, protocol, from }) => [port, protocol, from]),
      );
      expect(ports.sort(([a], [b]) => Number(a) - Number(b))).toEqual([
        [22, "tcp", "admin_cidr_blocks"],
        [80, "tcp", "world"],
        [443, "tcp", "world"],
        [6443, "tcp", "admin_cidr_blocks"],
      ]);
    });

    test("THEN the firewall of the nodes opens just that for admins, and every server is behind it", () => {
      const rules = blocks("hcloud_firewall").flatMap(({ rule }) => rule as Block[]);
      expect(rules.map(({ direction, protocol, port, source_ips: from }) => [direction, protocol, port, from])).toEqual(
        [
          ["in", "tcp", "22", "${var.admin_cidr_blocks}"],
          ["in", "tcp", "6443", "${var.admin_cidr_blocks}"],
        ],
      );
      const firewalls = blocks("hcloud_server").map(({ firewall_ids: ids }) => ids);
      expect(new Set(firewalls.map((ids) => JSON.stringify(ids))).size).toBe(1);
      expect(firewalls[0]).toHaveLength(1);
    });

    test("THEN load balancers with a public interface listen on 80 and 443 only", () => {
      const internal = blocks("hcloud_load_balancer_network")
        .filter(({ enable_public_interface: open }) => open === false)
        .map(({ load_balancer_id: id }) => id);
      const open = blocks("hcloud_load_balancer_service").filter(({ load_balancer_id: id }) => !internal.includes(id));
      expect(open.map(({ protocol, listen_port: port }) => [protocol, port])).toEqual([
        ["tcp", 80],
        ["tcp", 443],
      ]);
    });

    test("THEN Kubernetes gives node ports to Traefik alone, and makes no load balancer", () => {
      const services = blocks("kubernetes_service_v1").map(({ metadata, spec }) => ({
        name: (metadata as Block)["name"],
        type: (spec as Block)["type"] ?? "ClusterIP",
      }));
      expect(services.filter(({ type }) => type !== "ClusterIP")).toEqual([{ name: "traefik", type: "NodePort" }]);
      const quotas = blocks("kubernetes_resource_quota_v1")
        .map(({ metadata, spec }) => ({
          ...(metadata as Block),
          hard: (spec as { hard: Record<string, string> }).hard,
        }))
        .filter(({ name }: Block) => name === "quota") as { namespace: string; hard: Record<string, string> }[];
      expect(quotas).toHaveLength(blocks("kubernetes_namespace_v1").length);
      expect(quotas.filter(({ hard }) => hard["services.loadbalancers"] !== "0")).toEqual([]);
      expect(quotas.filter(({ hard }) => hard["services.nodeports"] !== "0").map(({ namespace }) => namespace)).toEqual(
        ["traefik"],
      );
    });

    test("THEN no chart is told to make a Service that is reached from outside, or a port of the node", () => {
      const outside = layers.flatMap(([layer, json]) =>
        Object.entries((json.resource?.["helm_release"] ?? {}) as Record<string, { values?: unknown }>)
          .filter(([, { values }]) => /type: (LoadBalancer|NodePort)|hostPort: \d/.test(JSON.stringify(values ?? "")))
          .map(([name]) => `${layer.node.id}/${name}`),
      );
      expect(outside).toEqual([]);
    });
  });

  test("THEN every namespace denies what no policy allows, and Pod Security is restricted unless it says why", () => {
    const namespaces = blocks("kubernetes_namespace_v1").map(({ metadata }) => metadata as Block);
    const denied = blocks("kubernetes_network_policy_v1")
      .filter(({ metadata }) => (metadata as Block)["name"] === "default-deny")
      .map(({ metadata }) => (metadata as Block)["namespace"]);
    expect([...denied].sort()).toEqual(namespaces.map(({ name }) => name).sort());
    const exceptions = namespaces.filter(
      ({ labels }) => (labels as Record<string, string>)["pod-security.kubernetes.io/enforce"] !== "restricted",
    );
    expect(
      exceptions.filter(({ annotations }) => !(annotations as Block | undefined)?.["socle/pod-security-reason"]),
    ).toEqual([]);
  });
});
