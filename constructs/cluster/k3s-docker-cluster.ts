import { Fn, type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { stringify } from "yaml";
import { PrivateKey } from "@cdktf/provider-tls/lib/private-key";
import { DockerContainer, type DockerContainerProps, type DockerGpu } from "../compute/docker-container";
import { type DockerNetwork } from "../compute/docker-network";
import { DockerVolume } from "../compute/docker-volume";
import { addressOf } from "../core/address";
import { SocleError } from "../core/error";
import { readProjectFile } from "../core/files";
import { Layer } from "../core/layer";
import { apiServerReady } from "./api-server-ready";
import { ClusterCertificates } from "./cluster-certificates";
import { toTerraformText } from "./component";
import { KUBERNETES_API_PORT } from "./k3s-cluster";

/** A node of the cluster, by the address and the memory of its container. */
export interface K3sDockerNode {
  /** IPv4 address in the network: fixed, since nodes and certificates know each other by it. */
  readonly ipv4Address: string;
  /** Most memory that the node and its pods may take, in MiB. */
  readonly memoryMib: number;
}

export interface K3sDockerClusterProps {
  /** Name of the cluster, and prefix of its containers, volumes and nodes. */
  readonly name: string;
  /** Image of K3s with its tag, such as `rancher/k3s:v1.36.3-k3s1`. */
  readonly image: string;
  /** Digest that it must have; empty for whatever the tag has. @default - empty */
  readonly imageDigest?: string;
  readonly network: Pick<DockerNetwork, "name">;
  /** Domain of the names that containers reach the nodes by: `k3s`, `k3s-agent-1` and on, below it. */
  readonly domain: string;
  readonly server: K3sDockerNode;
  /** Nodes beside the server, in the order of their numbers. @default - none */
  readonly agents?: readonly K3sDockerNode[];
  /** File of the host with the word that nodes join with; it is mounted read-only, and has to be there before. */
  readonly tokenFile: string;
  /** Registry that speaks HTTP, such as `registry.lab.local:5001`: what nodes may pull from without TLS. */
  readonly plainHttpRegistry: string;
  /** Resolvers, parted by spaces, that pods' queries for names outside the cluster go to. */
  readonly podDnsServers: string;
  /** Port of the machine → node port of a Service. @default - none */
  readonly nodePorts?: Readonly<Record<number, number>>;
  /** Whether K3s makes volumes in folders of the nodes (storage class `local-path`). @default true */
  readonly localStorage?: boolean;
  /** The machine's NVIDIA cards, for one node: the first agent, or else the server. @default - none has them */
  readonly gpu?: K3sDockerGpu;
  /** Whether Terraform refuses to delete what nodes keep: the cluster's objects, images, and pods' volumes. @default true */
  readonly keepData?: boolean;
}

export interface K3sDockerGpu extends DockerGpu {
  /** Image of the node that has it: K3s of the same release, with NVIDIA's container runtime. */
  readonly image: string;
}

/**
 * What K3s and the system take on a node; pods are not scheduled onto it. The server's has the API server and the
 * datastore in it, both have the kubelet's eviction threshold.
 */
export const K3S_DOCKER_RESERVE = {
  server: { cpuMillis: 300, memoryMib: 1024 },
  agent: { cpuMillis: 100, memoryMib: 512 },
};

/** With less, a node has next to nothing left for pods. */
export const LEAST_MEMORY_MIB = 2048;

/** From so much free memory of a node on, the kubelet ends pods. */
const EVICTION_MIB = 200;

const DATA_DIR = "/var/lib/rancher/k3s";
const CONFIG_DIR = "/etc/rancher/k3s";
/** Not below /run, which is a mount too: in which order they come is Docker's affair. */
const TOKEN_FILE = "/etc/rancher/token";
const START_SCRIPT = "/etc/rancher/start.sh";

/**
 * What is wrong with a kind of storage where nodes are containers, for a check of settings.
 *
 * Longhorn attaches a volume to its node by iSCSI: a daemon (`iscsid`) and a kernel module of the node itself, which it
 * starts in the node's own namespaces. The image of K3s has nothing but K3s, and no way to install the daemon; and
 * volumes would all be on the one disk of the workstation, so there is nothing to replicate to.
 *
 * @see https://longhorn.io/docs/latest/deploy/install/#installation-requirements
 */
export function nodeStorageProblems(storage: string): string[] {
  return storage === "longhorn"
    ? [
        'storage is "longhorn", which needs open-iscsi\'s daemon on every node: these nodes are containers with nothing but K3s in them, and cannot have it; use local-path or nfs',
      ]
    : [];
}

/**
 * A K3s cluster whose nodes are containers of the local Docker: one server and its agents.
 *
 * It has no pod network, which a later layer brings; from this machine one reaches the API server and node ports.
 * kube-proxy stays, so that node ports work alike whatever the pod network is. K3s brings CoreDNS,
 * metrics-server and, when it is asked for, volumes in folders. Nodes are privileged: who is root in a pod with its host's
 * namespaces is root on the machine.
 */
export class K3sDockerCluster extends Construct {
  /** Address of the API server for this machine, such as `https://127.0.0.1:6443`. */
  readonly host: string;
  /** Its address for containers of the network. */
  readonly internalHost: string;
  readonly certificates: ClusterCertificates;
  /** What the tokens of ServiceAccounts are verified with, in PEM, for whoever trusts them without asking the cluster. */
  readonly serviceAccountPublicKey: string;
  /** Addresses of the nodes' containers, the server's first, such as `docker_container.cluster_server`. */
  readonly containers: readonly string[];
  private readonly nodes: readonly ITerraformDependable[];

  /** @throws SocleError when a node has too little memory, or two have the same address */
  constructor(
    scope: Construct,
    id: string,
    private readonly props: K3sDockerClusterProps,
  ) {
    super(scope, id);
    SocleError.throwIfAny(this.node.path, problemsOf(props));
    const { name, domain, server, agents = [], gpu } = props;
    this.host = `https://127.0.0.1:${KUBERNETES_API_PORT}`;
    this.internalHost = `https://k3s.${domain}:${KUBERNETES_API_PORT}`;
    this.certificates = new ClusterCertificates(this, "certificates", { name });
    // As K3s makes its own.
    const serviceAccounts = new PrivateKey(this, "service_account_key", { algorithm: "RSA", rsaBits: 2048 });
    this.serviceAccountPublicKey = serviceAccounts.publicKeyPem;
    const layer = Layer.of(this);
    layer.addStateSecret({
      what: `\`${addressOf(serviceAccounts)}.private_key_pem\``,
      why: "Signs the tokens of ServiceAccounts: who has it is any of them. The tls provider keeps its keys.",
    });

    const container = this.addNode("server", server, {
      hostName: `k3s.${domain}`,
      configuration: {
        "tls-san": ["127.0.0.1", server.ipv4Address, `k3s.${domain}`],
        "write-kubeconfig-mode": "0600",
        "secrets-encryption": true,
        "flannel-backend": "none",
        "disable-network-policy": true,
        // Whoever delivers charts brings their own way.
        "disable-helm-controller": true,
        disable: ["traefik", "servicelb", ...((props.localStorage ?? true) ? [] : ["local-storage"])],
        "kube-controller-manager-arg": ["terminated-pod-gc-threshold=50"],
      },
      gpu: agents.length === 0 ? gpu : undefined,
      ports: [KUBERNETES_API_PORT],
      forwardedPorts: props.nodePorts,
      uploads: {
        ...this.authorities(),
        // K3s makes one only where there is none.
        [`${DATA_DIR}/server/tls/service.key`]: serviceAccounts.privateKeyPem,
      },
    });
    layer.addStateSecret({
      what: `\`${container.address}\`: \`upload\``,
      why: "The cluster's authorities with their keys, and the one of ServiceAccounts: K3s needs them before its first start, and the provider keeps what it puts into a container.",
    });
    const joining = agents.map((agent, index) =>
      this.addNode(`agent_${index + 1}`, agent, {
        hostName: `k3s-agent-${index + 1}.${domain}`,
        configuration: { server: `https://${server.ipv4Address}:${KUBERNETES_API_PORT}` },
        gpu: index === 0 ? gpu : undefined,
        ports: [],
        // Without a server that answers it is not healthy, however long it waits.
        dependsOn: [container.ready],
      }),
    );
    this.nodes = [container, ...joining].map(({ ready }) => ready);
    this.containers = [container, ...joining].map(({ address }) => address);
  }

  /**
   * Waits until the API server says that it is ready. Every later plan asks it again, and fails early where it is not.
   *
   * @returns the address of the data source that waits, for `depends_on` of outputs
   */
  waitUntilReady(): string {
    const ready = apiServerReady(this, "ready", {
      host: this.host,
      certificates: this.certificates,
      diagnosis: `read "docker logs --tail 50 ${this.props.name}-k3s-server"`,
      dependsOn: this.nodes,
    });
    return addressOf(ready);
  }

  private addNode(
    id: string,
    { ipv4Address, memoryMib }: K3sDockerNode,
    { hostName, configuration, gpu, uploads = {}, ...container }: NodeProps,
  ): DockerContainer {
    const { props } = this;
    const role = id === "server" ? "server" : "agent";
    const name = `${props.name}-k3s-${id.replaceAll("_", "-")}`;
    const reserve = K3S_DOCKER_RESERVE[role];
    return new DockerContainer(this, id, {
      ...container,
      name,
      ...this.imageOf(gpu),
      network: props.network,
      ipv4Address,
      hostName,
      memoryMib,
      privileged: true,
      gpu,
      entrypoint: ["/bin/sh", START_SCRIPT, role],
      environment: {
        K3S_TOKEN_FILE: TOKEN_FILE,
        // What the kubelet believes the node has: other memory is another container.
        NODE_MEMORY_MIB: Token.asString(memoryMib),
        POD_DNS_SERVERS: props.podDnsServers,
      },
      files: { [TOKEN_FILE]: props.tokenFile },
      uploads: {
        [START_SCRIPT]: toTerraformText(readProjectFile("constructs/cluster/k3s-docker-node/start.sh")),
        [`${CONFIG_DIR}/config.yaml`]: yaml({
          "node-name": `${props.name}-${id.replaceAll("_", "-")}`,
          "node-ip": ipv4Address,
          "resolv-conf": "/etc/rancher/pods-resolv.conf",
          // The machine's own limit stays: only its first network namespace may change it.
          "kube-proxy-arg": ["conntrack-max-per-core=0"],
          "kubelet-arg": [
            `system-reserved=cpu=${reserve.cpuMillis}m,memory=${reserve.memoryMib - EVICTION_MIB}Mi`,
            // Not a share of the disk, which is the workstation's and may well be nine tenths full.
            `eviction-hard=memory.available<${EVICTION_MIB}Mi,nodefs.available<4Gi,imagefs.available<4Gi`,
          ],
          ...configuration,
        }),
        [`${CONFIG_DIR}/registries.yaml`]: yaml({
          mirrors: { [props.plainHttpRegistry]: { endpoint: [`http://${props.plainHttpRegistry}`] } },
        }),
        ...uploads,
      },
      volumes: {
        [DATA_DIR]: new DockerVolume(this, `${id}_data`, { name, keep: props.keepData ?? true }),
      },
      temporary: ["/run", "/var/run"],
      // With what the node itself has, over the way that it itself has: for an agent, that the server answers it.
      healthCheck: ["kubectl", `--kubeconfig=${DATA_DIR}/agent/kubelet.kubeconfig`, "get", "--raw=/readyz"],
      healthCheckSeconds: 10,
      startSeconds: 180,
      stopSeconds: 30,
    });
  }

  private imageOf(gpu?: K3sDockerGpu): Pick<DockerContainerProps, "image" | "digest"> {
    const { image, imageDigest = "" } = this.props;
    if (gpu === undefined) {
      return { image, digest: imageDigest };
    }
    const stock = Fn.join("@", Fn.compact([image, imageDigest]));
    return { image: Token.asString(Fn.conditional(gpu.when.value, gpu.image, stock)) };
  }

  /** Where K3s looks for authorities before it makes its own. @see https://docs.k3s.io/cli/certificate */
  private authorities(): Record<string, string> {
    const { serverAuthority, clientAuthority, requestHeaderAuthority } = this.certificates;
    const pairs = {
      "server-ca": serverAuthority,
      "client-ca": clientAuthority,
      "request-header-ca": requestHeaderAuthority,
    };
    return Object.fromEntries(
      Object.entries(pairs).flatMap(([name, { certificate, privateKey }]) => [
        [`${DATA_DIR}/server/tls/${name}.crt`, certificate],
        [`${DATA_DIR}/server/tls/${name}.key`, privateKey],
      ]),
    );
  }
}

interface NodeProps extends Pick<
  DockerContainerProps,
  "hostName" | "ports" | "forwardedPorts" | "uploads" | "dependsOn"
> {
  /** What K3s's configuration has besides that of every node. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly gpu?: K3sDockerGpu;
}

function yaml(values: Readonly<Record<string, unknown>>): string {
  return stringify(values, { lineWidth: 0 });
}

function problemsOf({ name, server, agents = [] }: K3sDockerClusterProps): string[] {
  const nodes = [server, ...agents];
  return [
    ...(/^[a-z][a-z0-9-]*$/.test(name) ? [] : [`name is "${name}": use lower-case letters, digits and "-"`]),
    ...nodes.flatMap(({ ipv4Address, memoryMib }, index) => [
      ...(Token.isUnresolved(memoryMib) || memoryMib >= LEAST_MEMORY_MIB
        ? []
        : [`the node ${ipv4Address} has ${memoryMib} MiB: K3s and a few pods need ${LEAST_MEMORY_MIB} and more`]),
      ...(nodes.findIndex((other) => other.ipv4Address === ipv4Address) === index
        ? []
        : [`the address ${ipv4Address} belongs to two nodes: each needs its own`]),
    ]),
  ];
}
