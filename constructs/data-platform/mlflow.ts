import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery } from "../cluster/component";
import { type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type BasicAuthGate } from "../gateway/basic-auth-gate";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type VaultSecret } from "../secrets/vault-store";

export interface MlflowProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  /** Whom the gateway lets through to it. */
  readonly gate: BasicAuthGate;
  /** Where its database is; `credentials` is a Secret with the keys `username` and `password`. */
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly credentials: VaultSecret;
  };
  /** Where artifacts are; `keys` is a Secret with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
  readonly store: { readonly endpoint: string; readonly bucket: string; readonly keys: VaultSecret };
  /** What has to be there before. @default - only the Secrets */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 5000;

/**
 * MLflow: runs, models and their artifacts. Who may reach its pods may do everything; people log in at the gateway.
 *
 * @see https://mlflow.org/docs/latest/self-hosting/
 */
export class Mlflow extends Construct {
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: MlflowProps) {
    super(scope, id);
    const { namespace, host, gate, database, store } = props;
    const name = "mlflow";
    const component = new Component(this, "Default", {
      name,
      namespace,
      repository: "https://community-charts.github.io/helm-charts",
      version: "1.11.5",
      delivery: props.delivery,
      values: {
        backendStore: {
          postgres: { host: database.host, port: database.port, database: database.name },
          existingDatabaseSecret: { name: database.credentials.secretName },
        },
        artifactRoot: { s3: { bucket: store.bucket, existingSecret: { name: store.keys.secretName } } },
        extraEnvVars: { MLFLOW_S3_ENDPOINT_URL: store.endpoint, AWS_DEFAULT_REGION: "us-east-1" },
        // Against DNS rebinding it answers these names only: people's, that of its Service, and its pods' addresses, by
        // which Prometheus and the kubelet ask.
        serverAllowedHosts: [
          host,
          `${name}.${namespace.name}`,
          `${name}.${namespace.name}:${PORT}`,
          `${firstBytes(namespace.cluster.network.podCidrBlock)}*`,
        ],
        corsAllowedOrigins: [`https://${host}`],
        ingress: {
          enabled: true,
          className: "traefik",
          annotations: { ...HTTPS_ROUTE, ...gate.annotations },
          hosts: [{ host, paths: [{ path: "/", pathType: "Prefix" }] }],
        },
      },
      pods: { server: { labels: { "app.kubernetes.io/name": name }, resources: ["resources"] } },
      dependsOn: [database.credentials.delivered, store.keys.delivered, gate.delivered, ...(props.dependsOn ?? [])],
    });
    this.pods = component.pods("server");
    this.delivered = component.delivered;
  }

  /** Lets others use it, and so everything in it. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }
}

/** What all addresses of a block begin with, in whole bytes: `10.42.` of `10.42.0.0/16`. */
function firstBytes(cidrBlock: string): string {
  const [address = "", prefix = "0"] = cidrBlock.split("/");
  return address
    .split(".")
    .slice(0, Math.floor(Number(prefix) / 8))
    .map((byte) => `${byte}.`)
    .join("");
}
