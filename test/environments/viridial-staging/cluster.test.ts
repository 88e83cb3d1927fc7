import { viridialCluster } from "../../../environments/viridial-staging/cluster";
import viridialStaging from "../../../environments/viridial-staging";
import { PRODUCTION, SETTINGS } from "../../../environments/viridial-staging/settings";
import { POLICIES } from "../../../constructs/policy/policies";
import { refusal } from "../../support/inputs";
import { jsonOf, testApp, testEnvironment } from "../../support/layers";
import { describeWithTerraform } from "../../support/terraform";

const layer = viridialCluster(testEnvironment("viridial-staging", "http"), SETTINGS);
const json = jsonOf(layer);

describe("the layer viridial-staging-cluster", () => {
  test("THEN 80 and 443 are open to the world, 22 and 6443 to admin_cidr_blocks, and nothing else is", () => {
    expect(layer.openPorts.map(({ port, from }) => [port, from])).toEqual([
      [22, "admin_cidr_blocks"],
      [6443, "admin_cidr_blocks"],
      [80, "world"],
      [443, "world"],
    ]);
    const firewalls = Object.values(json.resource?.["hcloud_firewall"] ?? {}) as { rule: Record<string, string>[] }[];
    expect(
      firewalls.map(({ rule }) => rule.map((each) => [each["direction"], each["port"], each["source_ips"]])),
    ).toEqual([
      [
        ["in", "22", "${var.admin_cidr_blocks}"],
        ["in", "6443", "${var.admin_cidr_blocks}"],
      ],
    ]);
    const services = Object.values(json.resource?.["hcloud_load_balancer_service"] ?? {});
    expect(services.map((each) => [each["listen_port"], each["destination_port"], each["proxyprotocol"]])).toEqual([
      [80, 30080, true],
      [443, 30443, true],
    ]);
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
  });

  test("THEN every server is behind the firewall, and spread", () => {
    const servers = Object.values(json.resource?.["hcloud_server"] ?? {});
    expect(servers).toHaveLength(2);
    for (const server of servers) {
      expect(server).toMatchObject({
        firewall_ids: ["${hcloud_firewall.nodes.id}"],
        placement_group_id: "${hcloud_placement_group.cluster_spread.id}",
        delete_protection: true,
        rebuild_protection: true,
        backups: false,
      });
    }
  });

  test("THEN the API's address outlives the server, and the apply waits until it answers", () => {
    expect(json.resource?.["hcloud_primary_ip"]?.["cluster_api"]).toMatchObject({
      auto_delete: false,
      delete_protection: true,
    });
    expect(json.data?.["http"]?.["cluster_ready"]).toMatchObject({
      url: "https://${hcloud_primary_ip.cluster_api.ip_address}:6443/readyz",
      ca_cert_pem: "${tls_self_signed_cert.cluster_certificates_cluster.cert_pem}",
      depends_on: ["hcloud_server.cluster_control_plane"],
      retry: { attempts: 60, min_delay_ms: 10_000, max_delay_ms: 10_000 },
    });
    const outputs = Object.entries(json.output ?? {}) as [string, { sensitive?: boolean; depends_on?: string[] }][];
    expect(outputs.filter(([, { sensitive }]) => sensitive).map(([name]) => name)).toEqual([
      "bootstrap_token",
      "kubeconfig",
      "kubernetes_client_key",
    ]);
    for (const [name, { depends_on: after }] of outputs.filter(([name]) => /^kube/.test(name))) {
      expect([name, after]).toEqual([name, ["data.http.cluster_ready"]]);
    }
  });

  test("GIVEN the profile of production THEN there are four workers, with backups", () => {
    const production = jsonOf(viridialCluster(testEnvironment("viridial-staging", "http"), PRODUCTION));
    expect(production.variable?.["worker_count"]?.default).toBe(4);
    expect(json.variable?.["worker_count"]?.default).toBe(2);
    for (const server of Object.values(production.resource?.["hcloud_server"] ?? {})) {
      expect(server["backups"]).toBe(true);
    }
    expect(String(production.locals?.["cluster_control_plane_user_data"])).toContain("KEPT_SNAPSHOTS='28'");
  });

  test("THEN what the README calls by its address is there", () => {
    const text = layer.readmeSections.map(({ body }) => body).join("\n");
    const addresses = [...text.matchAll(/\b(hcloud_[a-z_]+)\.(\w+)/g)];
    for (const [, type, name] of addresses) {
      expect(json.resource?.[type ?? ""]).toHaveProperty(name ?? "");
    }
    expect(addresses.map(([address]) => address)).toEqual([
      "hcloud_server.cluster_worker",
      "hcloud_server.cluster_control_plane",
    ]);
  });

  test("fails for every setting that is not accepted", () => {
    const make = () =>
      viridialStaging(testApp(), {
        ...SETTINGS,
        workerCount: 10,
        etcdSnapshots: 0,
        release: { kubernetes: "1.35.0", containerd: "1.7" },
      });
    for (const message of [
      "workerCount is 10: use 9 and less: a placement group takes ten servers",
      "etcdSnapshots is 0: use 1 and more",
      'release.kubernetes is "1.35.0": use a release of 1.36 such as 1.36.3',
      'release.containerd is "1.7": use a minor release such as 2.2',
    ]) {
      expect(make).toThrow(message);
    }
  });
});

describeWithTerraform("the inputs of viridial-staging-cluster", () => {
  const VALID = {
    ssh_public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ops@example.com",
    admin_cidr_blocks: ["203.0.113.0/24"],
  };

  test.each([
    ["only what is required", {}],
    ["other sizes and places", { server_type: "cpx32", location: "hel1", worker_count: 9, join_token_generation: 7 }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each([
    ["the world", { admin_cidr_blocks: ["0.0.0.0/0"] }, "wider than /16"],
    ["two halves of the world", { admin_cidr_blocks: ["0.0.0.0/1", "128.0.0.0/1"] }, "wider than /16"],
    ["nobody", { admin_cidr_blocks: [] }, "admin_cidr_blocks is empty"],
    ["a type that cannot be ordered", { server_type: "cpx21" }, "cpx22 (2 vCPU, 4 GB, 19.99 EUR)"],
    ["a location overseas", { location: "ash" }, "location takes one of fsn1, hel1, nbg1"],
    ["no worker", { worker_count: 0 }, "worker_count takes a whole number from 1 to 9"],
    ["ten workers", { worker_count: 10 }, "worker_count takes a whole number from 1 to 9"],
    ["half a worker", { worker_count: 1.5 }, "worker_count takes a whole number from 1 to 9"],
    ["no generation", { join_token_generation: 0 }, "join_token_generation takes a whole number from 1"],
    ["a private key", { ssh_public_key: "-----BEGIN OPENSSH PRIVATE KEY-----" }, "never the private key"],
  ])("fails for %s", (_case, values, message) => {
    expect(refusal(json, { ...VALID, ...values })).toContain(message);
  });

  test.each(Object.keys(VALID))("fails without %s", (name) => {
    const rest = Object.fromEntries(Object.entries(VALID).filter(([key]) => key !== name));
    expect(refusal(json, rest)).toContain(`The root module input variable "${name}" is not set`);
  });
});
