import { Aspects, Fn, Op, TerraformLocal, TerraformOutput, Token } from "cdktf";
import { Construct } from "constructs";
import { HttpProvider } from "@cdktf/provider-http/lib/provider";
import { DataOciIdentityRegionSubscriptions } from "@cdktf/provider-oci/lib/data-oci-identity-region-subscriptions";
import { OciProvider } from "@cdktf/provider-oci/lib/provider";
import { RandomProvider } from "@cdktf/provider-random/lib/provider";
import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { K3sCluster, KUBERNETES_API_PORT } from "../../constructs/cluster/k3s-cluster";
import { OciBootVolumeBackups } from "../../constructs/compute/oci-boot-volume-backups";
import { OciPlacement } from "../../constructs/compute/oci-placement";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { ALWAYS_FREE, FreeTierQuota } from "../../constructs/cost/free-tier-quota";
import { AutonomousDatabase, DATABASE_TLS_PORT } from "../../constructs/database/autonomous-database";
import { NetworkLoadBalancer } from "../../constructs/gateway/network-load-balancer";
import { OciFirewall } from "../../constructs/network/oci-firewall";
import { OciNetwork } from "../../constructs/network/oci-network";
import { FreeformTags } from "../../constructs/policy/freeform-tags";
import { OciInstanceGroup } from "../../constructs/security/oci-dynamic-group";
import { OciUnsealKey } from "../../constructs/security/oci-unseal-key";
import { infrastructureInputs } from "./infrastructure-inputs";
import { INFRASTRUCTURE_README } from "./readme";
import { type OciSettings } from "./settings";

/** Node ports of Traefik's service, fixed so that the load balancer knows them. */
export const TRAEFIK_NODE_PORTS = { http: 30080, https: 30443 };

/** How many weekly backups a boot volume keeps where storage is paid for. */
const PAID_BACKUP_WEEKS = 4;

/** The first layer of oci-v2: network, load balancer, K3s nodes, database and the key that unseals Vault. */
export function ociInfrastructure(environment: Environment, settings: OciSettings): Layer {
  const layer = new Layer(environment, environment.name, {
    description:
      "A K3s cluster on ARM servers behind a network load balancer, an Autonomous Database, and a key that unseals Vault; Always Free unless told otherwise.",
    readme: INFRASTRUCTURE_README,
  });
  const { name } = environment;
  const inputs = infrastructureInputs(layer);
  const tenancyId = inputs.tenancyOcid.stringValue;
  const compartmentId = inputs.compartmentOcid.stringValue;
  const region = inputs.region.stringValue;
  const alwaysFree = inputs.alwaysFree.booleanValue;
  const nodeCount = inputs.nodeCount.numberValue;

  const homeProvider = addProviders(layer, tenancyId, region);
  Aspects.of(layer).add(new FreeformTags({ Environment: name, ManagedBy: "Terraform" }));
  new FreeTierQuota(layer, "free_tier", {
    name: `${name}-always-free`,
    tenancyId,
    compartmentId,
    compartmentPath: inputs.compartmentPath.stringValue,
    enabled: alwaysFree,
    homeProvider,
  });

  const network = new OciNetwork(layer, "network", {
    name,
    compartmentId,
    cidrBlock: settings.vcnCidrBlock,
    gateways: Op.not(alwaysFree),
  });
  const group = (id: string) =>
    new OciFirewall(layer, id, { name: `${name}-${id.replaceAll("_", "-")}`, compartmentId, vcnId: network.vcnId });
  const gatewayFirewall = group("gateway");
  const nodeFirewall = group("nodes");
  const databaseFirewall = group("database_access");
  gatewayFirewall.allowFromWorld("http", { port: 80, purpose: "HTTP" });
  gatewayFirewall.allowFromWorld("https", { port: 443, purpose: "HTTPS" });
  gatewayFirewall.allowFrom(inputs.adminCidrBlocks, "kubernetes", {
    port: KUBERNETES_API_PORT,
    purpose: "Kubernetes API",
  });
  gatewayFirewall.allowFrom(inputs.adminCidrBlocks, "ssh", { port: 22, purpose: "SSH of the server node" });
  gatewayFirewall.allowPathMtuDiscovery();
  nodeFirewall.allowFromGroup(gatewayFirewall, "http", { port: TRAEFIK_NODE_PORTS.http, purpose: "HTTP" });
  nodeFirewall.allowFromGroup(gatewayFirewall, "https", { port: TRAEFIK_NODE_PORTS.https, purpose: "HTTPS" });
  nodeFirewall.allowFromGroup(gatewayFirewall, "kubernetes", { port: KUBERNETES_API_PORT, purpose: "Kubernetes API" });
  nodeFirewall.allowFromGroup(gatewayFirewall, "ssh", { port: 22, purpose: "SSH" });
  nodeFirewall.allowWithin("Nodes among themselves: API, kubelets, pod network");
  nodeFirewall.allowToAnywhere("Packages, container images, OCI's APIs and the database");
  nodeFirewall.allowPathMtuDiscovery();
  databaseFirewall.allowFromGroup(nodeFirewall, "sql", { port: DATABASE_TLS_PORT, purpose: "SQL over TLS" });

  const loadBalancer = new NetworkLoadBalancer(layer, "load_balancer", {
    name,
    compartmentId,
    subnetId: network.publicSubnetId,
    securityGroupId: gatewayFirewall.securityGroupId,
  });
  const cluster = new K3sCluster(layer, "cluster", {
    name,
    release: settings.k3s,
    compartmentId,
    placement: new OciPlacement(layer, "placement", {
      tenancyId,
      compartmentId,
      availabilityDomain: inputs.availabilityDomain.numberValue,
    }),
    // After the trial, many free tenancies may make no NAT gateway: their nodes go out by public addresses of their own.
    subnetId: Fn.conditional(alwaysFree, network.publicSubnetId, network.privateSubnetId),
    publicAddresses: alwaysFree,
    securityGroupId: nodeFirewall.securityGroupId,
    nodeCount,
    ocpus: inputs.nodeOcpus.numberValue,
    memoryGib: inputs.nodeMemoryGib.numberValue,
    bootVolumeGib: inputs.nodeBootVolumeGib.numberValue,
    sshPublicKey: inputs.sshPublicKey.stringValue,
    networkCidr: network.cidrBlock,
    apiAddress: loadBalancer.publicIp,
    metadataNamespaces: [settings.vaultNamespace],
    backups: new OciBootVolumeBackups(layer, "boot_volume_backups", {
      name,
      compartmentId,
      // While a new backup is made the oldest is still there, and all nodes' together may not pass what is free.
      keptWeeks: new TerraformLocal(
        layer,
        "kept_backup_weeks",
        Fn.conditional(
          alwaysFree,
          Op.sub(Fn.floor(Op.div(ALWAYS_FREE.volumeBackups, nodeCount)), 1),
          PAID_BACKUP_WEEKS,
        ),
      ).asNumber,
    }),
  });
  loadBalancer.listen("kubernetes", {
    port: KUBERNETES_API_PORT,
    targetPort: KUBERNETES_API_PORT,
    targets: cluster.serverTargets,
  });
  loadBalancer.listen("ssh", { port: 22, targetPort: 22, targets: cluster.serverTargets });
  loadBalancer.listen("http", {
    port: 80,
    targetPort: TRAEFIK_NODE_PORTS.http,
    targets: cluster.nodeTargets,
    proxyProtocol: true,
  });
  loadBalancer.listen("https", {
    port: 443,
    targetPort: TRAEFIK_NODE_PORTS.https,
    targets: cluster.nodeTargets,
    proxyProtocol: true,
  });
  const ready = cluster.waitUntilReady(loadBalancer.ready);

  const database = new AutonomousDatabase(layer, "database", {
    compartmentId,
    databaseName: "ociv2",
    displayName: name,
    adminPassword: inputs.databaseAdminPassword.stringValue,
    alwaysFree,
    allowedAddresses: cluster.nodePublicIps,
    privateEndpoint: { subnetId: network.databaseSubnetId, securityGroupId: databaseFirewall.securityGroupId },
  });
  const unsealKey = new OciUnsealKey(layer, "unseal", { name: `${name}-unseal`, compartmentId });
  unsealKey.grantUse(
    new OciInstanceGroup(layer, "node_rights", {
      name: `${name}-nodes`,
      tenancyId,
      instanceIds: cluster.nodeIds,
      homeProvider,
    }),
  );

  addOutputs(layer, {
    loadBalancer,
    cluster,
    ready,
    database,
    unsealKey,
    region,
    compartmentId,
    domainName: inputs.domainName.stringValue,
    networkCidr: network.cidrBlock,
  });
  return layer;
}

/**
 * The providers; OCI's takes its credentials from the usual places.
 *
 * @returns OCI's provider for the tenancy's home region, the only one where identity and quotas can be changed
 */
function addProviders(layer: Layer, tenancyId: string, region: string): OciProvider {
  new OciProvider(layer, "oci", { region });
  new TlsProvider(layer, "tls");
  new RandomProvider(layer, "random");
  new HttpProvider(layer, "http");
  const home = new DataOciIdentityRegionSubscriptions(layer, "home_region", {
    tenancyId,
    filter: [{ name: "is_home_region", values: ["true"] }],
    lifecycle: {
      postcondition: [
        {
          condition: "${!var.always_free || self.region_subscriptions[0].region_name == var.region}",
          errorMessage:
            "Always Free compute and databases exist in the tenancy's home region only, which is ${self.region_subscriptions[0].region_name}: set region to it, or always_free to false.",
        },
      ],
    },
  });
  return new OciProvider(layer, "oci_home", { alias: "home", region: home.regionSubscriptions.get(0).regionName });
}

interface OutputSources {
  readonly loadBalancer: NetworkLoadBalancer;
  readonly cluster: K3sCluster;
  /** Address of what waits for the cluster. */
  readonly ready: string;
  readonly database: AutonomousDatabase;
  readonly unsealKey: OciUnsealKey;
  readonly region: string;
  readonly compartmentId: string;
  readonly domainName: string;
  readonly networkCidr: string;
}

function addOutputs(layer: Layer, sources: OutputSources): void {
  const { loadBalancer, cluster, ready, database, unsealKey } = sources;
  const { serverAuthority, admin } = cluster.certificates;
  // Below a construct of their own, with their id as name: some are called like an input.
  const scope = new Construct(layer, "outputs");
  const output = (
    name: string,
    description: string,
    value: unknown,
    more: { sensitive?: true; isCluster?: true } = {},
  ) => {
    const made = new TerraformOutput(scope, name, {
      staticId: true,
      description,
      value,
      ...(more.sensitive ? { sensitive: true } : {}),
    });
    if (more.isCluster) {
      // Who is given the cluster's address finds a cluster there that answers.
      made.addOverride("depends_on", [ready]);
    }
  };
  const isCluster = true as const;
  const sensitive = true as const;
  const address = loadBalancer.publicIp;
  const host = Token.asString(Fn.conditional(Op.gte(Fn.lengthOf(sources.domainName), 1), sources.domainName, address));

  output("load_balancer_ip", "Public IPv4 address of the load balancer, for domain_name's DNS record.", address);
  output("app_url", "The Streamlit application, once the platform layer is applied.", `http://${host}/`);
  output("api_url", "The FastAPI service, once the platform layer is applied.", `http://${host}/api`);
  output(
    "grafana_command",
    "Grafana is not public: this makes it http://localhost:3000 until it is stopped, once the platform layer is applied.",
    "kubectl --namespace monitoring port-forward service/kube-prometheus-stack-grafana 3000:80",
  );
  output("grafana_url", "Grafana in the browser, while grafana_command runs.", "http://localhost:3000");
  output(
    "node_public_ips",
    "Public IPv4 addresses that the nodes go out by; nothing answers there. Empty where always_free is false.",
    cluster.nodePublicIps,
  );
  output(
    "ssh_command",
    "Opens a shell on the server node, with the private key of ssh_public_key, for admin_cidr_blocks only.",
    `ssh ubuntu@${address}`,
  );
  output(
    "kubeconfig",
    "Opens the cluster as admin, for admin_cidr_blocks only: terraform output -raw kubeconfig > kubeconfig",
    cluster.certificates.kubeconfig(cluster.host),
    { sensitive, isCluster },
  );
  output("kubernetes_host", "Address of the Kubernetes API, for the next layer.", cluster.host, { isCluster });
  output("kubernetes_ca_certificate", "Authority of the API server's certificate (PEM).", serverAuthority.certificate, {
    isCluster,
  });
  output("kubernetes_client_certificate", "The admin's certificate (PEM), for the next layer.", admin.certificate, {
    isCluster,
  });
  output("kubernetes_client_key", "The admin's private key (PEM), for the next layer.", admin.privateKey, {
    sensitive,
    isCluster,
  });
  layer.addStateSecret({
    what: "outputs `kubeconfig`, `kubernetes_client_key`",
    why: "The admin's key once more: the next layer reads it from here.",
  });
  output("database_id", "OCID of the Autonomous Database.", database.databaseId);
  output(
    "database_connection_names",
    "Names of the database's services, from the most parallel to the most sessions.",
    database.connectionNames,
  );
  output(
    "database_connection_string",
    "Connect descriptor of the service low, for TLS without a wallet; reached from the nodes only.",
    database.connectionString,
  );
  output("database_admin_username", "User that makes the applications' own ones.", database.adminUsername);
  output("kms_key_id", "OCID of the key that unseals Vault.", unsealKey.keyId);
  output("kms_crypto_endpoint", "Where that key encrypts and decrypts.", unsealKey.cryptoEndpoint);
  output("kms_management_endpoint", "Where that key is looked up.", unsealKey.managementEndpoint);
  output("region", "OCI region of all this.", sources.region);
  output("compartment_ocid", "OCID of the compartment of all this.", sources.compartmentId);
  output(
    "domain_name",
    "Name under which the applications are reached; empty where there is none.",
    sources.domainName,
  );
  output("vcn_cidr_block", "IPv4 block of the network: the load balancer's own address is in it.", sources.networkCidr);
}
