import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Component, type Delivery, type Values } from "../cluster/component";
import { type Condition, type INamespace } from "../cluster/namespace";
import { type Connectable, type Pods } from "../cluster/network-policy";
import { type ContainerResources } from "../cluster/workload";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type VaultSecret } from "../secrets/vault-store";
import { type ObjectStore } from "./object-store";

/** Logging in to the console through an identity provider, by OpenID Connect. */
export interface MinioSingleSignOn {
  /** Whether the provider is there. */
  readonly when: Condition;
  /** Address of the provider's configuration, which pods reach. */
  readonly configUrl: string;
  /** Name of a Secret with the keys `client-id` and `client-secret`. */
  readonly secretName: string;
  /** Claim of the token whose values are names of policies. */
  readonly claim: string;
}

/** The web page of the object store, behind Traefik. */
export interface MinioConsole {
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  /** @default - people log in with keys of the store */
  readonly singleSignOn?: MinioSingleSignOn;
}

export interface MinioProps {
  readonly namespace: INamespace;
  /** Secret with the keys `rootUser` and `rootPassword`, for the set-up only. */
  readonly root: VaultSecret;
  readonly resources: ContainerResources;
  /** Size of its volume in GiB. */
  readonly storageGib: number;
  /** One that keeps the volume when its claim is deleted. */
  readonly storageClass: string;
  /** Whether it moves objects to a store on the internet. @default true */
  readonly reachesInternet?: boolean;
  /** @default - its console is not reached by anybody */
  readonly console?: MinioConsole;
  /** @default - a Helm release */
  readonly delivery?: Delivery;
  /**
   * Whether another version of `root` restarts it, by an annotation: not where the values are in git, which knows no version.
   * @default true
   */
  readonly restartsWithRoot?: boolean;
  /** What has to be there before. @default - only the Secret */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 9000;
const CONSOLE_PORT = 9001;

/**
 * An {@link ObjectStore} by MinIO: one server with one volume. Its set-up is that of `ObjectStoreSetup`; its console is
 * off, unless it is given a name.
 *
 * MinIO's community edition is no longer maintained (its repository says so since February 2026), and its last image is of
 * September 2025: see the README of the layer for the way to another product.
 *
 * @see https://github.com/minio/minio/blob/master/README.md
 */
export class Minio extends Construct implements ObjectStore {
  readonly endpoint: string;
  readonly port = PORT;
  /** Where Prometheus reads: name, number and path. */
  readonly metrics = { portName: "http", port: PORT, path: "/minio/v2/metrics/cluster" };
  readonly pods: Pods;
  readonly delivered: ITerraformDependable;

  constructor(scope: Construct, id: string, props: MinioProps) {
    super(scope, id);
    const { namespace, root, resources, storageGib, storageClass } = props;
    const component = new Component(this, "Default", {
      name: "minio",
      namespace,
      repository: "https://charts.min.io/",
      version: "5.4.0",
      values: {
        existingSecret: root.secretName,
        persistence: { size: `${storageGib}Gi`, storageClass },
        ...(props.restartsWithRoot === false ? {} : { podAnnotations: { "socle/root": root.version } }),
        ...(props.console ? consoleValues(props.console) : {}),
        resources: {
          requests: { cpu: `${resources.cpuMillis}m`, memory: `${resources.memoryMib}Mi` },
          limits: { memory: `${resources.memoryLimitMib ?? resources.memoryMib}Mi` },
        },
      },
      pods: {
        server: {
          labels: { app: "minio", release: "minio" },
          resources: ["resources"],
          replicas: { valueAt: "replicas" },
        },
      },
      dependsOn: [root.delivered, ...(props.dependsOn ?? [])],
      ...(props.delivery ? { delivery: props.delivery } : {}),
      ...(props.console?.singleSignOn
        ? {
            overlays: [
              {
                when: props.console.singleSignOn.when,
                values: singleSignOnValues(props.console.host, props.console.singleSignOn),
              },
            ],
          }
        : {}),
    });
    this.pods = component.pods("server");
    if (props.reachesInternet ?? true) {
      // It moves objects to the cold tier, and reads them there.
      this.pods.allowToInternet("cold-tier", { port: 443 });
    }
    this.endpoint = `http://minio.${namespace.name}:${PORT}`;
    this.delivered = component.delivered;
  }

  /** Lets others speak S3 with it. What they may is said by their key. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }

  /** Lets a gateway lead people to the console, and to nothing else of it. */
  allowConsoleFrom(gateway: Connectable): void {
    this.pods.allowFrom(gateway, { port: CONSOLE_PORT });
  }
}

function consoleValues({ host }: MinioConsole): Values {
  return {
    environment: { MINIO_BROWSER: "on", MINIO_BROWSER_REDIRECT_URL: `https://${host}` },
    consoleIngress: {
      enabled: true,
      ingressClassName: "traefik",
      annotations: HTTPS_ROUTE,
      hosts: [host],
    },
  };
}

function singleSignOnValues(host: string, { configUrl, secretName, claim }: MinioSingleSignOn): Values {
  return {
    oidc: {
      enabled: true,
      configUrl,
      existingClientSecretName: secretName,
      existingClientIdKey: "client-id",
      existingClientSecretKey: "client-secret",
      claimName: claim,
      scopes: "openid,profile,email",
      redirectUri: `https://${host}/oauth_callback`,
      displayName: "Keycloak",
    },
  };
}
