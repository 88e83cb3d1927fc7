import { type TerraformRemoteState } from "cdktf";
import { BootstrapToken } from "../../../constructs/cluster/bootstrap-token";
import { Calico } from "../../../constructs/cluster/calico";
import { ClusterRoles } from "../../../constructs/cluster/cluster-roles";
import { CsrApprover } from "../../../constructs/cluster/csr-approver";
import { HcloudController } from "../../../constructs/cluster/hcloud-controller";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { MetricsServer } from "../../../constructs/cluster/metrics-server";
import { ExistingNamespace, Namespace } from "../../../constructs/cluster/namespace";
import { NodesReady } from "../../../constructs/cluster/nodes-ready";
import { type Layer } from "../../../constructs/core/layer";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { HcloudCsi } from "../../../constructs/storage/hcloud-csi";
import { type Profile, type ViridialSettings } from "../settings";
import { foundationInputs } from "./foundation-inputs";
import { addNamespaces, type FoundationNamespaces } from "./foundation-namespaces";
import { foundationReadme } from "./foundation-readme";

export interface FoundationProps {
  readonly cluster: KubernetesCluster;
  /** Outputs of the layer that made the cluster. */
  readonly earlier: TerraformRemoteState;
  readonly settings: ViridialSettings;
}

const SIZES: Readonly<Record<Profile, { readonly metricsServers: number }>> = {
  staging: { metricsServers: 1 },
  production: { metricsServers: 2 },
};

/** That of Hetzner's private networks is 1450, and VXLAN takes 50. @see https://docs.hetzner.com/cloud/networks/faq */
const POD_MTU = 1400;

/**
 * What nodes need to become ready, and what every namespace relies on. The order is made by `depends_on`: Hetzner's token,
 * then Calico and the cloud controller together, then the nodes are waited for, then volumes, and then all else.
 */
export function addFoundation(layer: Layer, { cluster, earlier, settings }: FoundationProps): FoundationNamespaces {
  const inputs = foundationInputs(layer);
  const kubernetesRelease = settings.release.kubernetes;
  foundationReadme().forEach((section) => layer.addReadmeSection(section));

  const system = new ExistingNamespace(cluster, "kube-system");
  const hcloud = new GeneratedSecret(layer, "hcloud", {
    namespace: system,
    values: { token: inputs.hcloudToken.stringValue, network: earlier.getString("network_id") },
    revision: inputs.hcloudTokenRevision,
    afterRotation: [
      "The cloud controller and the volumes' controller read it at their start:",
      "",
      "```sh",
      "kubectl --namespace kube-system rollout restart deployment/hcloud-cloud-controller-manager deployment/hcloud-csi-controller",
      "```",
      "",
      "Then revoke the old token in Hetzner's console.",
    ].join("\n"),
  });
  const calico = new Calico(layer, "calico", {
    namespace: new Namespace(layer, "calico_operator", {
      cluster,
      name: "tigera-operator",
      quota: { cpuMillis: 200, memoryMib: 512, pods: 5 },
      podSecurity: {
        level: "privileged",
        reason: "The operator is on its node's network and reads a folder of it, since it makes the network of pods.",
      },
    }),
    nodeCidrBlock: settings.networkCidrBlock,
    mtu: POD_MTU,
    kubernetesRelease,
  });
  const controller = new HcloudController(layer, "hcloud_controller", { namespace: system, secret: hcloud.resource });
  const nodes = new NodesReady(layer, "nodes_ready", {
    namespace: system,
    kubernetesRelease,
    dependsOn: [calico.delivered, controller.delivered],
  });
  cluster.requireFirst(nodes.ready);

  const csi = new HcloudCsi(layer, "hcloud_csi", {
    namespace: new ExistingNamespace(cluster, "kube-system"),
    secret: hcloud.resource,
  });
  // A namespace's first pod may have a volume.
  cluster.requireFirst(csi.delivered);
  addKubeletClients(layer, cluster, settings);

  new BootstrapToken(layer, "bootstrap_token", {
    namespace: system,
    token: earlier.getString("bootstrap_token"),
    generation: earlier.getNumber("bootstrap_token_generation"),
    when: inputs.joinTokenEnabled,
  });
  const namespaces = addNamespaces(layer, cluster, settings.profile);
  new ClusterRoles(layer, "roles", {
    adminGroup: inputs.adminGroup.stringValue,
    developerGroup: inputs.developerGroup.stringValue,
    developerNamespaces: [namespaces.staging],
    readOnlyGroup: inputs.readOnlyGroup.stringValue,
  });
  return namespaces;
}

/** Who approves the kubelets' certificates, and who then trusts them. */
function addKubeletClients(layer: Layer, cluster: KubernetesCluster, settings: ViridialSettings): void {
  const approver = new CsrApprover(layer, "csr_approver", {
    namespace: new Namespace(layer, "certificate_approval", {
      cluster,
      name: "kubelet-csr-approver",
      quota: { cpuMillis: 50, memoryMib: 128, pods: 4 },
    }),
    // As the earlier layer names its servers.
    nodeNames: `^${layer.environment.name}-(control-plane(-[23])?|worker-[1-9])$`,
    nodeCidrBlocks: [settings.networkCidrBlock],
  });
  new MetricsServer(layer, "metrics_server", {
    namespace: new Namespace(layer, "metrics", {
      cluster,
      name: "metrics-server",
      quota: { cpuMillis: 200, memoryMib: 512, pods: 5 },
    }),
    replicas: SIZES[settings.profile].metricsServers,
    dependsOn: [approver.delivered],
  });
}
