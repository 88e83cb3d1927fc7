import { TerraformOutput } from "cdktf";
import { type KubernetesCluster } from "../../../constructs/cluster/kubernetes-providers";
import { Namespace, type NamespaceProps } from "../../../constructs/cluster/namespace";
import { type Layer } from "../../../constructs/core/layer";
import { CloudNativePgOperator } from "../../../constructs/database/cloudnative-pg-operator";
import { type CertManager } from "../../../constructs/gateway/cert-manager";
import { RabbitMqOperators } from "../../../constructs/messaging/rabbitmq-operators";
import { Monitors } from "../../../constructs/observability/monitors";
import { type PrometheusStack } from "../../../constructs/observability/prometheus-stack";
import { ExternalSecrets } from "../../../constructs/secrets/external-secrets";
import { GeneratedSecret } from "../../../constructs/secrets/generated-secret";
import { type TransitSeal, VaultServer } from "../../../constructs/secrets/vault-server";
import { NAMESPACES } from "../names";
import { type Profile, type ViridialSettings } from "../settings";
import { type FoundationNamespaces } from "./foundation-namespaces";
import { transitInputs } from "./operators-inputs";
import { operatorsReadme } from "./operators-readme";

export interface OperatorsProps {
  readonly cluster: KubernetesCluster;
  readonly namespaces: FoundationNamespaces;
  readonly settings: ViridialSettings;
  readonly monitoring: PrometheusStack;
  readonly certManager: CertManager;
}

interface Size {
  /** Servers of Vault: three go on when a node is lost. */
  readonly vaultReplicas: number;
  readonly vaultQuota: NamespaceProps["quota"];
}

/** A server of Vault requests 105 m and 272 MiB with what reloads its certificate; a snapshot 40 m and 192 MiB. */
const SIZES: Readonly<Record<Profile, Size>> = {
  staging: { vaultReplicas: 1, vaultQuota: { cpuMillis: 300, memoryMib: 768, pods: 6 } },
  production: { vaultReplicas: 3, vaultQuota: { cpuMillis: 600, memoryMib: 1536, pods: 10 } },
};

/** The operators that later layers' resources need, and Vault. */
export function addOperators(layer: Layer, props: OperatorsProps): void {
  const { cluster, settings, monitoring, certManager } = props;
  const size = SIZES[settings.profile];
  const namespace = (id: string, name: string, quota: NamespaceProps["quota"], holdsData = false) =>
    new Namespace(layer, id, { cluster, name, quota, holdsData });
  const certificates = [certManager.delivered];

  const postgresql = new CloudNativePgOperator(layer, "cloudnative_pg", {
    namespace: namespace("cnpg_system", NAMESPACES.cloudNativePg, { cpuMillis: 150, memoryMib: 384, pods: 6 }),
    dependsOn: certificates,
  });
  const rabbitMq = new RabbitMqOperators(layer, "rabbitmq_operators", {
    namespace: namespace("rabbitmq_system", NAMESPACES.rabbitMq, { cpuMillis: 150, memoryMib: 384, pods: 6 }),
    dependsOn: certificates,
  });
  const externalSecrets = new ExternalSecrets(layer, "external_secrets", {
    namespace: namespace("secrets_operator", NAMESPACES.externalSecrets, { cpuMillis: 150, memoryMib: 384, pods: 6 }),
    dependsOn: certificates,
  });
  const vaultNamespace = namespace("vault_namespace", NAMESPACES.vault, size.vaultQuota, true);
  const vault = new VaultServer(layer, "vault", {
    namespace: vaultNamespace,
    replicas: size.vaultReplicas,
    ...(settings.vaultSeal === "transit" ? { transitSeal: transitSeal(layer, vaultNamespace) } : {}),
    dependsOn: certificates,
  });
  vault.allowFrom(externalSecrets);

  const monitors = new Monitors(layer, "operators_monitors", {
    prometheus: monitoring.prometheus,
    namespace: props.namespaces.monitoring,
    dependsOn: [monitoring.delivered],
  });
  postgresql.monitor(monitors);
  rabbitMq.monitor(monitors);
  externalSecrets.monitor(monitors);
  vault.monitor(monitoring.prometheus, monitors, monitoring.delivered);
  for (const section of operatorsReadme(size.vaultReplicas, settings.vaultSeal)) {
    layer.addReadmeSection(section);
  }
  new TerraformOutput(layer, "vault_command", {
    description: "Makes Vault https://127.0.0.1:8200 until it is stopped; see Vault in the README.",
    value: `kubectl --namespace ${NAMESPACES.vault} port-forward service/vault 8200:8200`,
  });
}

function transitSeal(layer: Layer, namespace: Namespace): TransitSeal {
  const inputs = transitInputs(layer);
  const token = new GeneratedSecret(layer, "vault_transit", {
    namespace,
    values: { token: inputs.token.stringValue },
    revision: inputs.tokenRevision,
    afterRotation: "Vault's pods read it when they start: replace them one by one, the active one last.",
  });
  return {
    address: inputs.address.stringValue,
    port: 443,
    mount: inputs.mount.stringValue,
    keyName: inputs.keyName.stringValue,
    token: token.key("token"),
  };
}
