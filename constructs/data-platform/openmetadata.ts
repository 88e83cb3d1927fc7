import { type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { ApplyJob } from "../cluster/apply-job";
import { Component, type Delivery } from "../cluster/component";
import { countPods, type INamespace } from "../cluster/namespace";
import { type Connectable, Pods } from "../cluster/network-policy";
import { filesOf, shortDigest, temporaryVolume } from "../cluster/pod-parts";
import { readProjectFile } from "../core/files";
import { HTTPS_ROUTE } from "../gateway/https-route";
import { type GeneratedKeyPair } from "../secrets/generated-key-pair";
import { type GeneratedSecret } from "../secrets/generated-secret";
import { type VaultSecret } from "../secrets/vault-store";
import { type OpenSearch } from "./opensearch";

export interface OpenMetadataProps {
  readonly namespace: INamespace;
  readonly delivery: Delivery;
  /** Name under which people reach it, over HTTPS. */
  readonly host: string;
  /** Where its database is; `credentials` is a Secret with the key `password`. */
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    readonly credentials: VaultSecret;
  };
  readonly search: OpenSearch;
  /** Secret with the key `fernet-key`, by which it encrypts the passwords of connections. */
  readonly keys: GeneratedSecret;
  /** Signs the tokens of those who log in, and of its own pipelines. */
  readonly signing: GeneratedKeyPair;
  /** Secret with the key `password`, of {@link ADMIN_EMAIL}: 56 characters at most, of every kind. */
  readonly admin: GeneratedSecret;
  /** What has to be there before. @default - only the Secrets and the index */
  readonly dependsOn?: readonly ITerraformDependable[];
}

const PORT = 8585;

/** Its address in its namespace. */
export const OPENMETADATA_URL = `http://openmetadata:${PORT}`;

/** Port of its metrics and of nothing else. */
const ADMIN_PORT = 8586;

/** Where its signing keys are in its container. */
const SIGNING_FOLDER = "/etc/openmetadata/signing";

/** Who logs in first. */
export const ADMIN_EMAIL = "admin@open-metadata.org";

/** Why pods of its namespace are not `restricted`. */
export const OPENMETADATA_POD_SECURITY = {
  level: "baseline",
  reason: "OpenMetadata makes the pods of its pipelines itself, without a seccompProfile and with all capabilities.",
} as const;

const CURL_IMAGE = "docker.io/curlimages/curl:8.16.0";
const ADMIN_REQUESTS = { cpuMillis: 10, memoryMib: 16 };

/** As the values have them. */
const INGESTION = { cpuMillis: 100, memoryMib: 512 };

/**
 * OpenMetadata: which data there are, where they come from, and how good they are. Pipelines that read other systems are
 * Jobs of its namespace, which it makes itself; one at a time is counted.
 *
 * @see https://docs.open-metadata.org/latest/deployment/kubernetes
 */
export class OpenMetadata extends Construct implements Connectable {
  readonly pods: Pods;
  /** Pods of pipelines that read other systems, and of tests of their connections. */
  readonly ingestion: readonly Pods[];
  readonly delivered: ITerraformDependable;
  /** Its admin has the password of the Secret: what logs in as the admin depends on it. */
  readonly hasPassword: ITerraformDependable;
  /** Where it tells its metrics. */
  readonly metrics = { portName: "http-admin", port: ADMIN_PORT, path: "/prometheus" };

  constructor(scope: Construct, id: string, props: OpenMetadataProps) {
    super(scope, id);
    const { namespace, host, database, search, keys, signing } = props;
    const component = new Component(this, "Default", {
      name: "openmetadata",
      namespace,
      repository: "https://helm.open-metadata.org/",
      version: "1.13.1",
      delivery: props.delivery,
      values: {
        openmetadata: {
          config: {
            database: {
              host: database.host,
              port: database.port,
              databaseName: database.name,
              auth: {
                username: database.user,
                password: { secretRef: database.credentials.secretName, secretKey: "password" },
              },
            },
            elasticsearch: { host: search.host, port: search.port },
            // The pair that the image brings is known to everybody.
            jwtTokenConfiguration: {
              rsaprivateKeyFilePath: `${SIGNING_FOLDER}/${signing.privateKeyFile}`,
              rsapublicKeyFilePath: `${SIGNING_FOLDER}/${signing.publicKeyFile}`,
            },
            fernetkey: { value: "", secretRef: keys.secretName, secretKey: keys.key("fernet-key").key },
          },
        },
        // For its group alone to read.
        extraVolumes: [{ name: "signing", secret: { secretName: signing.secretName, defaultMode: 0o440 } }],
        extraVolumeMounts: [{ name: "signing", mountPath: SIGNING_FOLDER, readOnly: true }],
        ingress: {
          enabled: true,
          className: "traefik",
          annotations: HTTPS_ROUTE,
          hosts: [{ host, paths: [{ path: "/", pathType: "Prefix" }] }],
        },
      },
      pods: {
        server: {
          labels: { "app.kubernetes.io/name": "openmetadata", "app.kubernetes.io/instance": "openmetadata" },
          resources: ["resources"],
          needsKubernetesApi: true,
        },
      },
      timeoutSeconds: 1200,
      dependsOn: [
        database.credentials.delivered,
        keys.resource,
        signing.resource,
        search.ready,
        ...(props.dependsOn ?? []),
      ],
    });
    this.pods = component.pods("server");
    // As its client for Kubernetes labels them.
    this.ingestion = ["ingestion", "automation"].map(
      (component) =>
        new Pods(this, component, { namespace, labels: { "app.kubernetes.io/component": component }, name: component }),
    );
    countPods(namespace, { name: "openmetadata/ingestion", ...INGESTION, replicas: 1 });
    search.allowFrom(this.pods);
    for (const pods of this.ingestion) {
      this.pods.allowFrom(pods, { port: PORT });
    }
    this.hasPassword = this.setAdminPassword(props, component.delivered);
    this.delivered = component.delivered;
  }

  /** Lets others ask its API, or lead people to its pages. */
  allowFrom(source: Connectable): void {
    this.pods.allowFrom(source, { port: PORT });
  }

  /** Takes away the password that everybody knows. */
  private setAdminPassword({ namespace, admin }: OpenMetadataProps, server: ITerraformDependable) {
    const name = "openmetadata-admin";
    const files = { "admin.sh": readProjectFile("constructs/data-platform/openmetadata/admin.sh") };
    const plan = new ConfigMapV1(this, "admin_script", {
      metadata: { name, namespace: namespace.name, labels: { "app.kubernetes.io/name": name } },
      data: filesOf(files),
      dependsOn: [...namespace.present],
    });
    const job = new ApplyJob(this, "admin", {
      namespace,
      name,
      version: shortDigest(JSON.stringify(files)),
      image: CURL_IMAGE,
      command: ["/bin/sh", "/plan/admin.sh"],
      environment: {
        HOME: "/tmp",
        SERVER: OPENMETADATA_URL,
        ADMIN_EMAIL,
        FIRST_PASSWORD: "admin",
      },
      secretEnvironment: { ADMIN_PASSWORD: admin.key("password") },
      resources: { ...ADMIN_REQUESTS, memoryLimitMib: 64 },
      volumes: [
        { name: "plan", mountPath: "/plan", source: { configMap: { name: plan.metadata.name } } },
        temporaryVolume("16Mi"),
      ],
      dependsOn: [server, admin.resource],
    });
    this.allowFrom(job);
    countPods(namespace, { name, ...ADMIN_REQUESTS, replicas: 1 });
    return job.done;
  }
}
