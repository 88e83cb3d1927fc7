import { Fn, TerraformOutput, Token } from "cdktf";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { HttpProvider } from "@cdktf/provider-http/lib/provider";
import { LocalProvider } from "@cdktf/provider-local/lib/provider";
import { SensitiveFile } from "@cdktf/provider-local/lib/sensitive-file";
import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { K3sDockerCluster, type K3sDockerNode } from "../../constructs/cluster/k3s-docker-cluster";
import { type ClusterNetwork, k3sCalicoNetwork, k3sCiliumNetwork } from "../../constructs/cluster/network-policy";
import { addressOf } from "../../constructs/core/address";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { clusterInputs } from "./cluster-inputs";
import { clusterReadme } from "./cluster-readme";
import { publicName } from "./names";
import { CONTAINERS, nodeAddress } from "./network";
import { kubernetesRelease, type LabSettings } from "./settings";

/** Node ports of Traefik's Service, fixed: this machine's ports 80 and 443 lead there. */
export const TRAEFIK_NODE_PORTS = { http: 30080, https: 30443 };

/** Files below `secrets_dir`: one that has to be there, one that this layer writes. */
export const CLUSTER_FILES = { token: "k3s_token", kubeconfig: "kubeconfig" };

/** The cluster's network, for policies; it depends on what connects its pods. */
export function labClusterNetwork(settings: LabSettings): ClusterNetwork {
  const nodes = Array.from({ length: 1 + settings.agents }, (_, index) => `${nodeAddress(settings, index)}/32`);
  return settings.cni === "cilium" ? k3sCiliumNetwork(nodes) : k3sCalicoNetwork(nodes);
}

/**
 * The lab's cluster: K3s with its nodes as containers of the local Docker, beside the services.
 *
 * @param servicesLayer has the network, and the folder with the files of secrets
 */
export function labCluster(environment: Environment, settings: LabSettings, servicesLayer: Layer): Layer {
  const { name } = environment;
  const { agents, domain, images, keepData, storage } = settings;
  const layer = new Layer(environment, `${name}-cluster`, {
    description: "A K3s cluster, its nodes as containers of the local Docker.",
  });
  const inputs = clusterInputs(layer, settings);
  // Its daemon is the one of DOCKER_HOST, or else the local one.
  new DockerProvider(layer, "docker");
  new TlsProvider(layer, "tls");
  new HttpProvider(layer, "http");
  new LocalProvider(layer, "local");

  const earlier = layer.read(servicesLayer);
  const secret = (file: string) => Fn.join("/", [earlier.getString("secrets_path"), file]);
  const node = (index: number): K3sDockerNode => ({
    ipv4Address: nodeAddress(settings, index),
    memoryMib: (index === 0 ? inputs.serverMemoryMib : (inputs.agentMemoryMib ?? inputs.serverMemoryMib)).numberValue,
  });
  const cluster = new K3sDockerCluster(layer, "cluster", {
    name,
    image: images.k3s,
    imageDigest: inputs.imageDigest.stringValue,
    network: { name: earlier.getString("network_name") },
    domain,
    server: node(0),
    agents: Array.from({ length: agents }, (_, index) => node(index + 1)),
    tokenFile: secret(CLUSTER_FILES.token),
    plainHttpRegistry: `${publicName(settings, "registry")}:${CONTAINERS.registry.port}`,
    podDnsServers: Fn.join(" ", Token.asList(inputs.dnsServers.value)),
    nodePorts: { 80: TRAEFIK_NODE_PORTS.http, 443: TRAEFIK_NODE_PORTS.https },
    localStorage: storage === "local-path",
    gpu: { when: inputs.gpu, driverFolder: inputs.driverFolder, image: inputs.gpuImage.stringValue },
    keepData,
  });
  const kubeconfig = new SensitiveFile(layer, "kubeconfig_file", {
    filename: secret(CLUSTER_FILES.kubeconfig),
    content: cluster.certificates.kubeconfig(cluster.host),
    filePermission: "0600",
    directoryPermission: "0700",
  });
  layer.addStateSecret({
    what: `\`${addressOf(kubeconfig)}.content\``,
    why: "The admin's kubeconfig, which the provider keeps to see whether the file changed.",
  });
  addOutputs(layer, cluster, kubeconfig);

  const output = (id: string, value: unknown, description: string) =>
    new TerraformOutput(layer, id, { value, description });
  output("kubernetes_release", kubernetesRelease(settings), "Release of Kubernetes, for tools that have to fit it.");
  output("has_gpu", inputs.gpu.value, "Whether a node has the NVIDIA card, for the layers that use it.");
  clusterReadme({
    name,
    domain,
    agents,
    keepData,
    files: CLUSTER_FILES,
    containers: cluster.containers,
  }).forEach((section) => layer.addReadmeSection(section));
  return layer;
}

function addOutputs(layer: Layer, cluster: K3sDockerCluster, kubeconfig: SensitiveFile): void {
  const { serverAuthority, admin } = cluster.certificates;
  // Who is given the cluster's address finds a cluster there that answers.
  const ready = cluster.waitUntilReady();
  const output = (id: string, value: unknown, description: string, sensitive = false) =>
    new TerraformOutput(layer, id, { value, description, ...(sensitive ? { sensitive } : {}) }).addOverride(
      "depends_on",
      [ready],
    );
  output("kubernetes_host", cluster.host, "Address of the Kubernetes API on this machine, for the next layer.");
  output(
    "kubernetes_internal_host",
    cluster.internalHost,
    "Address of the Kubernetes API in the Docker network, for other containers there.",
  );
  output(
    "kubernetes_ca_certificate",
    serverAuthority.certificate,
    "Authority of the API server's certificate (PEM), for the next layer.",
  );
  output(
    "service_account_public_key",
    cluster.serviceAccountPublicKey,
    "Key that the tokens of ServiceAccounts are verified with (PEM), for Vault.",
  );
  output("kubernetes_client_certificate", admin.certificate, "The admin's certificate (PEM), for the next layer.");
  output("kubernetes_client_key", admin.privateKey, "The admin's private key (PEM), for the next layer.", true);
  output(
    "kubeconfig_path",
    kubeconfig.filename,
    'File that opens the cluster as admin: export KUBECONFIG="$(terraform output -raw kubeconfig_path)"',
  );
  layer.addStateSecret({
    what: "output `kubernetes_client_key`",
    why: "The admin's key once more: the next layer reads it from here.",
  });
}
