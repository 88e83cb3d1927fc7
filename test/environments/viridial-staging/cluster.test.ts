import * as fs from "node:fs";
import { viridialCluster } from "../../../environments/viridial-staging/cluster";
import viridialStaging from "../../../environments/viridial-staging";
import { monthlyCost } from "../../../environments/viridial-staging/readme";
import { PRODUCTION, SETTINGS, type ViridialSettings } from "../../../environments/viridial-staging/settings";
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

  test("THEN workers and the control plane have types of their own, and each worker may have a volume", () => {
    const servers = json.resource?.["hcloud_server"] ?? {};
    expect(servers["cluster_control_plane"]?.["server_type"]).toBe("${var.control_plane_server_type}");
    expect(servers["cluster_worker"]?.["server_type"]).toBe("${var.server_type}");
    expect(json.variable?.["control_plane_server_type"]?.default).toBe("cpx22");
    expect(json.variable?.["server_type"]?.default).toBe("cpx32");
    expect(json.variable?.["volume_size_gib"]?.default).toBe(0);
    expect(json.resource?.["hcloud_volume"]?.["worker_volume"]).toMatchObject({
      count: "${(var.volume_size_gib >= 1) ? var.worker_count : 0}",
      delete_protection: true,
      lifecycle: { prevent_destroy: true },
    });
    expect(json.resource?.["hcloud_volume_attachment"]?.["worker_volume_attachment"]).toMatchObject({
      server_id: "${hcloud_server.cluster_worker[count.index].id}",
    });
  });

  describe("GIVEN three control planes", () => {
    const settings = { ...PRODUCTION, controlPlanes: 3 as const, workerCount: 2 };
    const three = viridialCluster(testEnvironment("viridial-staging", "http"), settings);
    const threeJson = jsonOf(three);

    test("THEN nothing more is open to anyone", () => {
      expect(three.openPorts).toEqual(layer.openPorts);
      expect(POLICIES.flatMap((policy) => policy(three, threeJson))).toEqual([]);
      expect(threeJson.resource?.["hcloud_firewall"]).toEqual(json.resource?.["hcloud_firewall"]);
    });

    test("THEN each is behind the firewall and spread, and what was there keeps its address", () => {
      const servers = threeJson.resource?.["hcloud_server"] ?? {};
      expect(Object.keys(servers)).toEqual([
        "cluster_control_plane",
        "cluster_control_plane_2",
        "cluster_control_plane_3",
        "cluster_worker",
      ]);
      for (const server of Object.values(servers)) {
        expect(server).toMatchObject({
          firewall_ids: ["${hcloud_firewall.nodes.id}"],
          placement_group_id: "${hcloud_placement_group.cluster_spread.id}",
          delete_protection: true,
          backups: true,
        });
      }
      for (const [type, blocks] of Object.entries(json.resource ?? {})) {
        expect(Object.keys(threeJson.resource?.[type] ?? {})).toEqual(expect.arrayContaining(Object.keys(blocks)));
      }
    });

    test("THEN admins keep to the address of the first, which the others are listed after", () => {
      expect(threeJson.data?.["http"]?.["cluster_ready"]).toMatchObject({
        url: "https://${hcloud_primary_ip.cluster_api.ip_address}:6443/readyz",
      });
      expect((threeJson.output?.["control_plane_addresses"] as { value?: unknown }).value).toEqual([
        "${hcloud_primary_ip.cluster_api.ip_address}",
        "${hcloud_server.cluster_control_plane_2.ipv4_address}",
        "${hcloud_server.cluster_control_plane_3.ipv4_address}",
      ]);
    });
  });

  test.each([
    ["one control plane", SETTINGS, ["hcloud_server.cluster_worker", "hcloud_server.cluster_control_plane"]],
    [
      "three",
      { ...SETTINGS, controlPlanes: 3 as const },
      [
        "hcloud_server.cluster_worker",
        "hcloud_server.cluster_control_plane_2",
        "hcloud_server.cluster_control_plane",
        "random_password.cluster_bootstrap_token_id",
        "random_password.cluster_bootstrap_token_secret",
      ],
    ],
  ])("GIVEN %s THEN what the README calls by its address is there", (_case, settings, expected) => {
    const made = viridialCluster(testEnvironment("viridial-staging", "http"), settings);
    const text = made.readmeSections.map(({ body }) => body).join("\n");
    const addresses = [...text.matchAll(/\b((?:hcloud|random)_[a-z_]+)\.(\w+)/g)];
    for (const [, type, name] of addresses) {
      expect(jsonOf(made).resource?.[type ?? ""]).toHaveProperty(name ?? "");
    }
    expect(addresses.map(([address]) => address)).toEqual([
      ...expected,
      "hcloud_volume_attachment.worker_volume_attachment",
      "hcloud_volume.worker_volume",
    ]);
  });

  test("GIVEN another network THEN the runbook that restores etcd has its address", () => {
    const other = viridialCluster(testEnvironment("viridial-staging", "http"), {
      ...SETTINGS,
      networkCidrBlock: "10.77.0.0/16",
    });
    const { body } = other.readmeSections.find(({ title }) => title === "Restoring etcd") ?? { body: "" };
    expect(body).toContain("--initial-advertise-peer-urls https://10.77.0.250:2380");
    expect(JSON.stringify(other.readmeSections)).not.toContain("10.40.");
  });

  test.each([
    ["staging", SETTINGS, 99.46],
    ["production", { ...PRODUCTION, controlPlanes: 1 as const, workerCount: 4 }, 203.73],
    ["production with three control planes", { ...PRODUCTION, controlPlanes: 3 as const, workerCount: 2 }, 230.42],
  ])("THEN the page of the environment has the price of %s", (_profile, settings, sum) => {
    expect(monthlyCost(settings).sum).toBeCloseTo(sum, 2);
    expect(fs.readFileSync("docs/environments/viridial-staging.md", "utf8")).toContain(`**${sum.toFixed(2)}**`);
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
      "workerCount is 10: use 9 and less, 7 beside three control planes: a placement group takes ten servers",
      "etcdSnapshots is 0: use 1 and more",
      'release.kubernetes is "1.35.0": use a release of 1.36 such as 1.36.3',
      'release.containerd is "1.7": use a minor release such as 2.3',
    ]) {
      expect(make).toThrow(message);
    }
  });
});

test.each([
  [{ controlPlanes: 2 }, "controlPlanes is 2: use 1 or 3: etcd needs an odd number of members"],
  [
    { controlPlanes: 3, workerCount: 8 },
    "workerCount is 8: use 7 and less beside three control planes: a placement group takes ten servers",
  ],
])("fails for the settings %p", (values, message) => {
  expect(() => viridialStaging(testApp(), { ...SETTINGS, ...values } as ViridialSettings)).toThrow(message);
});

describeWithTerraform("the inputs of viridial-staging-cluster", () => {
  const VALID = {
    ssh_public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ops@example.com",
    admin_cidr_blocks: ["203.0.113.0/24"],
  };

  test.each([
    ["only what is required", {}],
    ["other sizes and places", { server_type: "cpx42", location: "hel1", worker_count: 9, join_token_generation: 7 }],
    ["a larger control plane, and volumes", { control_plane_server_type: "cpx32", volume_size_gib: 10 }],
  ])("GIVEN %s THEN Terraform accepts them", (_case, values) => {
    expect(refusal(json, { ...VALID, ...values })).toBe("");
  });

  test.each([
    ["the world", { admin_cidr_blocks: ["0.0.0.0/0"] }, "wider than /16"],
    ["two halves of the world", { admin_cidr_blocks: ["0.0.0.0/1", "128.0.0.0/1"] }, "wider than /16"],
    ["nobody", { admin_cidr_blocks: [] }, "admin_cidr_blocks is empty"],
    ["a type that cannot be ordered", { control_plane_server_type: "cpx21" }, "cpx22 (2 vCPU, 4 GB, 19.49 EUR)"],
    ["workers that do not hold the platform", { server_type: "cpx22" }, "server_type takes one of cpx32 (4 vCPU, 8 GB"],
    [
      "a volume that Hetzner does not make",
      { volume_size_gib: 9 },
      "volume_size_gib takes 0 for no volumes, or a whole",
    ],
    ["half a GiB", { volume_size_gib: 10.5 }, "volume_size_gib takes 0 for no volumes, or a whole number from 10"],
    ["a location overseas", { location: "ash" }, "location takes one of fsn1, hel1, nbg1"],
    ["too few workers", { worker_count: 1 }, "worker_count takes a whole number from 2 to 9"],
    ["ten workers", { worker_count: 10 }, "worker_count takes a whole number from 2 to 9"],
    ["half a worker", { worker_count: 2.5 }, "worker_count takes a whole number from 2 to 9"],
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
