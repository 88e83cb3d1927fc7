import { Fn, Token } from "cdktf";
import { stringify } from "yaml";
import {
  assertUserDataFits,
  type CloudConfigFile,
  HETZNER_USER_DATA_LIMIT_BYTES,
  renderCloudConfig,
  secretFile,
  shellAssignments,
} from "../compute/cloud-config";
import { renderUnit, type UnitSections } from "../compute/systemd-unit";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { AUDIT_POLICY } from "./audit-policy";
import { type AuthorityPair, type CertificatePair } from "./cluster-certificates";
import { KUBELET_KERNEL_DEFAULTS } from "./kernel-defaults";
import { KUBEADM_POD_CIDR, KUBEADM_SERVICE_CIDR } from "./kubeadm-blocks";
import { type SigningKeyPair } from "./kubeadm-certificates";

/** What a node installs. */
export interface KubeadmRelease {
  /** Release of kubeadm, kubelet and kubectl, such as `1.36.3`. */
  readonly kubernetes: string;
  /** Minor release of containerd, such as `2.3`; a node gets its newest patch. Kubernetes 1.36 needs 2.0 or newer. */
  readonly containerd: string;
}

/** What every node of a cluster needs to know. */
export interface KubeadmNodeProps {
  readonly release: KubeadmRelease;
  /** IPv4 block of the network that the nodes are in: their host firewalls let it in. */
  readonly networkCidr: string;
  /** Public address of the API server, which outlives the server. */
  readonly apiAddress: string;
  /** Private address that leads to it: of the one control plane, or of the load balancer before several. */
  readonly apiPrivateIp: string;
  /** `<id>.<secret>`, what a kubelet joins with. */
  readonly bootstrapToken: string;
}

/** A control plane's place among the control planes of its cluster. */
export type ControlPlanePlace = "single" | "first" | "further";

export interface KubeadmControlPlaneUserDataProps extends KubeadmNodeProps {
  /** Name of the cluster. */
  readonly name: string;
  /**
   * What it does about the others: it is the only one (`single`), makes the cluster that they join, unless that is there
   * already (`first`), or joins (`further`). @default "single"
   */
  readonly place?: ControlPlanePlace;
  /** Whether it takes pods like a worker, instead of those alone that tolerate its taint. @default false */
  readonly runsWorkloads?: boolean;
  /** Further names and addresses in the API server's certificate. */
  readonly apiNames: readonly string[];
  readonly serverAuthority: AuthorityPair;
  readonly frontProxyAuthority: AuthorityPair;
  readonly etcdAuthority: AuthorityPair;
  readonly serviceAccounts: SigningKeyPair;
  /** 32 bytes in base64: Secrets are encrypted with it in etcd. */
  readonly secretsKey: string;
  /** How many snapshots of etcd the server keeps, one every six hours. */
  readonly keptSnapshots: number;
}

export interface KubeadmWorkerUserDataProps extends KubeadmNodeProps {
  readonly serverAuthority: Pick<CertificatePair, "certificate">;
}

/** What Kubernetes and the system take on each node; pods are not scheduled onto it. */
export const KUBEADM_RESERVE = { cpuMillis: 200, memoryMib: 512 };

const CONFIG_DIR = "/etc/kubeadm-node";
/** What the API server reads: shared with its pod as it is. */
const API_SERVER_DIR = `${CONFIG_DIR}/apiserver`;
const AUDIT_LOGS = "/var/log/kubernetes/audit";
const ETCD_DIR = "/var/lib/etcd";
const API_PORT = 6443;
const KUBEADM_API = "kubeadm.k8s.io/v1beta4";
/** Where a machine puts its own private address. */
const NODE_IP = "@NODE_IP@";

/** Signing keys of the package repositories, by fingerprint. @see https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/ and https://docs.docker.com/engine/install/ubuntu/ */
const REPOSITORY_KEYS = {
  kubernetes: "DE15B14486CD377B9E876E1A234654DA9A296436",
  containerd: "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
};

/**
 * User data of an Ubuntu 24.04 server at Hetzner that becomes a control plane of a kubeadm cluster, with keys that exist
 * before it. All of it is safe to run again, at every boot; nothing secret is on a command line.
 *
 * - `kubeadm-node-install`: pinned and held packages, from repositories whose keys are pinned.
 * - `kubeadm-node-firewall`: the host firewall, and the metadata address closed to pods.
 * - `kubeadm-node-bootstrap`: `kubeadm init`, or `kubeadm join` where there is a cluster to join, once.
 * - `kubeadm-node-snapshot`: a snapshot of etcd every six hours.
 *
 * @throws SocleError with every malformed prop, or when the result cannot fit Hetzner's user data
 */
export function kubeadmControlPlaneUserData(props: KubeadmControlPlaneUserDataProps): string {
  const pki = (name: string, { certificate, privateKeyPkcs8 }: AuthorityPair) => [
    secretFile(`${CONFIG_DIR}/pki/${name}.crt`, certificate),
    secretFile(`${CONFIG_DIR}/pki/${name}.key`, privateKeyPkcs8),
  ];
  const place = props.place ?? "single";
  return nodeUserData("control-plane", props, props.keptSnapshots, [
    ...pki("ca", props.serverAuthority),
    ...pki("front-proxy-ca", props.frontProxyAuthority),
    ...pki("etcd/ca", props.etcdAuthority),
    secretFile(`${CONFIG_DIR}/pki/sa.pub`, props.serviceAccounts.publicKey),
    secretFile(`${CONFIG_DIR}/pki/sa.key`, props.serviceAccounts.privateKeyPkcs8),
    yamlFile(`${API_SERVER_DIR}/audit.yaml`, AUDIT_POLICY),
    yamlFile(`${API_SERVER_DIR}/encryption.yaml`, {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "EncryptionConfiguration",
      resources: [
        {
          resources: ["secrets"],
          providers: [{ secretbox: { keys: [{ name: "key1", secret: props.secretsKey }] } }, { identity: {} }],
        },
      ],
    }),
    yamlFile(`${API_SERVER_DIR}/admission.yaml`, {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AdmissionConfiguration",
      plugins: [
        {
          name: "PodSecurity",
          configuration: {
            apiVersion: "pod-security.admission.config.k8s.io/v1",
            kind: "PodSecurityConfiguration",
            // What a namespace without labels gets; the platform's own say more.
            defaults: {
              enforce: "baseline",
              "enforce-version": "latest",
              audit: "restricted",
              "audit-version": "latest",
              warn: "restricted",
              "warn-version": "latest",
            },
            exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system", "tigera-operator"] },
          },
        },
      ],
    }),
    ...(place === "further" ? [] : [yamlFile(`${CONFIG_DIR}/init.yaml`, ...initConfiguration(props))]),
    ...(place === "single" ? [] : joinFiles(props, true)),
  ]);
}

/**
 * User data of a node that joins a kubeadm cluster; see {@link kubeadmControlPlaneUserData}. It knows the cluster by its
 * authority, so it never trusts whoever answers at the address.
 *
 * @throws SocleError with every malformed prop, or when the result cannot fit Hetzner's user data
 */
export function kubeadmWorkerUserData(props: KubeadmWorkerUserDataProps): string {
  return nodeUserData("worker", props, 0, joinFiles(props, false));
}

/** What `kubeadm join` reads. */
function joinFiles(
  props: KubeadmWorkerUserDataProps & Pick<KubeadmControlPlaneUserDataProps, "runsWorkloads">,
  asControlPlane: boolean,
): CloudConfigFile[] {
  return [
    yamlFile(`${CONFIG_DIR}/discovery.yaml`, {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "cluster",
          cluster: {
            server: `https://${props.apiAddress}:${API_PORT}`,
            "certificate-authority-data": Fn.base64encode(props.serverAuthority.certificate),
          },
        },
      ],
      contexts: [{ name: "cluster", context: { cluster: "cluster", user: "" } }],
      "current-context": "cluster",
    }),
    yamlFile(`${CONFIG_DIR}/join.yaml`, {
      apiVersion: KUBEADM_API,
      kind: "JoinConfiguration",
      discovery: {
        file: { kubeConfigPath: `${CONFIG_DIR}/discovery.yaml` },
        tlsBootstrapToken: props.bootstrapToken,
      },
      nodeRegistration: nodeRegistration(props.runsWorkloads),
      // The shared keys are there already, so none is downloaded.
      ...(asControlPlane ? { controlPlane: { localAPIEndpoint: localApiEndpoint() } } : {}),
    }),
  ];
}

/** The documents that `kubeadm init` reads. @see https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ */
function initConfiguration(props: KubeadmControlPlaneUserDataProps): object[] {
  const args = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => ({ name, value }));
  const apiVersion = KUBEADM_API;
  return [
    {
      apiVersion,
      kind: "InitConfiguration",
      bootstrapTokens: [
        {
          token: props.bootstrapToken,
          description: "Lets the first workers join",
          ttl: "24h0m0s",
          usages: ["signing", "authentication"],
          groups: ["system:bootstrappers:kubeadm:default-node-token"],
        },
      ],
      localAPIEndpoint: localApiEndpoint(),
      nodeRegistration: nodeRegistration(props.runsWorkloads),
    },
    {
      apiVersion,
      kind: "ClusterConfiguration",
      clusterName: props.name,
      kubernetesVersion: `v${props.release.kubernetes}`,
      controlPlaneEndpoint: `${props.apiAddress}:${API_PORT}`,
      encryptionAlgorithm: "ECDSA-P256",
      networking: { podSubnet: KUBEADM_POD_CIDR, serviceSubnet: KUBEADM_SERVICE_CIDR },
      apiServer: {
        certSANs: [...new Set([props.apiAddress, props.apiPrivateIp, ...props.apiNames])],
        extraArgs: args({
          "admission-control-config-file": `${API_SERVER_DIR}/admission.yaml`,
          "audit-policy-file": `${API_SERVER_DIR}/audit.yaml`,
          "audit-log-path": `${AUDIT_LOGS}/audit.log`,
          "audit-log-maxage": "30",
          "audit-log-maxbackup": "5",
          "audit-log-maxsize": "50",
          "encryption-provider-config": `${API_SERVER_DIR}/encryption.yaml`,
          profiling: "false",
        }),
        extraVolumes: [
          {
            name: "apiserver-configuration",
            hostPath: API_SERVER_DIR,
            mountPath: API_SERVER_DIR,
            pathType: "Directory",
            readOnly: true,
          },
          { name: "audit-logs", hostPath: AUDIT_LOGS, mountPath: AUDIT_LOGS, pathType: "DirectoryOrCreate" },
        ],
      },
      controllerManager: { extraArgs: args({ profiling: "false", "terminated-pod-gc-threshold": "50" }) },
      scheduler: { extraArgs: args({ profiling: "false" }) },
      etcd: { local: { dataDir: ETCD_DIR } },
    },
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      cgroupDriver: "systemd",
      // Certificates of the cluster's authority instead of self-signed ones; something has to approve their requests.
      serverTLSBootstrap: true,
      rotateCertificates: true,
      protectKernelDefaults: true,
      streamingConnectionIdleTimeout: "5m0s",
      systemReserved: { cpu: `${KUBEADM_RESERVE.cpuMillis}m`, memory: `${KUBEADM_RESERVE.memoryMib}Mi` },
      evictionHard: { "memory.available": "200Mi", "nodefs.available": "10%", "imagefs.available": "10%" },
    },
  ];
}

function nodeRegistration(runsWorkloads = false): object {
  return {
    criSocket: "unix:///run/containerd/containerd.sock",
    // An empty list: without one kubeadm gives a control plane its taint.
    ...(runsWorkloads ? { taints: [] } : {}),
    kubeletExtraArgs: [
      // Hetzner's cloud controller initializes the node.
      { name: "cloud-provider", value: "external" },
      { name: "node-ip", value: NODE_IP },
    ],
  };
}

function localApiEndpoint(): object {
  return { advertiseAddress: NODE_IP, bindPort: API_PORT };
}

type Role = "control-plane" | "worker";
type NodeUserDataProps = KubeadmNodeProps & Pick<KubeadmControlPlaneUserDataProps, "place">;

function nodeUserData(
  role: Role,
  props: NodeUserDataProps,
  keptSnapshots: number,
  files: readonly CloudConfigFile[],
): string {
  const where = `user data of the kubeadm ${role}`;
  const isControlPlane = role === "control-plane";
  SocleError.throwIfAny(where, problemsOf(props, isControlPlane ? keptSnapshots : undefined));
  const scripts = ["install", "firewall", "bootstrap", ...(isControlPlane ? ["snapshot"] : [])];
  // The snapshot's service is started by its timer.
  const units = ["install", "firewall", "bootstrap"].map((script) => `kubeadm-node-${script}.service`);
  const started = [...units, ...(isControlPlane ? ["kubeadm-node-snapshot.timer"] : [])];

  const text = renderCloudConfig({
    write_files: [
      { path: `${CONFIG_DIR}/environment`, content: environmentFile(role, props, keptSnapshots) },
      ...scripts.map((script) => ({
        path: `/usr/local/sbin/kubeadm-node-${script}`,
        content: readProjectFile(`constructs/compute/kubeadm-node/${script}.sh`),
        permissions: "0755",
      })),
      ...unitFiles(isControlPlane),
      ...systemFiles(props.release),
      ...files,
    ],
    // Not waited for: systemd tries again where a download fails, cloud-init would not.
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", ...started],
      ["systemctl", "start", "--no-block", ...started],
    ],
  });
  assertUserDataFits(where, text, HETZNER_USER_DATA_LIMIT_BYTES);
  return text;
}

/** What the machine itself is set up with: package sources and pins, kernel, SSH, updates, container runtime. */
function systemFiles({ kubernetes, containerd }: KubeadmRelease): CloudConfigFile[] {
  const keyrings = "/etc/apt/keyrings";
  const file = (path: string, ...lines: string[]) => ({ path, content: lines.map((line) => `${line}\n`).join("") });
  const pin = (packages: string, version: string) => [
    `Package: ${packages}`,
    `Pin: version ${version}`,
    "Pin-Priority: 1001",
    "",
  ];
  return [
    file(
      "/etc/apt/sources.list.d/kubernetes.list",
      `deb [signed-by=${keyrings}/kubernetes.asc] ${kubernetesRepository(kubernetes)}/ /`,
    ),
    file(
      "/etc/apt/sources.list.d/docker.list",
      `deb [signed-by=${keyrings}/docker.asc] ${CONTAINERD_REPOSITORY} noble stable`,
    ),
    file(
      "/etc/apt/preferences.d/kubeadm-node",
      ...pin("kubeadm kubectl kubelet", `${kubernetes}-*`),
      ...pin("containerd.io", `${containerd}.*`),
    ),
    file(
      "/etc/apt/apt.conf.d/20auto-upgrades",
      'APT::Periodic::Update-Package-Lists "1";',
      'APT::Periodic::Unattended-Upgrade "1";',
    ),
    file("/etc/modules-load.d/kubeadm-node.conf", "overlay", "br_netfilter"),
    {
      path: "/etc/sysctl.d/90-kubeadm-node.conf",
      content: [
        "net.ipv4.ip_forward=1",
        "net.bridge.bridge-nf-call-iptables=1",
        "net.ipv4.conf.all.accept_redirects=0",
        "net.ipv4.conf.all.send_redirects=0",
        "kernel.kptr_restrict=2",
        "kernel.dmesg_restrict=1",
      ]
        .map((line) => `${line}\n`)
        .join("")
        .concat(KUBELET_KERNEL_DEFAULTS),
    },
    file(
      "/etc/ssh/sshd_config.d/10-kubeadm-node.conf",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      "X11Forwarding no",
      "MaxAuthTries 3",
    ),
    file("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock"),
    file(
      "/etc/containerd/config.toml",
      "version = 3",
      "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]",
      "runtime_type = 'io.containerd.runc.v2'",
      "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]",
      "SystemdCgroup = true",
    ),
  ];
}

/** One YAML file of one or more documents, for root alone. */
function yamlFile(path: string, ...documents: readonly object[]): CloudConfigFile {
  return {
    path,
    content: documents.map((each) => stringify(each, { lineWidth: 0 })).join("---\n"),
    permissions: "0600",
  };
}

function unitFiles(isControlPlane: boolean): CloudConfigFile[] {
  const online = "network-online.target";
  const install = "kubeadm-node-install.service";
  const firewall = "kubeadm-node-firewall.service";
  const bootstrap = "kubeadm-node-bootstrap.service";
  const file = (unit: string, sections: UnitSections) => ({
    path: `/etc/systemd/system/${unit}`,
    content: renderUnit(sections),
  });
  const script = (name: string, timeout: string) => ({
    Type: "oneshot",
    RemainAfterExit: "yes",
    ExecStart: `/usr/local/sbin/kubeadm-node-${name}`,
    TimeoutStartSec: timeout,
    Restart: "on-failure",
    RestartSec: "30",
  });
  const multiUser = { WantedBy: "multi-user.target" };
  return [
    file(install, {
      // When a retry succeeds, what could not start without it starts too.
      Unit: {
        Description: "Pinned packages of a Kubernetes node",
        Wants: `${online} ${bootstrap}`,
        After: online,
        StartLimitIntervalSec: "0",
      },
      Service: script("install", "20min"),
      Install: multiUser,
    }),
    file(firewall, {
      Unit: {
        Description: "Host firewall of a Kubernetes node",
        Wants: bootstrap,
        Before: "kubelet.service",
        StartLimitIntervalSec: "0",
      },
      Service: script("firewall", "1min"),
      Install: multiUser,
    }),
    file(bootstrap, {
      Unit: {
        Description: "kubeadm init or join",
        Documentation: "https://kubernetes.io/docs/reference/setup-tools/kubeadm/",
        Wants: online,
        Requires: `${install} ${firewall}`,
        After: `${online} ${install} ${firewall}`,
        StartLimitIntervalSec: "0",
      },
      Service: { ...script("bootstrap", "15min"), Environment: "HOME=/root" },
      Install: multiUser,
    }),
    ...(isControlPlane
      ? [
          file("kubeadm-node-snapshot.service", {
            Unit: { Description: "Snapshot of etcd", After: bootstrap },
            Service: { Type: "oneshot", ExecStart: "/usr/local/sbin/kubeadm-node-snapshot" },
          }),
          file("kubeadm-node-snapshot.timer", {
            Unit: { Description: "Snapshots of etcd" },
            Timer: { OnCalendar: "*-*-* 00/6:15:00", Persistent: "true" },
            Install: { WantedBy: "timers.target" },
          }),
        ]
      : []),
  ];
}

const CONTAINERD_REPOSITORY = "https://download.docker.com/linux/ubuntu";

function kubernetesRepository(release: string): string {
  return `https://pkgs.k8s.io/core:/stable:/v${release.replace(/\.\d+$/, "")}/deb`;
}

/** What the scripts know, as shell assignments. */
function environmentFile(role: Role, props: NodeUserDataProps, keptSnapshots: number): string {
  const isControlPlane = role === "control-plane";
  // The first control plane has the public address itself; it decides when it boots.
  const redirectsApi = !isControlPlane || props.place === "further";
  const values = {
    ROLE: role,
    CONFIG_DIR,
    KUBERNETES_DIR: "/etc/kubernetes",
    DONE: "/var/lib/kubeadm-node.done",
    KEYRINGS: "/etc/apt/keyrings",
    KUBERNETES_REPOSITORY: kubernetesRepository(props.release.kubernetes),
    KUBERNETES_KEY: REPOSITORY_KEYS.kubernetes,
    CONTAINERD_REPOSITORY,
    CONTAINERD_KEY: REPOSITORY_KEYS.containerd,
    NETWORK_CIDR: props.networkCidr,
    POD_CIDR: KUBEADM_POD_CIDR,
    OPEN_PORTS: isControlPlane ? `22, ${API_PORT}` : "22",
    API_ADDRESS: props.apiAddress,
    API_PRIVATE_IP: props.apiPrivateIp,
    API_REDIRECT: redirectsApi ? "yes" : "",
    AUDIT_LOGS,
    ETCD_DIR,
    SNAPSHOTS: "/var/backups/etcd",
    KEPT_SNAPSHOTS: String(keptSnapshots),
  };
  return shellAssignments(values);
}

function problemsOf({ release, networkCidr }: KubeadmNodeProps, keptSnapshots: number | undefined): string[] {
  const problems: string[] = [];
  const check = (key: string, value: string, pattern: RegExp, accepted: string) => {
    if (!Token.isUnresolved(value) && !pattern.test(value)) {
      problems.push(`${key} is "${value}"; ${accepted}`);
    }
  };
  check("release.kubernetes", release.kubernetes, /^1\.36\.\d+$/, "a release of 1.36 such as 1.36.3 is accepted");
  check("release.containerd", release.containerd, /^2\.\d+$/, "a minor release such as 2.3 is accepted");
  check("networkCidr", networkCidr, /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "an IPv4 CIDR block is accepted");
  if (keptSnapshots !== undefined && !(Number.isInteger(keptSnapshots) && keptSnapshots >= 1)) {
    problems.push(`keptSnapshots is ${keptSnapshots}; a whole number from 1 on is accepted`);
  }
  return problems;
}
