import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { TerraformLocal, TerraformVariable } from "cdktf";
import { parse } from "yaml";
import { AUDIT_POLICY } from "../../../constructs/cluster/audit-policy";
import {
  joinToken,
  k3sAgentUserData,
  k3sServerUserData,
  type K3sServerUserDataProps,
} from "../../../constructs/cluster/k3s-user-data";
import { type CloudConfig, OCI_USER_DATA_LIMIT_BYTES } from "../../../constructs/compute/cloud-config";
import { synthesizeLayer } from "../../support/construct";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

/** As long as real ones: ECDSA with P-256. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${"A".repeat(620)}\n-----END CERTIFICATE-----\n`;
const PAIR = { certificate: CERTIFICATE, privateKey: `-----BEGIN EC PRIVATE KEY-----\n${"B".repeat(164)}\n` };
const NODE = {
  release: { version: "v1.36.4+k3s1", sha256: "c".repeat(64) },
  networkCidr: "10.30.0.0/16",
  metadataNamespaces: ["vault"],
};
const SERVER: K3sServerUserDataProps = {
  ...NODE,
  serverPassword: "server-password",
  agentPassword: "agent-password",
  serverNames: ["192.0.2.10"],
  serverAuthority: PAIR,
  clientAuthority: PAIR,
  requestHeaderAuthority: PAIR,
};

/** What cloud-init reads, once Terraform has unescaped it and worked out its one function. */
const rendered = (text: string) =>
  text.replace(/([$%])\1\{/g, "$1{").replace(/\$\{TfToken\[[^\]]*\]\}/g, Buffer.from(CERTIFICATE).toString("base64"));
const server = rendered(k3sServerUserData(SERVER));
const agent = rendered(k3sAgentUserData({ ...NODE, token: "K10abc::node:agent-password", serverAddress: "10.30.0.7" }));
const config = (text: string) => parse(text) as Required<CloudConfig>;
const file = (text: string, name: string) => config(text).write_files.find((each) => each.path === name);

describe("k3sServerUserData", () => {
  test("THEN the authorities are there before the first start, as they are, for root alone", () => {
    for (const name of ["server-ca", "client-ca", "request-header-ca"]) {
      for (const kind of ["crt", "key"]) {
        const found = file(server, `/var/lib/rancher/k3s/server/tls/${name}.${kind}`);
        expect(found).toMatchObject({ encoding: "b64", permissions: "0600" });
        expect(Buffer.from(found?.content ?? "", "base64").toString()).toBe(CERTIFICATE);
      }
    }
  });

  test("THEN K3s knows the load balancer's address, encrypts Secrets, and brings neither Traefik nor load balancers", () => {
    const found = file(server, "/etc/rancher/k3s/config.yaml");
    expect(found?.permissions).toBe("0600");
    expect(parse(found?.content ?? "")).toEqual({
      token: "server-password",
      "agent-token": "agent-password",
      "tls-san": ["192.0.2.10"],
      "secrets-encryption": true,
      "write-kubeconfig-mode": "0600",
      disable: ["traefik", "servicelb"],
      "protect-kernel-defaults": true,
      "kube-apiserver-arg": [
        "audit-policy-file=/etc/rancher/k3s/audit.yaml",
        "audit-log-path=/var/lib/rancher/k3s/server/logs/audit.log",
        "audit-log-maxage=30",
        "audit-log-maxbackup=5",
        "audit-log-maxsize=50",
      ],
      "kube-controller-manager-arg": ["terminated-pod-gc-threshold=50"],
      "kubelet-arg": [
        "streaming-connection-idle-timeout=5m",
        "system-reserved=cpu=300m,memory=1536Mi",
        "eviction-hard=memory.available<200Mi,nodefs.available<10%,imagefs.available<10%",
      ],
    });
  });

  test("THEN the audit log tells who did what, and never the content of an object", () => {
    expect(parse(file(server, "/etc/rancher/k3s/audit.yaml")?.content ?? "")).toEqual(AUDIT_POLICY);
  });

  test("THEN everything starts at every boot, K3s after its release and the firewall", () => {
    expect(config(server).runcmd).toEqual([
      ["sysctl", "--load=/etc/sysctl.d/90-kubelet.conf"],
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "k3s-node-install", "k3s-node-firewall", "k3s-node-metadata", "k3s"],
      ["systemctl", "start", "--no-block", "k3s-node-install", "k3s-node-firewall", "k3s-node-metadata", "k3s"],
    ]);
    const unit = file(server, "/etc/systemd/system/k3s.service")?.content;
    expect(unit).toContain("Requires=k3s-node-install.service k3s-node-firewall.service\n");
    expect(unit).toContain("After=network-online.target k3s-node-install.service k3s-node-firewall.service\n");
    expect(unit).toContain("exec /usr/local/bin/k3s server'\n");
    expect(unit).toContain("Type=notify\n");
    expect(file(server, "/etc/systemd/system/k3s-node-firewall.service")?.content).toContain(
      "After=netfilter-persistent.service\n",
    );
  });

  test("GIVEN a download that fails at first THEN it is tried again, and K3s starts when it succeeds", () => {
    const unit = file(server, "/etc/systemd/system/k3s-node-install.service")?.content;
    expect(unit).toContain("Wants=network-online.target k3s.service\n");
    expect(unit).toContain("Restart=on-failure\nRestartSec=30\n");
    expect(unit).toContain("StartLimitIntervalSec=0\n");
  });

  test("GIVEN a firewall that is made anew THEN the named pods are let in again", () => {
    expect(file(server, "/etc/systemd/system/k3s-node-metadata.service")?.content).toContain(
      "PartOf=k3s-node-firewall.service\n",
    );
  });

  test("THEN the scripts know the pinned release, the network and the namespaces", () => {
    expect(file(server, "/etc/k3s-node/environment")?.content).toBe(
      [
        "K3S_VERSION='v1.36.4+k3s1'",
        `K3S_SHA256='${"c".repeat(64)}'`,
        "K3S_RELEASES='https://github.com/k3s-io/k3s/releases/download'",
        "K3S_BINARY='/usr/local/bin/k3s'",
        "K3S_CONFIG_DIR='/etc/rancher/k3s'",
        "NETWORK_CIDR='10.30.0.0/16'",
        "POD_CIDR='10.42.0.0/16'",
        "METADATA_NAMESPACES='vault'",
        "METADATA_INTERVAL_SECONDS='10'",
        "",
      ].join("\n"),
    );
    for (const name of ["install", "firewall", "metadata"]) {
      expect(file(server, `/usr/local/sbin/k3s-node-${name}`)).toEqual({
        path: `/usr/local/sbin/k3s-node-${name}`,
        content: fs.readFileSync(path.resolve(`constructs/compute/k3s-node/${name}.sh`), "utf8"),
        permissions: "0755",
      });
    }
  });

  test("GIVEN no namespace THEN nothing watches for pods to let in", () => {
    const text = rendered(k3sServerUserData({ ...SERVER, metadataNamespaces: [] }));
    expect(
      config(text)
        .write_files.map((each) => each.path)
        .filter((name) => name.includes("metadata")),
    ).toEqual([]);
    expect(config(text).runcmd[2]).toEqual(["systemctl", "enable", "k3s-node-install", "k3s-node-firewall", "k3s"]);
  });

  test("THEN it fits into OCI's metadata with real certificates", () => {
    expect(OCI_USER_DATA_LIMIT_BYTES).toBe(22_500);
    expect(Buffer.byteLength(server)).toBeLessThanOrEqual(OCI_USER_DATA_LIMIT_BYTES);
  });

  test("fails with all malformed props", () => {
    expect(() =>
      k3sServerUserData({
        ...SERVER,
        release: { version: "1.36.4", sha256: "C".repeat(64) },
        networkCidr: "10.30.0.0",
        metadataNamespaces: ["vault", "Not_a_name"],
      }),
    ).toThrow(
      [
        "user data of the K3s server: 4 problems",
        '  - release.version is "1.36.4"; a release such as v1.36.4+k3s1 is accepted',
        `  - release.sha256 is "${"C".repeat(64)}"; 64 hexadecimal digits in lower case are accepted`,
        '  - networkCidr is "10.30.0.0"; an IPv4 CIDR block is accepted',
        '  - metadataNamespaces[1] is "Not_a_name"; a namespace\'s name is accepted',
      ].join("\n"),
    );
  });

  test("fails when it cannot fit", () => {
    expect(() => k3sServerUserData({ ...SERVER, serverNames: ["a".repeat(20_000)] })).toThrow(
      /user data of the K3s server: the user data has \d+ bytes before any input is added; at most 22500 fit/,
    );
  });
});

describe("k3sAgentUserData", () => {
  test("THEN it joins the server by its private address, with a token that knows the server's authority", () => {
    expect(parse(file(agent, "/etc/rancher/k3s/config.yaml")?.content ?? "")).toEqual({
      server: "https://10.30.0.7:6443",
      token: "K10abc::node:agent-password",
      "protect-kernel-defaults": true,
      "kubelet-arg": [
        "streaming-connection-idle-timeout=5m",
        "system-reserved=cpu=100m,memory=512Mi",
        "eviction-hard=memory.available<200Mi,nodefs.available<10%,imagefs.available<10%",
      ],
    });
    expect(file(agent, "/etc/systemd/system/k3s.service")?.content).toContain("ExecStart=/usr/local/bin/k3s agent\n");
  });

  test("THEN it carries no authority", () => {
    expect(
      config(agent)
        .write_files.map((each) => each.path)
        .filter((name) => /tls|audit/.test(name)),
    ).toEqual([]);
  });
});

test("GIVEN an authority and a password THEN the token of an agent is K3s's secure one: the file's fingerprint goes before", () => {
  const { json } = synthesizeLayer((layer) => {
    const input = (id: string) => new TerraformVariable(layer, id, { type: "string", description: id }).stringValue;
    new TerraformLocal(layer, "token", joinToken({ ...PAIR, certificate: input("ca") }, input("password")));
  });

  expect(json.locals).toEqual({ token: "K10${sha256(var.ca)}::node:${var.password}" });
});

describeWithProgram("cloud-init", "the user data of K3s nodes", () => {
  test.each([
    ["server", server],
    ["agent", agent],
  ])("GIVEN the %s's WHEN cloud-init reads it THEN its schema takes it", (_role, text) => {
    const name = path.join(temporaryFolder(), "user-data.yaml");
    fs.writeFileSync(name, text);
    const { status, stdout, stderr } = spawnSync("cloud-init", ["schema", "--config-file", name], { encoding: "utf8" });
    expect({ status, output: `${stdout}${stderr}` }).toMatchObject({
      status: 0,
      output: expect.stringContaining("Valid") as string,
    });
  });
});
