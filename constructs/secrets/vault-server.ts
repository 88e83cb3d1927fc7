import { Fn, type ITerraformDependable } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { Component } from "../cluster/component";
import { Manifests } from "../cluster/manifests";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { SocleError } from "../core/error";
import { type Monitors } from "../observability/monitors";
import { type SecretKey } from "./generated-secret";

/** The chart's version, and the server's in its values. */
const VERSION = "0.34.1";

/** Image of that server, for what needs the same command line. */
export const VAULT_IMAGE = "hashicorp/vault:2.0.4";

/** Secret of the authority that signs the server's certificate: `ca.crt`, and its key. */
export const VAULT_CA_SECRET = "vault-ca";

const SERVER_SECRET = "vault-tls";
const TLS_FOLDER = "/vault/userconfig/tls";

const RELOADER_REQUESTS = { cpuMillis: 5, memoryMib: 16 };

/** Another Vault, whose transit engine unseals this one at each start. */
export interface TransitSeal {
  /** Such as `https://vault.example.com:8200`; not this Vault, which it unseals. */
  readonly address: string;
  readonly port: number;
  readonly mount: string;
  readonly keyName: string;
  /** Its token there, periodic: Vault renews it. */
  readonly token: SecretKey;
}

export interface VaultServerProps {
  /** It holds data: its volume is where secrets are kept. */
  readonly namespace: INamespace;
  /** 1, or 3 and 5, which outlive the loss of 1 and 2. */
  readonly replicas: number;
  /** @default - unsealed by hand, with Shamir's key shares, after each start of a pod */
  readonly transitSeal?: TransitSeal;
  /** cert-manager, delivered: its authority and certificate are cert-manager's. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Vault with Raft storage on volumes of its own, TLS by an authority that only it uses, metrics for Prometheus, and no
 * injector: external-secrets brings secrets to pods.
 *
 * It starts sealed and not initialised; nobody waits for it. A renewed certificate is read again without a restart, which
 * would seal it.
 */
export class VaultServer extends Construct implements Connectable {
  readonly pods: Pods;
  readonly namespace: INamespace;
  /** What depends on Vault having been told to the cluster; not on its being unsealed. */
  readonly delivered: ITerraformDependable & IDependable;

  /** @throws SocleError when the replicas are none that can vote */
  constructor(scope: Construct, id: string, props: VaultServerProps) {
    super(scope, id);
    const { namespace, replicas, transitSeal } = props;
    SocleError.throwIfAny(
      this.node.path,
      [1, 3, 5].includes(replicas)
        ? []
        : [`replicas is ${replicas}: use 1, 3 or 5, since an even number outlives no more losses than one less`],
    );
    this.namespace = namespace;
    const certificates = new Manifests(this, "certificates", {
      namespace,
      name: "vault-certificates",
      manifests: certificateObjects(namespace.name, replicas),
      dependsOn: props.dependsOn,
    });
    const component = new Component(this, "Default", {
      name: "vault",
      namespace,
      repository: "https://helm.releases.hashicorp.com",
      version: VERSION,
      values: {
        server: {
          ha: {
            replicas,
            raft: { config: configuration(namespace.name, replicas, transitSeal) },
            // The chart's own budget for a single one keeps its node from ever being drained.
            disruptionBudget: { enabled: replicas > 1 },
          },
          volumes: [{ name: "tls", secret: { secretName: SERVER_SECRET } }],
          volumeMounts: [{ name: "tls", mountPath: TLS_FOLDER, readOnly: true }],
          extraEnvironmentVars: { VAULT_CACERT: `${TLS_FOLDER}/ca.crt` },
          ...(transitSeal
            ? {
                extraSecretEnvironmentVars: [
                  {
                    envName: "VAULT_TOKEN",
                    secretName: transitSeal.token.secretName,
                    secretKey: transitSeal.token.key,
                  },
                ],
              }
            : {}),
          extraContainers: [reloader()],
        },
      },
      pods: {
        server: {
          labels: { "app.kubernetes.io/name": "vault", component: "server" },
          resources: ["server.resources"],
          replicas,
          // It has tokens of ServiceAccounts reviewed, and labels its pod as the active one.
          needsKubernetesApi: true,
        },
      },
      dependsOn: [certificates.delivered],
      // Before it is initialised it is not ready: an apply that waits would fail.
      wait: false,
    });
    countPods(namespace, {
      name: "vault/certificate-reloader",
      ...RELOADER_REQUESTS,
      replicas,
    });
    this.delivered = component.delivered;
    this.pods = component.pods("server");
    if (replicas > 1) {
      // The API to join, and Raft.
      this.pods.allowFrom(this.pods, { port: 8200 }, { port: 8201 });
    }
    if (transitSeal) {
      this.pods.allowToOutside("transit-seal", { port: transitSeal.port });
    }
  }

  /** Lets others ask it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: 8200 });
  }

  /**
   * Has its metrics read, over TLS and without a token, and somebody told when it is sealed or gone.
   *
   * @param crds what brings the kinds of the Prometheus Operator
   */
  monitor(prometheus: Pods, monitors: Monitors, crds: ITerraformDependable): void {
    const { namespace } = this;
    new Manifests(this, "monitor", {
      namespace,
      name: "vault-monitor",
      manifests: [
        {
          apiVersion: "monitoring.coreos.com/v1",
          kind: "PodMonitor",
          metadata: { name: "vault" },
          spec: {
            selector: { matchLabels: this.pods.labels },
            podMetricsEndpoints: [
              {
                port: "https",
                path: "/v1/sys/metrics",
                params: { format: ["prometheus"] },
                scheme: "https",
                tlsConfig: {
                  ca: { secret: { name: VAULT_CA_SECRET, key: "ca.crt" } },
                  serverName: `vault.${namespace.name}`,
                },
              },
            ],
          },
        },
      ],
      dependsOn: [crds],
    });
    this.allowFrom(prometheus);
    monitors.alert("vault", [
      {
        alert: "VaultSealed",
        // A sealed Vault answers the question for metrics with an error.
        expr: `vault_core_unsealed{namespace="${namespace.name}"} == 0 or up{namespace="${namespace.name}", job="${namespace.name}/vault"} == 0`,
        for: "5m",
        labels: { severity: "critical" },
        annotations: {
          summary: "Vault is sealed or does not answer",
          description:
            "Pods keep the secrets that they have, but nothing is refreshed, no new user of the database is made and no snapshot is taken. Unseal it: see Vault in the README of the layer viridial-staging-platform.",
        },
      },
      {
        alert: "VaultAbsent",
        expr: `absent(up{namespace="${namespace.name}", job="${namespace.name}/vault"})`,
        for: "15m",
        labels: { severity: "critical" },
        annotations: {
          summary: "Vault has no pod that Prometheus knows",
          description: `See kubectl --namespace ${namespace.name} get pods, volumes and events.`,
        },
      },
    ]);
  }
}

/** The server's own configuration. @see https://developer.hashicorp.com/vault/docs/configuration */
function configuration(namespace: string, replicas: number, seal: TransitSeal | undefined): string {
  const others = replicas > 1 ? Array.from({ length: replicas }, (_, index) => `vault-${index}.vault-internal`) : [];
  const text = [
    "ui = false",
    "disable_mlock = true",
    "",
    'listener "tcp" {',
    '  address = "[::]:8200"',
    '  cluster_address = "[::]:8201"',
    `  tls_cert_file = "${TLS_FOLDER}/tls.crt"`,
    `  tls_key_file = "${TLS_FOLDER}/tls.key"`,
    '  tls_min_version = "tls12"',
    "  telemetry {",
    "    unauthenticated_metrics_access = true",
    "  }",
    "}",
    "",
    'storage "raft" {',
    '  path = "/vault/data"',
    ...others.flatMap((host) => [
      "  retry_join {",
      `    leader_api_addr = "https://${host}:8200"`,
      `    leader_tls_servername = "vault.${namespace}"`,
      `    leader_ca_cert_file = "${TLS_FOLDER}/ca.crt"`,
      "  }",
    ]),
    "}",
    ...(seal ? ["", 'seal "transit" {', '  address = "%s"', '  mount_path = "%s/"', '  key_name = "%s"', "}"] : []),
    "",
    "telemetry {",
    '  prometheus_retention_time = "1h"',
    "  disable_hostname = true",
    "}",
    "",
    'service_registration "kubernetes" {}',
    "",
  ].join("\n");
  // Terraform puts them in: cdktf does not escape the quotes of a text that has a token.
  return seal ? Fn.format(Fn.rawString(text), [seal.address, seal.mount, seal.keyName]) : text;
}

/** An authority, and a certificate by it for every name that the server is asked by. */
function certificateObjects(namespace: string, replicas: number) {
  const object = (kind: string, name: string, spec: unknown) => ({
    apiVersion: "cert-manager.io/v1",
    kind,
    metadata: { name },
    spec,
  });
  const services = ["vault", "vault-active", "vault-standby", "vault-internal"];
  return [
    object("Issuer", "vault-self-signed", { selfSigned: {} }),
    object("Certificate", VAULT_CA_SECRET, {
      isCA: true,
      commonName: "Vault",
      secretName: VAULT_CA_SECRET,
      duration: "87600h",
      renewBefore: "8760h",
      // Who trusts it does so for ten years: only its certificate is made anew then, by the same key.
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
      issuerRef: { kind: "Issuer", name: "vault-self-signed" },
    }),
    object("Issuer", VAULT_CA_SECRET, { ca: { secretName: VAULT_CA_SECRET } }),
    object("Certificate", "vault", {
      secretName: SERVER_SECRET,
      duration: "2160h",
      renewBefore: "720h",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "key encipherment", "server auth"],
      dnsNames: [
        "localhost",
        ...services.flatMap((name) => [name, `${name}.${namespace}`, `${name}.${namespace}.svc`]),
        ...Array.from({ length: replicas }, (_, index) => `vault-${index}.vault-internal`),
      ],
      // kubectl port-forward, and the commands in the pod itself.
      ipAddresses: ["127.0.0.1"],
      issuerRef: { kind: "Issuer", name: VAULT_CA_SECRET },
    }),
  ];
}

/**
 * Has Vault read a renewed certificate: the file changes by itself, Vault looks at it when it is told to. The two share
 * their processes, and the user that they run as.
 */
function reloader() {
  return {
    name: "certificate-reloader",
    image: VAULT_IMAGE,
    command: ["/bin/sh", "-ec"],
    args: [
      [
        `known=$(sha256sum ${TLS_FOLDER}/tls.crt)`,
        "while sleep 300; do",
        `  now=$(sha256sum ${TLS_FOLDER}/tls.crt)`,
        '  if [ "$now" != "$known" ]; then',
        '    kill -HUP "$(pidof vault)" && known=$now && echo "Vault reads its certificate again"',
        "  fi",
        "done",
      ].join("\n"),
    ],
    resources: {
      requests: { cpu: `${RELOADER_REQUESTS.cpuMillis}m`, memory: `${RELOADER_REQUESTS.memoryMib}Mi` },
      limits: { memory: "32Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tls", mountPath: TLS_FOLDER, readOnly: true }],
  };
}
