import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { ConditionalNamespace, Namespace } from "../../constructs/cluster/namespace";
import { type KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { type Pods } from "../../constructs/cluster/network-policy";
import { NvidiaDevicePlugin } from "../../constructs/cluster/nvidia-device-plugin";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { type GitOpsProject } from "../../constructs/delivery/gitops-project";
import { monitorArgoCd, monitorCertificates } from "../../constructs/observability/cluster-monitoring";
import { NfsCsi } from "../../constructs/storage/nfs-csi";
import { type ClusterSources, connectLabCluster } from "./cluster-access";
import { labMonitors } from "./monitors";
import { ADDRESSES, publicName, REALM } from "./names";
import { labObservability } from "./observability";
import { addChoice } from "./platform/choice";
import { addCertificates, addGateway } from "./platform/gateway";
import { addGitOps } from "./platform/gitops";
import { platformInputs, type PlatformInputs } from "./platform/inputs";
import { addNamespaces } from "./platform/namespaces";
import { addNetwork } from "./platform/network";
import { platformReadme } from "./platform/readme";
import { addSecrets } from "./platform/secrets";
import { MONITORING_ENTRY, oidcEntry } from "./vault-entries";

/** What later layers are given of this one. */
export interface LabPlatform {
  readonly layer: Layer;
  /** Undefined where Terraform applies charts itself. */
  readonly project: GitOpsProject | undefined;
}

/**
 * The layer that makes the cluster one that components can run on: what every scenario has. Its parts come in an order
 * without which nothing becomes ready: network and nodes, volumes, certificates, secrets, Argo CD, then what that delivers.
 */
export function labPlatform(environment: Environment, sources: ClusterSources): LabPlatform {
  const layer = new Layer(environment, `${environment.name}-platform`, {
    description: "Network, gateway, certificates, Argo CD, secrets and monitoring on the cluster.",
  });
  new TlsProvider(layer, "tls");
  const { settings } = sources;
  const inputs = platformInputs(layer, settings);
  const selection = addChoice(layer, inputs, sources);
  const cluster = connectLabCluster(layer, sources);

  const hubble = addNetwork(layer, cluster, settings);
  addStorage(layer, cluster, inputs);
  const namespaces = addNamespaces(layer, cluster);
  const { certManager, authority } = addCertificates(layer, settings, namespaces.certManager);
  const secrets = addSecrets(layer, { sources, namespace: namespaces.externalSecrets, certManager });
  const traefikPods = layer.node.findChild("traefik_pods") as Pods;
  const { delivery, argoCd, project } = addGitOps(layer, {
    cluster,
    settings,
    inputs,
    selection,
    authority,
    secrets,
    traefik: traefikPods,
  });
  const traefik = addGateway(layer, {
    settings,
    namespace: namespaces.traefik,
    authority,
    delivery,
    passwordRevision: inputs.dashboardPasswordRevision,
    hubble,
  });
  new NvidiaDevicePlugin(layer, "nvidia_device_plugin", {
    namespace: new ConditionalNamespace(namespaces.nodeAgents, selection.components.of("gpu")),
    delivery: delivery.of(),
  });

  const entries = { postgresql: MONITORING_ENTRY, singleSignOn: oidcEntry("grafana") };
  const store = secrets.store(namespaces.monitoring, Object.values(entries));
  const { kinds } = labObservability(layer, {
    cluster,
    settings,
    components: selection.components,
    delivery,
    namespace: namespaces.monitoring,
    nodeAgents: namespaces.nodeAgents,
    traefik: traefikPods,
    postgresql: store.secret("postgresql-monitoring", {
      entry: entries.postgresql,
      keys: { user: "user", password: "password" },
    }),
    singleSignOn: {
      when: selection.components.of("keycloak"),
      issuer: `https://${publicName(settings, "keycloak")}/realms/${REALM}`,
      backchannel: `http://${ADDRESSES.keycloak.host}/realms/${REALM}`,
      client: store.secret("grafana-oidc", {
        entry: entries.singleSignOn,
        keys: { "client-id": "client-id", "client-secret": "client-secret" },
      }),
    },
    grafanaPasswordRevision: inputs.grafanaPasswordRevision,
  });
  const monitors = (name: string) => labMonitors(layer, cluster, name, undefined, [kinds.delivered]);
  monitors("traefik").scrape({ pods: traefik.pods, portName: "metrics", port: traefik.metricsPort });
  monitorCertificates(monitors("cert-manager"), certManager.controller);
  secrets.externalSecrets.monitor(monitors("external-secrets"));
  if (argoCd) {
    monitorArgoCd(monitors("argocd"), argoCd.controller);
  }
  platformReadme(settings, environment.name).forEach((section) => layer.addReadmeSection(section));
  return { layer, project };
}

/** Volumes where K3s does not make them itself. */
function addStorage(layer: Layer, cluster: KubernetesCluster, { nfs }: PlatformInputs): void {
  if (!nfs) {
    return;
  }
  const driver = new NfsCsi(layer, "nfs", {
    namespace: new Namespace(layer, "nfs_namespace", {
      cluster,
      name: "csi-driver-nfs",
      quota: { cpuMillis: 500, memoryMib: 1536, pods: 14 },
      podSecurity: { level: "privileged", reason: "The driver of NFS volumes mounts them for every pod of its node." },
    }),
    server: nfs.server.stringValue,
    share: nfs.share.stringValue,
  });
  // A namespace's first pod may have a volume.
  cluster.requireFirst(driver.delivered);
}
