import { TerraformCount, TerraformOutput } from "cdktf";
import { HcloudProvider } from "@cdktf/provider-hcloud/lib/provider";
import { HttpProvider } from "@cdktf/provider-http/lib/provider";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { KubeadmCluster } from "../../constructs/cluster/kubeadm-cluster";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { HetznerLoadBalancer } from "../../constructs/gateway/hetzner-load-balancer";
import { HetznerFirewall } from "../../constructs/network/hetzner-firewall";
import { HetznerNetwork } from "../../constructs/network/hetzner-network";
import { HetznerVolumes } from "../../constructs/storage/hetzner-volumes";
import { controlPlanesRunWorkloads } from "./capacity";
import { clusterInputs } from "./cluster-inputs";
import { clusterReadme } from "./readme";
import { type ViridialSettings } from "./settings";

/** Node ports of Traefik's service, fixed so that the load balancer knows them. */
export const TRAEFIK_NODE_PORTS = { http: 30080, https: 30443 };

/** Last numbers of the addresses that are fixed; Hetzner gives workers free ones, from 2 on. */
const HOSTS = { controlPlanes: [250, 249, 248], loadBalancer: 251, apiLoadBalancer: 252 };

/** The first layer of viridial-staging: network, firewall, load balancer and a kubeadm cluster. */
export function viridialCluster(environment: Environment, settings: ViridialSettings): Layer {
  const layer = new Layer(environment, `${environment.name}-cluster`, {
    description: "A kubeadm cluster on servers at Hetzner, in a private network behind a load balancer.",
  });
  const { name } = environment;
  const { protection } = settings;
  const inputs = clusterInputs(layer, settings);
  const location = inputs.location.stringValue;

  // Its token comes from HCLOUD_TOKEN.
  new HcloudProvider(layer, "hcloud");
  new TlsProvider(layer, "tls");
  new RandomProvider(layer, "random");
  new HttpProvider(layer, "http");

  const network = new HetznerNetwork(layer, "network", {
    name,
    cidrBlock: settings.networkCidrBlock,
    deleteProtection: protection,
  });
  const firewall = new HetznerFirewall(layer, "nodes", { name: `${name}-nodes` });
  firewall.allowFrom(inputs.adminCidrBlocks, { port: 22, purpose: "SSH" });
  firewall.allowFrom(inputs.adminCidrBlocks, { port: 6443, purpose: "Kubernetes API" });

  const loadBalancer = new HetznerLoadBalancer(layer, "load_balancer", {
    name,
    location,
    network,
    privateIp: network.addressAt(HOSTS.loadBalancer),
    deleteProtection: protection,
  });
  const controlPlaneIps = HOSTS.controlPlanes.slice(0, settings.controlPlanes).map((host) => network.addressAt(host));
  const cluster = new KubeadmCluster(layer, "cluster", {
    name,
    release: settings.release,
    location,
    controlPlaneServerType: inputs.controlPlaneServerType.stringValue,
    workerServerType: inputs.serverType.stringValue,
    workers: TerraformCount.of(inputs.workerCount.numberValue),
    network,
    firewall,
    sshPublicKey: inputs.sshPublicKey.stringValue,
    controlPlaneIps,
    workloadsOnControlPlanes: controlPlanesRunWorkloads(settings),
    apiLoadBalancerIp: network.addressAt(HOSTS.apiLoadBalancer),
    bootstrapTokenGeneration: inputs.joinTokenGeneration.numberValue,
    keptSnapshots: settings.etcdSnapshots,
    backups: settings.serverBackups,
    protection,
  });
  new HetznerVolumes(layer, "worker_volume", {
    name: `${name}-worker`,
    location,
    sizeGib: inputs.volumeSizeGib.numberValue,
    serverCount: inputs.workerCount.numberValue,
    serverId: cluster.workerTargets.serverId,
    deleteProtection: protection,
  });
  loadBalancer.forwardTo(cluster.workerTargets);
  if (controlPlanesRunWorkloads(settings)) {
    cluster.controlPlaneTargets.forEach((target) => loadBalancer.forwardTo(target));
  }
  loadBalancer.listen("http", { port: 80, targetPort: TRAEFIK_NODE_PORTS.http, purpose: "HTTP" });
  loadBalancer.listen("https", { port: 443, targetPort: TRAEFIK_NODE_PORTS.https, purpose: "HTTPS" });

  addOutputs(layer, cluster, loadBalancer, network);
  new TerraformOutput(layer, "bootstrap_token_generation", {
    description:
      "Which bootstrap_token it is: the first one is made known by kubeadm itself, for the cluster's first day.",
    value: inputs.joinTokenGeneration.numberValue,
  });
  clusterReadme(settings, controlPlaneIps).forEach((section) => layer.addReadmeSection(section));
  return layer;
}

function addOutputs(
  layer: Layer,
  cluster: KubeadmCluster,
  loadBalancer: HetznerLoadBalancer,
  network: HetznerNetwork,
): void {
  const ready = cluster.waitUntilReady();
  const { serverAuthority, admin } = cluster.certificates;
  const output = (name: string, description: string, value: unknown, sensitive = false) =>
    new TerraformOutput(layer, name, { description, value, ...(sensitive ? { sensitive } : {}) });
  // Who is given the cluster's address finds a cluster there that answers.
  const clusterOutput = (name: string, description: string, value: unknown, sensitive = false) =>
    output(name, description, value, sensitive).addOverride("depends_on", [ready]);

  output("load_balancer_ip", "Public IPv4 address of the load balancer, for DNS records.", loadBalancer.publicIp);
  output(
    "load_balancer_private_ip",
    "Its address in the private network: Traefik trusts the PROXY protocol from there only.",
    loadBalancer.privateIp,
  );
  output("network_id", "Id of the private network, for Hetzner's cloud controller.", network.networkId);
  output("network_cidr_block", "IPv4 block of the private network that the nodes are in.", network.cidrBlock);
  output(
    "ssh_command",
    "Opens a shell on the control plane, with the private key of ssh_public_key, for admin_cidr_blocks only.",
    `ssh root@${cluster.apiAddress}`,
  );
  output(
    "control_plane_addresses",
    "Public IPv4 addresses of the control planes, the API's first, for SSH from admin_cidr_blocks only.",
    [...cluster.controlPlaneAddresses],
  );
  output(
    "bootstrap_token",
    "What a new node joins with; the platform layer makes it known to the cluster.",
    cluster.bootstrapToken,
    true,
  );
  clusterOutput(
    "kubeconfig",
    "Opens the cluster as admin, for admin_cidr_blocks only: terraform output -raw kubeconfig > kubeconfig",
    cluster.certificates.kubeconfig(cluster.host),
    true,
  );
  clusterOutput("kubernetes_host", "Address of the Kubernetes API, for the next layer.", cluster.host);
  clusterOutput(
    "kubernetes_ca_certificate",
    "Authority of the API server's certificate (PEM).",
    serverAuthority.certificate,
  );
  clusterOutput(
    "kubernetes_client_certificate",
    "The admin's certificate (PEM), for the next layer.",
    admin.certificate,
  );
  clusterOutput("kubernetes_client_key", "The admin's private key (PEM), for the next layer.", admin.privateKey, true);
  layer.addStateSecret({
    what: "outputs `kubeconfig`, `kubernetes_client_key`, `bootstrap_token`",
    why: "The admin's key and the token once more: the next layer reads them from here.",
  });
}
