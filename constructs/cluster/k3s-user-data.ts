import { Fn, Token } from "cdktf";
import { stringify } from "yaml";
import {
  assertUserDataFits,
  type CloudConfigFile,
  OCI_USER_DATA_LIMIT_BYTES,
  renderCloudConfig,
  secretFile,
  shellAssignments,
} from "../compute/cloud-config";
import { renderUnit, type UnitSections } from "../compute/systemd-unit";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { AUDIT_POLICY } from "./audit-policy";
import { type CertificatePair } from "./cluster-certificates";
import { KUBELET_KERNEL_DEFAULTS } from "./kernel-defaults";

/** A release of K3s for arm64. */
export interface K3sRelease {
  /** Such as `v1.36.4+k3s1`. */
  readonly version: string;
  /** SHA-256 of `k3s-arm64` in hexadecimal, from the release's `sha256sum-arm64.txt`. */
  readonly sha256: string;
}

/** What every node of a cluster needs to know. */
export interface K3sNodeProps {
  readonly release: K3sRelease;
  /** IPv4 block of the network that the nodes are in: their host firewalls let it in. */
  readonly networkCidr: string;
  /** Namespaces whose pods may reach the metadata of the instance they run on, with its rights. @default - none */
  readonly metadataNamespaces?: readonly string[];
}

export interface K3sServerUserDataProps extends K3sNodeProps {
  /** Password of the server itself: with it, a node could be given the keys of the authorities. */
  readonly serverPassword: string;
  /** Password that agents join with, and get no more than an agent needs. */
  readonly agentPassword: string;
  /** Further addresses and names of the API server, such as a load balancer's. */
  readonly serverNames: readonly string[];
  readonly serverAuthority: CertificatePair;
  readonly clientAuthority: CertificatePair;
  readonly requestHeaderAuthority: CertificatePair;
}

export interface K3sAgentUserDataProps extends K3sNodeProps {
  /** Token with the server's fingerprint, see {@link joinToken}. */
  readonly token: string;
  /** Private address of the server. */
  readonly serverAddress: string;
}

/** Where pods get their addresses from: K3s's default. @see https://docs.k3s.io/cli/server */
const POD_CIDR = "10.42.0.0/16";

const CONFIG_DIR = "/etc/rancher/k3s";
const SERVER_DIR = "/var/lib/rancher/k3s/server";
/** Where a server looks for authorities before it makes its own. @see https://docs.k3s.io/cli/certificate */
const AUTHORITIES_DIR = `${SERVER_DIR}/tls`;

/**
 * K3s's secure token for agents: a joining node sends the password only to a server with this authority.
 *
 * For a bundle of one certificate the fingerprint is that of the file, not of the certificate in it.
 *
 * @see https://docs.k3s.io/cli/token
 */
export function joinToken(serverAuthority: CertificatePair, password: string): string {
  return `K10${Fn.sha256(serverAuthority.certificate)}::node:${password}`;
}

/**
 * User data of an Ubuntu 24.04 server (arm64, OCI) that runs the server of a K3s cluster, with authorities that exist
 * before it. All of it is safe to run again, at every boot.
 *
 * - `k3s-node-install`: the pinned K3s by its checksum, and this machine's address.
 * - `k3s-node-firewall`: the host firewall that OCI's images close, at every boot and before K3s.
 * - `k3s-node-metadata`: opens the instance's metadata to the pods of named namespaces.
 * - `k3s`: the server, without Traefik and service load balancer, with encrypted Secrets and an audit log.
 *
 * @throws SocleError with every malformed prop, or when the result cannot fit OCI's metadata
 */
export function k3sServerUserData(props: K3sServerUserDataProps): string {
  const authorities = {
    "server-ca": props.serverAuthority,
    "client-ca": props.clientAuthority,
    "request-header-ca": props.requestHeaderAuthority,
  };
  return nodeUserData("server", props, [
    ...Object.entries(authorities).flatMap(([name, pair]) => [
      secretFile(`${AUTHORITIES_DIR}/${name}.crt`, pair.certificate),
      secretFile(`${AUTHORITIES_DIR}/${name}.key`, pair.privateKey),
    ]),
    configuration({
      token: props.serverPassword,
      "agent-token": props.agentPassword,
      "tls-san": props.serverNames,
      "secrets-encryption": true,
      "write-kubeconfig-mode": "0600",
      disable: ["traefik", "servicelb"],
      "protect-kernel-defaults": true,
      "kube-apiserver-arg": [
        `audit-policy-file=${CONFIG_DIR}/audit.yaml`,
        `audit-log-path=${SERVER_DIR}/logs/audit.log`,
        "audit-log-maxage=30",
        "audit-log-maxbackup=5",
        "audit-log-maxsize=50",
      ],
      "kube-controller-manager-arg": ["terminated-pod-gc-threshold=50"],
      "kubelet-arg": kubeletArguments(SERVER_RESERVE),
    }),
    {
      path: `${CONFIG_DIR}/audit.yaml`,
      content: stringify(AUDIT_POLICY),
      permissions: "0600",
    },
  ]);
}

/**
 * User data of a node that joins a K3s cluster; see {@link k3sServerUserData}.
 *
 * @throws SocleError with every malformed prop, or when the result cannot fit OCI's metadata
 */
export function k3sAgentUserData(props: K3sAgentUserDataProps): string {
  return nodeUserData("agent", props, [
    configuration({
      server: `https://${props.serverAddress}:6443`,
      token: props.token,
      "protect-kernel-defaults": true,
      "kubelet-arg": kubeletArguments(AGENT_RESERVE),
    }),
  ]);
}

/** What K3s and the system take on a server and on an agent; pods are not scheduled onto it. */
export const SERVER_RESERVE = { cpuMillis: 300, memoryMib: 1536 };
export const AGENT_RESERVE = { cpuMillis: 100, memoryMib: 512 };

function nodeUserData(role: "server" | "agent", props: K3sNodeProps, files: readonly CloudConfigFile[]): string {
  const where = `user data of the K3s ${role}`;
  SocleError.throwIfAny(where, problemsOf(props));
  const namespaces = props.metadataNamespaces ?? [];
  const scripts = ["install", "firewall", ...(namespaces.length > 0 ? ["metadata"] : [])];
  const units = scripts.map((script) => `k3s-node-${script}`);

  const text = renderCloudConfig({
    write_files: [
      { path: "/etc/k3s-node/environment", content: environmentFile(props) },
      ...scripts.map((script) => ({
        path: `/usr/local/sbin/k3s-node-${script}`,
        content: readProjectFile(`constructs/compute/k3s-node/${script}.sh`),
        permissions: "0755",
      })),
      ...unitFiles(role, namespaces.length > 0),
      { path: "/etc/sysctl.d/90-kubelet.conf", content: KUBELET_KERNEL_DEFAULTS },
      ...files,
    ],
    // Not waited for: systemd tries again where a download fails, cloud-init would not.
    runcmd: [
      ["sysctl", "--load=/etc/sysctl.d/90-kubelet.conf"],
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", ...units, "k3s"],
      ["systemctl", "start", "--no-block", ...units, "k3s"],
    ],
  });
  assertUserDataFits(where, text, OCI_USER_DATA_LIMIT_BYTES);
  return text;
}

function kubeletArguments(reserve: { cpuMillis: number; memoryMib: number }): string[] {
  return [
    "streaming-connection-idle-timeout=5m",
    `system-reserved=cpu=${reserve.cpuMillis}m,memory=${reserve.memoryMib}Mi`,
    "eviction-hard=memory.available<200Mi,nodefs.available<10%,imagefs.available<10%",
  ];
}

function configuration(values: Readonly<Record<string, unknown>>): CloudConfigFile {
  return { path: `${CONFIG_DIR}/config.yaml`, content: stringify(values, { lineWidth: 0 }), permissions: "0600" };
}

/** The systemd units, as cloud-init writes them. */
function unitFiles(role: "server" | "agent", hasMetadata: boolean): CloudConfigFile[] {
  const install = "k3s-node-install.service";
  const firewall = "k3s-node-firewall.service";
  const online = "network-online.target";
  const multiUser = { WantedBy: "multi-user.target" };
  const file = (unit: string, sections: UnitSections) => ({
    path: `/etc/systemd/system/${unit}`,
    content: renderUnit(sections),
  });
  return [
    file(install, {
      // When a retry succeeds, what could not start without it starts too.
      Unit: {
        Description: "Pinned K3s",
        Wants: `${online} k3s.service`,
        After: online,
        StartLimitIntervalSec: "0",
      },
      Service: {
        Type: "oneshot",
        RemainAfterExit: "yes",
        ExecStart: "/usr/local/sbin/k3s-node-install",
        TimeoutStartSec: "15min",
        Restart: "on-failure",
        RestartSec: "30",
      },
      Install: multiUser,
    }),
    file(firewall, {
      // After the rules of the image are restored, which it adds to.
      Unit: {
        Description: "Host firewall of a K3s node",
        Wants: "k3s.service",
        After: "netfilter-persistent.service",
        StartLimitIntervalSec: "0",
      },
      Service: {
        Type: "oneshot",
        RemainAfterExit: "yes",
        ExecStart: "/usr/local/sbin/k3s-node-firewall",
        Restart: "on-failure",
        RestartSec: "30",
      },
      Install: multiUser,
    }),
    ...(hasMetadata
      ? [
          file("k3s-node-metadata.service", {
            // A restart of the firewall empties its chain: it starts again with it.
            Unit: {
              Description: "Instance metadata for the pods of named namespaces",
              PartOf: firewall,
              After: `${firewall} k3s.service`,
            },
            Service: { ExecStart: "/usr/local/sbin/k3s-node-metadata", Restart: "always", RestartSec: "10" },
            Install: multiUser,
          }),
        ]
      : []),
    // As K3s's own installer writes it, with what has to be there before.
    file("k3s.service", {
      Unit: {
        Description: `K3s ${role}`,
        Documentation: "https://docs.k3s.io",
        Wants: online,
        Requires: `${install} ${firewall}`,
        After: `${online} ${install} ${firewall}`,
      },
      Service: {
        Type: role === "server" ? "notify" : "exec",
        ExecStartPre: "-/sbin/modprobe -a br_netfilter overlay",
        ...(role === "server"
          ? { ExecStart: `/bin/sh -c 'mkdir -p -m 700 ${SERVER_DIR}/logs && exec /usr/local/bin/k3s server'` }
          : { ExecStart: "/usr/local/bin/k3s agent" }),
        KillMode: "process",
        Delegate: "yes",
        LimitNOFILE: "1048576",
        LimitNPROC: "infinity",
        LimitCORE: "infinity",
        TasksMax: "infinity",
        TimeoutStartSec: "0",
        Restart: "always",
        RestartSec: "5",
      },
      Install: multiUser,
    }),
  ];
}

/** What the scripts know, as shell assignments. */
function environmentFile({ release, networkCidr, metadataNamespaces }: K3sNodeProps): string {
  const values = {
    K3S_VERSION: release.version,
    K3S_SHA256: release.sha256,
    K3S_RELEASES: "https://github.com/k3s-io/k3s/releases/download",
    K3S_BINARY: "/usr/local/bin/k3s",
    K3S_CONFIG_DIR: CONFIG_DIR,
    NETWORK_CIDR: networkCidr,
    POD_CIDR,
    METADATA_NAMESPACES: (metadataNamespaces ?? []).join(" "),
    METADATA_INTERVAL_SECONDS: "10",
  };
  return shellAssignments(values);
}

function problemsOf({ release, networkCidr, metadataNamespaces }: K3sNodeProps): string[] {
  const problems: string[] = [];
  const check = (key: string, value: string, pattern: RegExp, accepted: string) => {
    if (!Token.isUnresolved(value) && !pattern.test(value)) {
      problems.push(`${key} is "${value}"; ${accepted}`);
    }
  };
  check("release.version", release.version, /^v1\.\d+\.\d+\+k3s\d+$/, "a release such as v1.36.4+k3s1 is accepted");
  check("release.sha256", release.sha256, /^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case are accepted");
  check("networkCidr", networkCidr, /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "an IPv4 CIDR block is accepted");
  (metadataNamespaces ?? []).forEach((namespace, index) =>
    check(
      `metadataNamespaces[${index}]`,
      namespace,
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
      "a namespace's name is accepted",
    ),
  );
  return problems;
}
