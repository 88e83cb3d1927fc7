import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { AUDIT_POLICY } from "../../../constructs/cluster/audit-policy";
import {
  kubeadmControlPlaneUserData,
  type KubeadmControlPlaneUserDataProps,
  kubeadmWorkerUserData,
} from "../../../constructs/cluster/kubeadm-user-data";
import { type CloudConfig, HETZNER_USER_DATA_LIMIT_BYTES } from "../../../constructs/compute/cloud-config";
import { temporaryFolder } from "../../support/layers";
import { describeWithProgram } from "../../support/programs";

/** As long as real ones: ECDSA with P-256. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${"A".repeat(620)}\n-----END CERTIFICATE-----\n`;
const PAIR = { certificate: CERTIFICATE, privateKey: "sec1", privateKeyPkcs8: "pkcs8" };
const NODE = {
  release: { kubernetes: "1.36.3", containerd: "2.3" },
  networkCidr: "10.40.0.0/16",
  apiAddress: "192.0.2.1",
  apiPrivateIp: "10.40.0.250",
  bootstrapToken: "abcdef.0123456789abcdef",
};
const CONTROL_PLANE: KubeadmControlPlaneUserDataProps = {
  ...NODE,
  name: "app",
  apiNames: ["api.example.com"],
  serverAuthority: PAIR,
  frontProxyAuthority: PAIR,
  etcdAuthority: PAIR,
  serviceAccounts: { publicKey: "public", privateKeyPkcs8: "pkcs8" },
  secretsKey: Buffer.alloc(32, "k").toString("base64"),
  keptSnapshots: 8,
};

/** What cloud-init reads, once Terraform has unescaped it and worked out its one function. */
const rendered = (text: string) =>
  text.replace(/([$%])\1\{/g, "$1{").replace(/\$\{TfToken\[[^\]]*\]\}/g, Buffer.from(CERTIFICATE).toString("base64"));
const controlPlane = rendered(kubeadmControlPlaneUserData(CONTROL_PLANE));
const BALANCED = { ...CONTROL_PLANE, apiPrivateIp: "10.40.0.252", apiNames: ["10.40.0.252"] };
const first = rendered(kubeadmControlPlaneUserData({ ...BALANCED, place: "first" }));
const further = rendered(kubeadmControlPlaneUserData({ ...BALANCED, place: "further" }));
const worker = rendered(kubeadmWorkerUserData({ ...NODE, serverAuthority: PAIR }));
const config = (text: string) => parse(text) as Required<CloudConfig>;
const file = (text: string, name: string) => config(text).write_files.find((each) => each.path === name);
const documents = (text: string, name: string) =>
  parseAllDocuments(file(text, name)?.content ?? "").map((each) => each.toJS() as Record<string, unknown>);
const NODES = [
  ["control plane", controlPlane],
  ["first control plane of three", first],
  ["further control plane", further],
  ["worker", worker],
] as const;

describe("kubeadmControlPlaneUserData", () => {
  const [init, cluster, kubelet] = documents(controlPlane, "/etc/kubeadm-node/init.yaml");

  test("THEN every shared key pair is there before kubeadm, for root alone", () => {
    const names = ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"];
    for (const name of [...names, "sa.pub", "sa.key"]) {
      expect(file(controlPlane, `/etc/kubeadm-node/pki/${name}`)).toMatchObject({
        encoding: "b64",
        permissions: "0600",
      });
    }
  });

  test("THEN the first workers can join for a day, and the API answers at its private address", () => {
    expect(init).toMatchObject({
      apiVersion: "kubeadm.k8s.io/v1beta4",
      kind: "InitConfiguration",
      bootstrapTokens: [{ token: "abcdef.0123456789abcdef", ttl: "24h0m0s", usages: ["signing", "authentication"] }],
      localAPIEndpoint: { advertiseAddress: "@NODE_IP@", bindPort: 6443 },
      nodeRegistration: {
        kubeletExtraArgs: [
          { name: "cloud-provider", value: "external" },
          { name: "node-ip", value: "@NODE_IP@" },
        ],
      },
    });
  });

  test("THEN the stable address is in the certificate, and audit, encryption and Pod Security are on", () => {
    expect(cluster).toMatchObject({
      kind: "ClusterConfiguration",
      kubernetesVersion: "v1.36.3",
      controlPlaneEndpoint: "192.0.2.1:6443",
      apiServer: {
        certSANs: ["192.0.2.1", "10.40.0.250", "api.example.com"],
        extraArgs: [
          { name: "admission-control-config-file", value: "/etc/kubeadm-node/apiserver/admission.yaml" },
          { name: "audit-policy-file", value: "/etc/kubeadm-node/apiserver/audit.yaml" },
          { name: "audit-log-path", value: "/var/log/kubernetes/audit/audit.log" },
          { name: "audit-log-maxage", value: "30" },
          { name: "audit-log-maxbackup", value: "5" },
          { name: "audit-log-maxsize", value: "50" },
          { name: "encryption-provider-config", value: "/etc/kubeadm-node/apiserver/encryption.yaml" },
          { name: "profiling", value: "false" },
        ],
      },
    });
    expect(documents(controlPlane, "/etc/kubeadm-node/apiserver/encryption.yaml")[0]).toMatchObject({
      resources: [
        {
          resources: ["secrets"],
          providers: [{ secretbox: { keys: [{ name: "key1", secret: CONTROL_PLANE.secretsKey }] } }, { identity: {} }],
        },
      ],
    });
    expect(documents(controlPlane, "/etc/kubeadm-node/apiserver/admission.yaml")[0]).toMatchObject({
      plugins: [{ name: "PodSecurity", configuration: { defaults: { enforce: "baseline", warn: "restricted" } } }],
    });
    expect(file(controlPlane, "/etc/kubeadm-node/apiserver/encryption.yaml")?.permissions).toBe("0600");
  });

  test("THEN the audit log tells who did what, and never the content of an object", () => {
    expect(documents(controlPlane, "/etc/kubeadm-node/apiserver/audit.yaml")).toEqual([AUDIT_POLICY]);
  });

  test("THEN kubelets ask for serving certificates", () => {
    expect(kubelet).toMatchObject({ kind: "KubeletConfiguration", serverTLSBootstrap: true, cgroupDriver: "systemd" });
  });

  test("THEN etcd's snapshots have a timer", () => {
    expect(config(controlPlane).runcmd[2]).toContain("kubeadm-node-snapshot.timer");
    expect(file(controlPlane, "/etc/systemd/system/kubeadm-node-snapshot.timer")?.content).toContain(
      "OnCalendar=*-*-* 00/6:15:00\n",
    );
  });
});

describe("kubeadmControlPlaneUserData of three", () => {
  const server = (text: string) =>
    documents(text, "/etc/kubeadm-node/discovery.yaml")[0]?.["clusters"] as { cluster: { server: string } }[];
  const joinsAsControlPlane = {
    kind: "JoinConfiguration",
    discovery: {
      file: { kubeConfigPath: "/etc/kubeadm-node/discovery.yaml" },
      tlsBootstrapToken: "abcdef.0123456789abcdef",
    },
    controlPlane: { localAPIEndpoint: { advertiseAddress: "@NODE_IP@", bindPort: 6443 } },
  };

  test("THEN the only one has no cluster to join", () => {
    expect(file(controlPlane, "/etc/kubeadm-node/join.yaml")).toBeUndefined();
    expect(file(controlPlane, "/etc/kubeadm-node/environment")?.content).toContain("API_REDIRECT=''\n");
  });

  test("THEN the first one makes the cluster, or joins the others behind the load balancer", () => {
    expect(documents(first, "/etc/kubeadm-node/init.yaml")[1]).toMatchObject({
      controlPlaneEndpoint: "192.0.2.1:6443",
      apiServer: { certSANs: ["192.0.2.1", "10.40.0.252"] },
    });
    expect(documents(first, "/etc/kubeadm-node/join.yaml")[0]).toMatchObject(joinsAsControlPlane);
    expect(server(first)).toMatchObject([{ cluster: { server: "https://192.0.2.1:6443" } }]);
    expect(file(first, "/etc/kubeadm-node/environment")?.content).toContain(
      "API_PRIVATE_IP='10.40.0.252'\nAPI_REDIRECT=''\n",
    );
  });

  test("THEN a further one only joins, with the same keys, and is led to the load balancer", () => {
    expect(file(further, "/etc/kubeadm-node/init.yaml")).toBeUndefined();
    expect(documents(further, "/etc/kubeadm-node/join.yaml")[0]).toMatchObject(joinsAsControlPlane);
    expect(server(further)).toMatchObject([{ cluster: { server: "https://192.0.2.1:6443" } }]);
    expect(file(further, "/etc/kubeadm-node/environment")?.content).toContain(
      "API_PRIVATE_IP='10.40.0.252'\nAPI_REDIRECT='yes'\n",
    );
    const keys = (text: string) =>
      config(text).write_files.filter((each) => /\/(pki|apiserver)\//.test(each.path) || /snapshot/.test(each.path));
    expect(keys(further)).toHaveLength(14);
    expect(keys(further)).toEqual(keys(first));
  });
});

describe("kubeadmWorkerUserData", () => {
  test("THEN it joins whom the authority vouches for, with the token, and has no key of the cluster", () => {
    const [join] = documents(worker, "/etc/kubeadm-node/join.yaml");
    expect(join).toMatchObject({
      kind: "JoinConfiguration",
      discovery: {
        file: { kubeConfigPath: "/etc/kubeadm-node/discovery.yaml" },
        tlsBootstrapToken: "abcdef.0123456789abcdef",
      },
    });
    expect(documents(worker, "/etc/kubeadm-node/discovery.yaml")[0]).toMatchObject({
      clusters: [
        {
          cluster: {
            server: "https://192.0.2.1:6443",
            "certificate-authority-data": Buffer.from(CERTIFICATE).toString("base64"),
          },
        },
      ],
    });
    expect(join).not.toHaveProperty("controlPlane");
    expect(file(worker, "/etc/kubeadm-node/init.yaml")).toBeUndefined();
    expect(config(worker).write_files.filter(({ path: name }) => /pki|apiserver|snapshot/.test(name))).toEqual([]);
  });

  test("THEN it reaches the API by the private address, and opens SSH alone", () => {
    const environment = file(worker, "/etc/kubeadm-node/environment")?.content;
    expect(environment).toContain("API_ADDRESS='192.0.2.1'\nAPI_PRIVATE_IP='10.40.0.250'\nAPI_REDIRECT='yes'\n");
    expect(environment).toContain("OPEN_PORTS='22'\n");
  });
});

describe.each(NODES)("a %s", (_role, text) => {
  test("THEN what it installs is pinned, and only keys open SSH", () => {
    expect(file(text, "/etc/apt/preferences.d/kubeadm-node")?.content).toBe(
      "Package: kubeadm kubectl kubelet\nPin: version 1.36.3-*\nPin-Priority: 1001\n\nPackage: containerd.io\nPin: version 2.3.*\nPin-Priority: 1001\n\n",
    );
    expect(file(text, "/etc/ssh/sshd_config.d/10-kubeadm-node.conf")?.content).toContain("PasswordAuthentication no\n");
    expect(file(text, "/etc/apt/apt.conf.d/20auto-upgrades")?.content).toContain('Unattended-Upgrade "1"');
  });

  test("THEN no secret is on a command line, and a step that fails is tried again", () => {
    expect(JSON.stringify(config(text).runcmd)).not.toContain("abcdef");
    for (const step of ["install", "firewall", "bootstrap"]) {
      const unit = file(text, `/etc/systemd/system/kubeadm-node-${step}.service`)?.content;
      expect(unit).toContain(`ExecStart=/usr/local/sbin/kubeadm-node-${step}\n`);
      expect(unit).toContain("Restart=on-failure\nRestartSec=30\n");
    }
  });

  test("THEN it fits into Hetzner's user data with real certificates", () => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(HETZNER_USER_DATA_LIMIT_BYTES);
  });
});

test("fails for every malformed prop at once", () => {
  const make = () =>
    kubeadmControlPlaneUserData({
      ...CONTROL_PLANE,
      release: { kubernetes: "v1.36.3", containerd: "1.7" },
      networkCidr: "10.40.0.0",
      keptSnapshots: 0,
    });
  for (const message of [
    'release.kubernetes is "v1.36.3"; a release of 1.36 such as 1.36.3 is accepted',
    'release.containerd is "1.7"; a minor release such as 2.3 is accepted',
    'networkCidr is "10.40.0.0"; an IPv4 CIDR block is accepted',
    "keptSnapshots is 0; a whole number from 1 on is accepted",
  ]) {
    expect(make).toThrow(message);
  }
});

test("fails when the known part alone is over Hetzner's limit", () => {
  expect(() => kubeadmControlPlaneUserData({ ...CONTROL_PLANE, apiNames: ["a".repeat(33_000)] })).toThrow(
    /the user data has \d+ bytes before any input is added; at most 32768 fit/,
  );
});

describeWithProgram("cloud-init", "the user data of a kubeadm node", () => {
  test.each(NODES)("GIVEN the %s's WHEN cloud-init reads it THEN its schema takes it", (_role, text) => {
    const name = path.join(temporaryFolder(), "user-data.yaml");
    fs.writeFileSync(name, text);
    const { status, stdout, stderr } = spawnSync("cloud-init", ["schema", "--config-file", name], { encoding: "utf8" });
    expect({ status, output: `${stdout}${stderr}` }).toMatchObject({
      status: 0,
      output: expect.stringContaining("Valid") as string,
    });
  });
});

describeWithProgram("systemd-analyze", "the units of a kubeadm node", () => {
  test.each(NODES)("GIVEN the %s's WHEN systemd reads them THEN it finds nothing", (_role, text) => {
    const folder = temporaryFolder();
    const units = config(text).write_files.filter((each) => each.path.startsWith("/etc/systemd/system/"));
    for (const { path: name, content } of units) {
      // The programs are not on this machine.
      fs.writeFileSync(
        path.join(folder, path.basename(name)),
        content.replace(/^ExecStart=.*$/m, "ExecStart=/bin/true"),
      );
    }
    const { status, stderr } = spawnSync(
      "systemd-analyze",
      ["verify", "--man=no", ...units.map((each) => path.join(folder, path.basename(each.path)))],
      { encoding: "utf8", env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describeWithProgram("kubeadm", "what kubeadm reads", () => {
  const DOCUMENTS = NODES.flatMap(([role, text]) =>
    ["init", "join"].flatMap((name) => {
      const content = file(text, `/etc/kubeadm-node/${name}.yaml`)?.content;
      return content === undefined ? [] : [{ role, name, text, content }];
    }),
  );
  const validate = (text: string, content: string) => {
    const folder = temporaryFolder();
    const name = path.join(folder, "kubeadm.yaml");
    const discovery = path.join(folder, "discovery.yaml");
    // It has to be there.
    fs.writeFileSync(discovery, file(text, "/etc/kubeadm-node/discovery.yaml")?.content ?? "");
    fs.writeFileSync(
      name,
      content.replaceAll("@NODE_IP@", "10.40.0.250").replaceAll("/etc/kubeadm-node/discovery.yaml", discovery),
    );
    const { status, stdout, stderr } = spawnSync("kubeadm", ["config", "validate", "--config", name], {
      encoding: "utf8",
    });
    return { status, output: `${stdout}${stderr}` };
  };

  test("THEN every way to become a node is among the cases", () => {
    expect(DOCUMENTS.map(({ role, name }) => `${name}: ${role}`)).toEqual([
      "init: control plane",
      "init: first control plane of three",
      "join: first control plane of three",
      "join: further control plane",
      "join: worker",
    ]);
  });

  test.each(DOCUMENTS)("GIVEN the $name.yaml of the $role WHEN kubeadm validates it THEN it takes it", (given) => {
    expect(validate(given.text, given.content)).toEqual({ status: 0, output: "ok\n" });
  });

  test("fails for a field that kubeadm does not know", () => {
    const { status, output } = validate(worker, `${DOCUMENTS.at(-1)?.content}controlPlan: {}\n`);
    expect(status).toBe(1);
    expect(output).toContain('unknown field "controlPlan"');
  });
});
