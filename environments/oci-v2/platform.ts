import { Fn, Op, TerraformOutput, Token } from "cdktf";
import { ClusterCapacity } from "../../constructs/cluster/capacity";
import { Component } from "../../constructs/cluster/component";
import { SERVER_RESERVE } from "../../constructs/cluster/k3s-user-data";
import { KubernetesCluster } from "../../constructs/cluster/kubernetes-providers";
import { Namespace } from "../../constructs/cluster/namespace";
import { k3sNetwork, type Pods } from "../../constructs/cluster/network-policy";
import { Workload } from "../../constructs/cluster/workload";
import { type Environment } from "../../constructs/core/environment";
import { Layer } from "../../constructs/core/layer";
import { OracleDatabaseUser } from "../../constructs/database/oracle-database-user";
import { CertManager } from "../../constructs/gateway/cert-manager";
import { Traefik } from "../../constructs/gateway/traefik";
import { PrometheusStack } from "../../constructs/observability/prometheus-stack";
import { GeneratedSecret } from "../../constructs/secrets/generated-secret";
import { KnownSecret } from "../../constructs/secrets/known-secret";
import { TRAEFIK_NODE_PORTS } from "./infrastructure";
import { MAXIMUM_REPLICAS, type PlatformInputs, platformInputs } from "./platform-inputs";
import { platformReadme, vaultInitCommand } from "./platform-readme";
import { type OciSettings, SETTINGS } from "./settings";

/** What is Always Free, and what the earlier layer makes by default: one node. Ops may have more, never less. */
const NODE = { type: "VM.Standard.A1.Flex with 2 OCPU and 12 GiB", count: 1, cpuMillis: 2000, memoryMib: 12 * 1024 };

/** With 2 OCPU in all no more nodes are free; addresses are kept for those of a paid cluster. */
const MAXIMUM_NODES = 8;

/** One-way TLS (1521), and mutual TLS (1522) should ops ever choose it. */
const DATABASE_PORTS = [{ port: 1521 }, { port: 1522 }];

/** The second layer of oci-v2: what runs on its K3s cluster. */
export function ociPlatform(environment: Environment, infrastructure: Layer, settings: OciSettings = SETTINGS): Layer {
  const layer = new Layer(environment, `${environment.name}-platform`, {
    description:
      "Traefik, Prometheus, Grafana and Vault on the K3s cluster, with the Streamlit application and the FastAPI service.",
    readme: platformReadme(settings.vaultNamespace),
  });
  const inputs = platformInputs(layer);
  const earlier = layer.read(infrastructure);
  const cluster = new KubernetesCluster(layer, "cluster", {
    host: earlier.getString("kubernetes_host"),
    caCertificate: earlier.getString("kubernetes_ca_certificate"),
    clientCertificate: earlier.getString("kubernetes_client_certificate"),
    clientKey: earlier.getString("kubernetes_client_key"),
    network: k3sNetwork([settings.vcnCidrBlock], MAXIMUM_NODES),
    capacity: new ClusterCapacity({
      nodeType: NODE.type,
      nodeCount: NODE.count,
      node: NODE,
      systemReserve: SERVER_RESERVE,
      // What K3s deploys by itself, as its manifests request it.
      builtIn: [
        { name: "coredns", namespace: "kube-system", cpuMillis: 100, memoryMib: 70, replicas: 1 },
        { name: "metrics-server", namespace: "kube-system", cpuMillis: 100, memoryMib: 70, replicas: 1 },
      ],
    }),
  });
  layer.addStateSecret({
    what: `\`data.terraform_remote_state.${infrastructure.node.id.replaceAll("-", "_")}\`: \`kubernetes_client_key\`, \`kubeconfig\``,
    why: "A state keeps all outputs of an earlier one that it reads. Who reads it opens the cluster: protect it like that one.",
  });

  const monitoring = addMonitoring(layer, cluster, inputs);
  const traefik = addGateway(layer, cluster, inputs, {
    domainName: earlier.getString("domain_name"),
    trustedBlock: settings.vcnCidrBlock,
  });
  monitoring.scrapePods({ pods: traefik.pods, portName: "metrics", port: traefik.metricsPort });
  const vault = addVault(layer, cluster, settings.vaultNamespace, {
    keyId: earlier.getString("kms_key_id"),
    cryptoEndpoint: earlier.getString("kms_crypto_endpoint"),
    managementEndpoint: earlier.getString("kms_management_endpoint"),
  });
  const { streamlit, fastapi } = addApplications(layer, cluster, inputs, {
    host: earlier.getString("domain_name"),
    connectString: earlier.getString("database_connection_string"),
    adminUsername: earlier.getString("database_admin_username"),
    vault,
  });
  monitoring.scrape(fastapi);
  streamlit.allowFrom(traefik);
  fastapi.allowFrom(traefik);
  fastapi.allowTo({ pods: vault }, { port: 8200 });

  addOutputs(layer, settings.vaultNamespace, earlier.getString("domain_name"), earlier.getString("load_balancer_ip"));
  return layer;
}

function addMonitoring(layer: Layer, cluster: KubernetesCluster, inputs: PlatformInputs): PrometheusStack {
  const namespace = new Namespace(layer, "monitoring", {
    cluster,
    quota: { cpuMillis: 600, memoryMib: 2048, pods: 12 },
  });
  const nodeExporterNamespace = new Namespace(layer, "node_exporter", {
    cluster,
    quota: { cpuMillis: 200, memoryMib: 512, pods: 2 * MAXIMUM_NODES },
    podSecurity: {
      level: "privileged",
      reason:
        "The node exporter mounts the file systems of its node and sees its processes, to read CPU, memory and disks.",
    },
  });
  const grafanaAdmin = new GeneratedSecret(layer, "grafana_admin", {
    namespace,
    generate: { "admin-password": { length: 32 } },
    values: { "admin-user": "admin" },
    revision: inputs.grafanaPasswordRevision,
    afterRotation: [
      "Grafana keeps the password in its own database from its first start on, so tell it the new one:",
      "",
      "```sh",
      "kubectl --namespace monitoring rollout restart deployment/kube-prometheus-stack-grafana",
      "kubectl --namespace monitoring rollout status deployment/kube-prometheus-stack-grafana",
      "kubectl --namespace monitoring exec deployment/kube-prometheus-stack-grafana -c grafana -- \\",
      "  sh -c 'grafana cli admin reset-admin-password \"$GF_SECURITY_ADMIN_PASSWORD\"'",
      "```",
    ].join("\n"),
  });
  return new PrometheusStack(layer, "prometheus_stack", { namespace, nodeExporterNamespace, grafanaAdmin });
}

interface GatewaySources {
  readonly domainName: string;
  /** The load balancer's own address is in it. */
  readonly trustedBlock: string;
}

function addGateway(
  layer: Layer,
  cluster: KubernetesCluster,
  inputs: PlatformInputs,
  { domainName, trustedBlock }: GatewaySources,
): Traefik {
  const certManager = new CertManager(layer, "cert_manager", {
    namespace: new Namespace(layer, "certificates", {
      cluster,
      name: "cert-manager",
      quota: { cpuMillis: 200, memoryMib: 768, pods: 10 },
      when: inputs.tlsEnabled,
    }),
  });
  const namespace = new Namespace(layer, "gateway", {
    cluster,
    name: "traefik",
    quota: { cpuMillis: 500, memoryMib: 768, pods: 8, nodePorts: 2 },
  });
  return new Traefik(layer, "traefik", {
    namespace,
    loadBalancerBlocks: [trustedBlock],
    nodePorts: TRAEFIK_NODE_PORTS,
    redirectToHttps: inputs.httpsRedirect,
    certificate: { certManager, when: inputs.tlsEnabled, email: inputs.acmeEmail.stringValue, domainName },
  });
}

interface VaultSources {
  readonly keyId: string;
  readonly cryptoEndpoint: string;
  readonly managementEndpoint: string;
}

function addVault(layer: Layer, cluster: KubernetesCluster, namespaceName: string, key: VaultSources): Pods {
  const component = new Component(layer, "vault", {
    namespace: new Namespace(layer, "secrets", {
      cluster,
      name: namespaceName,
      quota: { cpuMillis: 200, memoryMib: 512, pods: 4 },
      holdsData: true,
    }),
    repository: "https://helm.releases.hashicorp.com",
    version: "0.34.1",
    values: {
      server: {
        extraEnvironmentVars: {
          VAULT_OCIKMS_SEAL_KEY_ID: key.keyId,
          VAULT_OCIKMS_CRYPTO_ENDPOINT: key.cryptoEndpoint,
          VAULT_OCIKMS_MANAGEMENT_ENDPOINT: key.managementEndpoint,
        },
      },
    },
    pods: {
      server: {
        labels: { "app.kubernetes.io/name": "vault", component: "server" },
        resources: ["server.resources"],
      },
    },
    // Before it is initialised it is not ready: an apply that waits would fail.
    wait: false,
  });
  const pods = component.pods("server");
  // OCI's key, by the rights of the node: its identity, then OCI's APIs.
  pods.allowToMetadata();
  pods.allowToInternet("oci-apis", { port: 443 });
  return pods;
}

interface ApplicationSources {
  readonly host: string;
  readonly connectString: string;
  readonly adminUsername: string;
  readonly vault: Pods;
}

function addApplications(
  layer: Layer,
  cluster: KubernetesCluster,
  inputs: PlatformInputs,
  { host, connectString, adminUsername, vault }: ApplicationSources,
) {
  const namespace = new Namespace(layer, "app", { cluster, quota: { cpuMillis: 1000, memoryMib: 2048, pods: 12 } });
  const admin = new GeneratedSecret(layer, "database_admin", {
    namespace,
    values: { password: inputs.adminPassword.stringValue },
    revision: inputs.adminPasswordRevision,
    afterRotation: "It holds the database administrator's password and is read by the Job `database-user` only.",
  });
  const database = new GeneratedSecret(layer, "fastapi_database", {
    namespace,
    // What OCI and the Job's statements take: 12 to 30 characters, without quotes.
    generate: { password: { length: 30, special: "_-" } },
    revision: inputs.databasePasswordRevision,
    afterRotation:
      "The Job `database-user` runs again and sets it in the database, then the pods of FastAPI are replaced one by one; in between, new connections of the old pods fail. Do so before the password expires: the profile of an Autonomous Database gives it 360 days.",
  });
  const token = new GeneratedSecret(layer, "api_token", {
    namespace,
    generate: { token: { length: 48 } },
    revision: inputs.apiTokenRevision,
    afterRotation: "The pods of FastAPI are replaced one by one; clients need the new token.",
  });
  const connection = new KnownSecret(layer, "fastapi_database_connection", {
    namespace,
    values: { dsn: connectString },
  });
  const username = "FASTAPI";
  const user = new OracleDatabaseUser(layer, "database_user", {
    namespace,
    image: inputs.databaseSetupImage.stringValue,
    connectString,
    adminUsername,
    adminPassword: admin.key("password"),
    username,
    secret: database,
    passwordKey: "password",
    quota: "5G",
  });
  const route = { host: orNull(host) };
  const fastapi = new Workload(layer, "fastapi", {
    namespace,
    image: `${inputs.fastapi.image.stringValue}:${inputs.fastapi.tag.stringValue}`,
    port: 8000,
    resources: { cpuMillis: 100, memoryMib: 256, memoryLimitMib: 512 },
    minimumReplicas: inputs.fastapi.replicas.numberValue,
    maximumReplicas: MAXIMUM_REPLICAS,
    healthPath: "/api/health",
    metricsPath: "/metrics",
    environment: {
      DATABASE_USER: username,
      VAULT_ADDR: `http://vault.${vault.namespace.name}:8200`,
    },
    secretEnvironment: {
      DATABASE_DSN: connection.key("dsn"),
      DATABASE_PASSWORD: database.key("password"),
      API_TOKEN: token.key("token"),
    },
    restartWhenChanged: {
      "database-connection": connection.version,
      "database-secret": database.version,
      "api-token-secret": token.version,
    },
    route: { ...route, paths: ["/api"] },
    dependsOn: [user.ready, connection.resource, token.resource],
  });
  const streamlit = new Workload(layer, "streamlit", {
    namespace,
    image: `${inputs.streamlit.image.stringValue}:${inputs.streamlit.tag.stringValue}`,
    port: 8501,
    resources: { cpuMillis: 100, memoryMib: 256, memoryLimitMib: 512 },
    minimumReplicas: inputs.streamlit.replicas.numberValue,
    maximumReplicas: MAXIMUM_REPLICAS,
    healthPath: "/_stcore/health",
    environment: {
      STREAMLIT_SERVER_PORT: "8501",
      STREAMLIT_SERVER_ADDRESS: "0.0.0.0",
      STREAMLIT_SERVER_HEADLESS: "true",
      STREAMLIT_BROWSER_GATHER_USAGE_STATS: "false",
    },
    // A visitor's session is in the memory of one replica.
    route: { ...route, paths: ["/"], sticky: true },
  });
  fastapi.pods.allowToOutside("database", ...DATABASE_PORTS);
  user.pods.allowToOutside("database", ...DATABASE_PORTS);
  return { streamlit, fastapi };
}

/** The name of a host, or null, which is every host, where the name is empty. */
function orNull(host: string): string {
  return Token.asString(Fn.conditional(Op.gte(Fn.lengthOf(host), 1), host, null));
}

function addOutputs(layer: Layer, vaultNamespace: string, domainName: string, loadBalancerIp: string): void {
  const output = (name: string, description: string, value: string) =>
    new TerraformOutput(layer, name, { description, value });
  const forward = (namespace: string, service: string, ports: string) =>
    `kubectl --namespace ${namespace} port-forward service/${service} ${ports}`;
  const host = Token.asString(Fn.conditional(Op.gte(Fn.lengthOf(domainName), 1), domainName, loadBalancerIp));
  output("app_address", "Host name or address of the Streamlit application (/) and the FastAPI service (/api).", host);
  output(
    "grafana_command",
    "Makes Grafana http://localhost:3000 until it is stopped; the user is admin.",
    forward("monitoring", "kube-prometheus-stack-grafana", "3000:80"),
  );
  output(
    "grafana_password_command",
    "Prints the password of Grafana's admin.",
    "kubectl --namespace monitoring get secret grafana-admin --output jsonpath='{.data.admin-password}' | base64 --decode",
  );
  output(
    "prometheus_command",
    "Makes Prometheus http://localhost:9090 until it is stopped.",
    forward("monitoring", "kube-prometheus-stack-prometheus", "9090:9090"),
  );
  output(
    "vault_command",
    "Makes Vault http://localhost:8200 until it is stopped.",
    forward(vaultNamespace, "vault", "8200:8200"),
  );
  output(
    "vault_init_command",
    "Initialises Vault once and prints its recovery keys and root token, for ops to keep; see Vault in the README.",
    vaultInitCommand(vaultNamespace),
  );
}
