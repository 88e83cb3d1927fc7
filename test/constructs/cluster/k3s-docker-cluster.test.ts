import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformVariable } from "cdktf";
import { parse } from "yaml";
import {
  K3sDockerCluster,
  type K3sDockerClusterProps,
  nodeStorageProblems,
} from "../../../constructs/cluster/k3s-docker-cluster";
import { type Layer } from "../../../constructs/core/layer";
import { POLICIES } from "../../../constructs/policy/policies";
import { synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

type Json = Record<string, unknown>;

interface ContainerJson extends Json {
  readonly env: readonly string[];
  readonly ports: readonly { readonly external: number; readonly internal: number; readonly ip: string }[];
  readonly mounts: readonly Json[];
  readonly upload: readonly { readonly file: string; readonly content: string; readonly permissions: string }[];
}

const AGENTS = [
  { ipv4Address: "172.30.0.21", memoryMib: 4096 },
  { ipv4Address: "172.30.0.22", memoryMib: 4096 },
];

function build(more: (layer: Layer) => Partial<K3sDockerClusterProps> = () => ({})) {
  let cluster: K3sDockerCluster | undefined;
  let ready = "";
  const { json, layer } = synthesizeLayer((it) => {
    cluster = new K3sDockerCluster(it, "cluster", {
      name: "lab",
      image: "rancher/k3s:v1.36.3-k3s1",
      network: { name: "lab" },
      domain: "lab.local",
      server: { ipv4Address: "172.30.0.20", memoryMib: 6144 },
      tokenFile: "/home/me/k3s_token",
      plainHttpRegistry: "registry.lab.local:5001",
      podDnsServers: "1.1.1.1 9.9.9.9",
      ...more(it),
    });
    ready = cluster.waitUntilReady();
  });
  const containers = (json.resource?.["docker_container"] ?? {}) as unknown as Record<string, ContainerJson>;
  return { cluster: cluster as K3sDockerCluster, ready, json, layer, containers };
}

const textOf = (container: ContainerJson | undefined, file: string) =>
  container?.upload.find((upload) => upload.file === file)?.content ?? "";
const configurationOf = (container: ContainerJson | undefined) =>
  parse(textOf(container, "/etc/rancher/k3s/config.yaml")) as Json;

describe("K3sDockerCluster", () => {
  test("GIVEN no agent THEN the one node is a machine of its own, on loopback and at its address, with a volume that is kept", () => {
    const { cluster, containers, json, layer } = build(() => ({ nodePorts: { 80: 30080, 443: 30443 } }));

    expect(Object.keys(containers)).toEqual(["cluster_server"]);
    expect(containers["cluster_server"]).toMatchObject({
      name: "lab-k3s-server",
      image: "${docker_image.cluster_server_image.image_id}",
      networks_advanced: [{ name: "lab", aliases: ["k3s.lab.local"], ipv4_address: "172.30.0.20" }],
      privileged: true,
      cgroupns_mode: "private",
      read_only: false,
      memory: 6144,
      memory_swap: 6144,
      tmpfs: {
        "/run": "rw,nosuid,nodev,mode=0755,size=512m",
        "/var/run": "rw,nosuid,nodev,mode=0755,size=512m",
      },
      entrypoint: ["/bin/sh", "/etc/rancher/start.sh", "server"],
      env: ["K3S_TOKEN_FILE=/etc/rancher/token", "NODE_MEMORY_MIB=6144", "POD_DNS_SERVERS=1.1.1.1 9.9.9.9"],
      mounts: [
        {
          type: "volume",
          source: "${docker_volume.cluster_server_data.name}",
          target: "/var/lib/rancher/k3s",
        },
        { type: "bind", source: "/home/me/k3s_token", target: "/etc/rancher/token", read_only: true },
      ],
      restart: "unless-stopped",
      wait: true,
    });
    expect(containers["cluster_server"]?.ports).toEqual([
      { external: 6443, internal: 6443, ip: "127.0.0.1", protocol: "tcp" },
      { external: 80, internal: 30080, ip: "127.0.0.1", protocol: "tcp" },
      { external: 443, internal: 30443, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    expect(json.resource?.["docker_volume"]).toEqual({
      cluster_server_data: { name: "lab-k3s-server", lifecycle: { prevent_destroy: true } },
    });
    expect(json.resource?.["docker_image"]).toEqual({
      cluster_server_image: { name: "rancher/k3s:v1.36.3-k3s1", keep_locally: true },
    });
    expect(cluster).toMatchObject({
      host: "https://127.0.0.1:6443",
      internalHost: "https://k3s.lab.local:6443",
      containers: ["docker_container.cluster_server"],
    });
    expect(POLICIES.flatMap((policy) => policy(layer, json))).toEqual([]);
  });

  test("THEN K3s leaves out what others bring, keeps what it needs, and leaves the rest of the memory to pods", () => {
    const { containers } = build();

    expect(configurationOf(containers["cluster_server"])).toEqual({
      "node-name": "lab-server",
      "node-ip": "172.30.0.20",
      "resolv-conf": "/etc/rancher/pods-resolv.conf",
      "kube-proxy-arg": ["conntrack-max-per-core=0"],
      "kubelet-arg": [
        "system-reserved=cpu=300m,memory=824Mi",
        "eviction-hard=memory.available<200Mi,nodefs.available<4Gi,imagefs.available<4Gi",
      ],
      "tls-san": ["127.0.0.1", "172.30.0.20", "k3s.lab.local"],
      "write-kubeconfig-mode": "0600",
      "secrets-encryption": true,
      "flannel-backend": "none",
      "disable-network-policy": true,
      "disable-helm-controller": true,
      disable: ["traefik", "servicelb"],
      "kube-controller-manager-arg": ["terminated-pod-gc-threshold=50"],
    });
    expect(parse(textOf(containers["cluster_server"], "/etc/rancher/k3s/registries.yaml"))).toEqual({
      mirrors: { "registry.lab.local:5001": { endpoint: ["http://registry.lab.local:5001"] } },
    });
  });

  test("GIVEN another storage THEN K3s makes no volumes in folders", () => {
    expect(configurationOf(build(() => ({ localStorage: false })).containers["cluster_server"])["disable"]).toEqual([
      "traefik",
      "servicelb",
      "local-storage",
    ]);
  });

  test("THEN its authorities are there before it starts, for root alone, and the README says that they are in the state", () => {
    const { containers, json, layer } = build();
    const authorities = containers["cluster_server"]?.upload.filter(({ file }) => file.includes("/server/tls/"));
    const pem = (type: string, id: string, attribute: string) => `\${${type}.cluster_certificates_${id}.${attribute}}`;

    expect(authorities).toEqual([
      ...[
        ["server-ca", "server"],
        ["client-ca", "client"],
        ["request-header-ca", "request_header"],
      ].flatMap(([name = "", id = ""]) => [
        {
          file: `/var/lib/rancher/k3s/server/tls/${name}.crt`,
          content: pem("tls_self_signed_cert", id, "cert_pem"),
          permissions: "0600",
        },
        {
          file: `/var/lib/rancher/k3s/server/tls/${name}.key`,
          content: pem("tls_private_key", `${id}_key`, "private_key_pem"),
          permissions: "0600",
        },
      ]),
      {
        file: "/var/lib/rancher/k3s/server/tls/service.key",
        content: "${tls_private_key.cluster_service_account_key.private_key_pem}",
        permissions: "0600",
      },
    ]);
    expect(json.resource?.["tls_private_key"]?.["cluster_service_account_key"]).toEqual({
      algorithm: "RSA",
      rsa_bits: 2048,
    });
    expect(layer.stateSecrets.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        "`docker_container.cluster_server`: `upload`",
        "`tls_private_key.cluster_service_account_key.private_key_pem`",
      ]),
    );
  });

  test("GIVEN agents THEN they join the server's address once it is healthy, publish nothing and have no authority", () => {
    const { cluster, containers, json, ready } = build(() => ({ agents: AGENTS, nodePorts: { 80: 30080 } }));

    expect(cluster.containers).toEqual([
      "docker_container.cluster_server",
      "docker_container.cluster_agent_1",
      "docker_container.cluster_agent_2",
    ]);
    expect(containers["cluster_agent_2"]).toMatchObject({
      name: "lab-k3s-agent-2",
      networks_advanced: [{ name: "lab", aliases: ["k3s-agent-2.lab.local"], ipv4_address: "172.30.0.22" }],
      ports: [],
      entrypoint: ["/bin/sh", "/etc/rancher/start.sh", "agent"],
      depends_on: ["docker_container.cluster_server"],
    });
    expect(configurationOf(containers["cluster_agent_2"])).toEqual({
      "node-name": "lab-agent-2",
      "node-ip": "172.30.0.22",
      "resolv-conf": "/etc/rancher/pods-resolv.conf",
      "kube-proxy-arg": ["conntrack-max-per-core=0"],
      "kubelet-arg": [
        "system-reserved=cpu=100m,memory=312Mi",
        "eviction-hard=memory.available<200Mi,nodefs.available<4Gi,imagefs.available<4Gi",
      ],
      server: "https://172.30.0.20:6443",
    });
    expect(containers["cluster_agent_2"]?.upload.map(({ file }) => file)).toEqual([
      "/etc/rancher/start.sh",
      "/etc/rancher/k3s/config.yaml",
      "/etc/rancher/k3s/registries.yaml",
    ]);
    expect(ready).toBe("data.http.cluster_ready");
    expect(json.data?.["http"]?.["cluster_ready"]?.["depends_on"]).toEqual(cluster.containers);
    expect(JSON.stringify(json.data?.["http"]?.["cluster_ready"]?.["lifecycle"])).toContain(
      "docker logs --tail 50 lab-k3s-server",
    );
  });

  test.each([
    ["with agents", AGENTS, "cluster_agent_1"],
    ["without", [], "cluster_server"],
  ])("GIVEN a card that an input asks for, %s THEN one node has it, by another image", (_case, agents, id) => {
    const { containers, json } = build((layer) => {
      const input = (name: string, type: string) => new TerraformVariable(layer, name, { type, description: name });
      return {
        agents,
        imageDigest: "sha256:0",
        gpu: { when: input("gpu", "bool"), driverFolder: input("driver", "string"), image: "k3s-gpu:v1" },
      };
    });
    const stock = "rancher/k3s:v1.36.3-k3s1";
    const images = Object.entries(json.resource?.["docker_image"] ?? {}).map(([name, image]) => [name, image["name"]]);

    expect(Object.entries(containers).filter(([, { gpus }]) => gpus !== undefined)).toEqual([
      [id, expect.objectContaining({ gpus: '${var.gpu ? "all" : null}' })],
    ]);
    expect(containers[id]?.["dynamic"]).toEqual({
      mounts: {
        for_each: '${var.gpu && var.driver != "" ? [var.driver] : []}',
        content: { type: "bind", source: "${mounts.value}", target: "${mounts.value}", read_only: true },
      },
    });
    expect(Object.fromEntries(images)).toEqual({
      ...Object.fromEntries(
        Object.keys(containers).map((name) => [`${name}_image`, `\${join("@", compact(["${stock}", "sha256:0"]))}`]),
      ),
      [`${id}_image`]: `\${var.gpu ? "k3s-gpu:v1" : join("@", compact(["${stock}", "sha256:0"]))}`,
    });
  });

  test("GIVEN memory that is an input THEN the kubelet is told the same number", () => {
    const { containers } = build((layer) => ({
      server: {
        ipv4Address: "172.30.0.20",
        memoryMib: new TerraformVariable(layer, "memory", { type: "number", description: "m" }).numberValue,
      },
    }));

    expect(containers["cluster_server"]).toMatchObject({ memory: "${var.memory}", memory_swap: "${var.memory}" });
    expect(containers["cluster_server"]?.env).toContain("NODE_MEMORY_MIB=${var.memory}");
  });

  test("fails with all problems at once: a name, memory, an address that belongs to two nodes", () => {
    expect(() =>
      build(() => ({
        name: "Lab",
        server: { ipv4Address: "172.30.0.20", memoryMib: 1024 },
        agents: [{ ipv4Address: "172.30.0.20", memoryMib: 2048 }],
      })),
    ).toThrow(
      [
        "test/cluster: 3 problems",
        '  - name is "Lab": use lower-case letters, digits and "-"',
        "  - the node 172.30.0.20 has 1024 MiB: K3s and a few pods need 2048 and more",
        "  - the address 172.30.0.20 belongs to two nodes: each needs its own",
      ].join("\n"),
    );
  });
});

describe("nodeStorageProblems", () => {
  test.each(["local-path", "nfs"])("GIVEN %s THEN nothing is wrong with it", (storage) => {
    expect(nodeStorageProblems(storage)).toEqual([]);
  });

  test("fails for longhorn, with the reason", () => {
    expect(nodeStorageProblems("longhorn")).toEqual([
      'storage is "longhorn", which needs open-iscsi\'s daemon on every node: these nodes are containers with nothing but K3s in them, and cannot have it; use local-path or nfs',
    ]);
  });
});

describe("what starts a node", () => {
  const SCRIPT = "constructs/cluster/k3s-docker-node/start.sh";

  /** Runs it in a folder instead of a container, with stand-ins that say how they were called. */
  const start = ({ gpu = false, mounted = false } = {}) => {
    const root = temporaryFolder();
    const bin = path.join(root, "bin");
    fs.mkdirSync(path.join(root, "proc"), { recursive: true });
    fs.mkdirSync(bin);
    const tools = ["mount", "k3s", ...(gpu ? ["nvidia-container-runtime", "ldconfig"] : [])];
    for (const tool of tools) {
      fs.writeFileSync(path.join(bin, tool), `#!/bin/sh\necho "${tool} $*"\n`, { mode: 0o755 });
    }
    // What of the real machine stands in its way, in a test.
    const own = fs.readFileSync(SCRIPT, "utf8").replaceAll(" /proc/", ` ${root}/proc/`);
    fs.writeFileSync(
      path.join(root, "proc/meminfo"),
      "MemTotal:       32768000 kB\nMemFree:         1000 kB\nMemAvailable:   2000 kB\nBuffers:  7 kB\nSwapTotal: 9 kB\nSwapFree: 9 kB\n",
    );
    fs.writeFileSync(path.join(root, "proc/mounts"), mounted ? `bpf ${root}/sys/fs/bpf bpf rw 0 0\n` : "");
    const run = () =>
      spawnSync("sh", ["-c", own, "start.sh", "agent"], {
        encoding: "utf8",
        env: {
          PATH: `${bin}:/usr/bin:/bin`,
          NODE_ROOT: root,
          NODE_MEMORY_MIB: "2048",
          POD_DNS_SERVERS: "1.1.1.1 9.9.9.9",
        },
      });
    const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
    return { root, run, read };
  };

  test("GIVEN a first start THEN mounts are shared, the memory is the container's, pods have resolvers, and K3s takes over", () => {
    const { root, run, read } = start();

    expect(run()).toMatchObject({
      status: 0,
      stderr: "",
      stdout: [
        `mount --make-rshared ${root}/`,
        `mount -t bpf bpf ${root}/sys/fs/bpf`,
        `mount -o bind ${root}/etc/rancher/meminfo ${root}/proc/meminfo`,
        "k3s agent",
        "",
      ].join("\n"),
    });
    expect(read("etc/rancher/meminfo")).toBe(
      "MemTotal: 2097152 kB\nMemFree: 2097152 kB\nMemAvailable: 2097152 kB\nBuffers:  7 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
    );
    expect(read("etc/rancher/pods-resolv.conf")).toBe("nameserver 1.1.1.1\nnameserver 9.9.9.9\n");
    expect(fs.readlinkSync(path.join(root, "etc/rancher/node"))).toBe("/var/lib/rancher/k3s/node");
    expect(fs.statSync(path.join(root, "var/lib/rancher/k3s/node")).isDirectory()).toBe(true);
  });

  test("GIVEN a second start of the same container THEN it does the same again", () => {
    const { run, read } = start();

    expect([run().status, run().status]).toEqual([0, 0]);
    expect(read("etc/rancher/pods-resolv.conf")).toBe("nameserver 1.1.1.1\nnameserver 9.9.9.9\n");
  });

  test("GIVEN the file system of programs is mounted THEN it is not mounted over", () => {
    expect(start({ mounted: true }).run().stdout).not.toContain("mount -t bpf");
  });

  test("GIVEN NVIDIA's runtime THEN the libraries are found, and the node says that it has a card", () => {
    const { stdout } = start({ gpu: true }).run();

    expect(stdout.split("\n").slice(-3)).toEqual([
      "ldconfig ",
      "k3s agent --node-label=nvidia.com/gpu.present=true",
      "",
    ]);
  });

  describeWithProgram("shellcheck", "its lint", () => {
    test("THEN shellcheck has nothing to say, and Terraform gets it as it is", () => {
      expect(spawnSync("shellcheck", [SCRIPT], { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "" });
      expect(textOf(build().containers["cluster_server"], "/etc/rancher/start.sh").replaceAll("$${", "${")).toBe(
        fs.readFileSync(SCRIPT, "utf8"),
      );
    });
  });
});
